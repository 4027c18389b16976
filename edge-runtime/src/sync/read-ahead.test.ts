import assert from "node:assert/strict";
import { test } from "node:test";

import type { OutboxFrame } from "../hand-over.ts";
import { ReadAhead, type Piece } from "./read-ahead.ts";
import { epoch, TestOutbox } from "./test-outbox.ts";

const piece: Piece = { lane: "history", round: 1, epoch, afterSeq: 2, bytesMax: 1_000 };

/** An outbox that says what it was asked. */
class AskedOutbox extends TestOutbox {
  readonly asked: string[] = [];

  override framesAfter(
    ...asked: Parameters<TestOutbox["framesAfter"]>
  ): Promise<readonly OutboxFrame[]> {
    this.asked.push(`${asked[1]} after ${asked[2]}`);
    return super.framesAfter(...asked);
  }
}

function newRig(): { readonly outbox: AskedOutbox; readonly ahead: ReadAhead } {
  const outbox = new AskedOutbox();
  outbox.seal("history", 5);
  outbox.seal("live", 5);
  return { outbox, ahead: new ReadAhead(outbox) };
}

const seqs = (frames: readonly OutboxFrame[]): number[] => frames.map(({ seq }) => seq);

test("a piece that was asked ahead is not asked again, also where another lane took its turn between", async () => {
  const { outbox, ahead } = newRig();
  ahead.ask(piece);
  assert.deepEqual(seqs(await ahead.take({ ...piece, lane: "live", afterSeq: 4 })), [5]);
  assert.deepEqual(seqs(await ahead.take(piece)), [3, 4, 5]);
  assert.deepEqual(outbox.asked, ["history after 2", "live after 4"]);
});

test("what was asked in another round, after another frame or for more room is asked anew", async () => {
  for (const wanted of [
    { ...piece, round: 2 },
    { ...piece, afterSeq: 3 },
    { ...piece, bytesMax: 10 },
  ]) {
    const { outbox, ahead } = newRig();
    ahead.ask(piece);
    const frames = await ahead.take(wanted);
    assert.equal(frames[0]?.seq, wanted.afterSeq + 1);
    assert.equal(outbox.asked.length, 2);
  }
});

test("a piece is answered once, and none after it was dropped", async () => {
  const { outbox, ahead } = newRig();
  ahead.ask(piece);
  await ahead.take(piece);
  await ahead.take(piece);
  ahead.ask(piece);
  ahead.drop();
  await ahead.take(piece);
  assert.equal(outbox.asked.length, 4);
});

test("frames that came after the asking ahead are found", async () => {
  const { outbox, ahead } = newRig();
  ahead.ask({ ...piece, afterSeq: 5 });
  outbox.seal("history", 1);
  assert.deepEqual(seqs(await ahead.take({ ...piece, afterSeq: 5 })), [6]);
});

test("a journal that fails fails the one who wants the piece, and nobody when none does", async () => {
  const failing = { framesAfter: () => Promise.reject(new Error("the disk is gone")) };
  const ahead = new ReadAhead(failing);
  ahead.ask(piece);
  await assert.rejects(ahead.take(piece), /the disk is gone/);
  ahead.ask(piece);
  ahead.drop();
});
