import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { MessageReader, writeMessage } from "./frames.ts";

/** What was written, as the other end of a pipe sees it. */
class Pipe {
  readonly pieces: Uint8Array[] = [];

  write(piece: Uint8Array): boolean {
    this.pieces.push(piece.slice());
    return true;
  }

  cork(): void {
    // Pieces are joined below.
  }

  uncork(): void {
    // As `cork`.
  }
}

interface Told {
  readonly kind: number;
  readonly text: string;
  readonly body: readonly Uint8Array[];
}

const body = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 3 });
const large = fc.integer({ min: 4_000, max: 200_000 }).map((length) => {
  return [Uint8Array.from({ length }, (_each, at) => at % 251), Uint8Array.of(1, 2, 3)];
});
const told: fc.Arbitrary<Told> = fc.record({
  kind: fc.nat(),
  text: fc.string({ unit: "grapheme", maxLength: 40 }),
  body: fc.oneof({ weight: 8, arbitrary: body }, { weight: 1, arbitrary: large }),
});

test("messages of all sizes come out as they went in, however the pipe cuts them", () => {
  fc.assert(
    fc.property(
      fc.array(told, { maxLength: 6 }),
      fc.integer({ min: 1, max: 70_000 }),
      (all, cut) => {
        const pipe = new Pipe();
        for (const { kind, text, body: pieces } of all) {
          writeMessage(pipe, kind, text, ...pieces);
        }
        const bytes = Buffer.concat(pipe.pieces);
        const came: unknown[] = [];
        const reader = new MessageReader(({ kind, text, body: whole }) => {
          assert.equal(whole.byteOffset % 8, 0, "numbers are looked at where they are");
          came.push({ kind, text, body: Buffer.from(whole).toString("hex") });
        });
        for (let at = 0; at < bytes.length; at += cut) reader.push(bytes.subarray(at, at + cut));
        assert.deepEqual(
          came,
          all.map(({ kind, text, body: pieces }) => {
            return { kind, text, body: Buffer.concat(pieces).toString("hex") };
          }),
        );
      },
    ),
    { numRuns: 60 },
  );
});
