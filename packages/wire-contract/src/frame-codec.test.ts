import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { chainAfter, fitsChain } from "./chain.ts";
import { crc32c, joinCrc32c } from "./crc32c.ts";
import { frameBytes, parseFrame, sealFrame } from "./frame-codec.ts";
import { frameContents, type FrameHead } from "./frame.ts";
import { lanes } from "./lane.ts";
import { decodeVoid, encodeVoid } from "./records.ts";
import { anyHead, makeHead } from "./test-heads.ts";

test("a head and a body come back as they were sealed", () => {
  fc.assert(
    fc.property(
      anyHead,
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.uint8Array({ maxLength: 300 }),
      (head, previous, body) => {
        const sealed = sealFrame(head, previous, body);
        const parsed = parseFrame(frameBytes(sealed));
        assert(parsed.kind === "frame");
        assert.deepEqual(parsed.head, sealed.head);
        assert.deepEqual(parsed.head, { ...head, chain: sealed.head.chain });
        assert.deepEqual(parsed.body, body);
        assert.equal(parsed.contentCrc, sealed.contentCrc);
        assert(fitsChain(parsed, previous));
        assert(!fitsChain(parsed, previous ^ 1n));
      },
    ),
  );
});

test("what identifies, orders and checks a frame takes at most 64 bytes, the whole head at most 100", () => {
  const head = makeHead({
    gateway: "press-line-3",
    seq: 2 ** 20,
    cum: 2 ** 27,
    sampleCount: 1_000,
  });
  const whole = sealFrame(head, 1n, new Uint8Array(2_000)).headBytes.length;
  // Times, clock, dictionary and raw range describe the content; without them the envelope is left.
  const nothing = { firstUs: 0, lastUs: 0, sealedUs: 0, dictionary: 0n, rawFrom: 0, rawTo: 0 };
  const clock = { segment: 0, disciplined: true, offsetUs: 0 };
  const envelope = sealFrame({ ...head, ...nothing, clock }, 1n, new Uint8Array(2_000));
  assert(envelope.headBytes.length <= 64, `envelope of ${envelope.headBytes.length} bytes`);
  assert(whole <= 100, `head of ${whole} bytes`);
});

test("every bit that flips anywhere makes the frame corrupt", () => {
  const bytes = frameBytes(sealFrame(makeHead({}), 7n, Uint8Array.of(1, 2, 3, 4)));
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.equal(parseFrame(flipped).kind, "corrupt", `bit ${bit}`);
  }
});

test("every frame that is cut short or goes on too long is corrupt", () => {
  const bytes = frameBytes(sealFrame(makeHead({}), 7n, Uint8Array.of(1, 2, 3, 4)));
  for (let size = 0; size < bytes.length; size++) {
    assert.equal(parseFrame(bytes.subarray(0, size)).kind, "corrupt", `${size} bytes`);
  }
  assert.equal(parseFrame(Uint8Array.of(...bytes, 0)).kind, "corrupt");
  assert.equal(parseFrame(Uint8Array.of(...bytes, 0x7a, 0)).kind, "corrupt");
});

test("a frame of a later version or with a new content is undecodable and still tells its place", () => {
  for (const [content, version, says] of [
    [1, 2, "frame version 2 is not known to this program, which knows 1"],
    [15, 1, "content 15 is not known to this program"],
  ] as const) {
    const sealed = sealFrame(makeHead({ seq: 5, cum: 50, sampleCount: 7 }), 3n, Uint8Array.of(1));
    const bytes = frameBytes(sealed);
    const later = reseal(bytes, 2 + 8 * content + 128 * (version - 1));
    const parsed = parseFrame(later);
    assert(parsed.kind === "undecodable", JSON.stringify(parsed.kind));
    assert.equal(parsed.reason, says);
    assert.equal(parsed.head.seq, 5);
    assert.equal(parsed.head.cum, 50);
    assert.equal(parsed.head.sampleCount, 7);
  }
});

test("a void takes the chain of the last frame it stands for, and the frame after it fits", () => {
  const chains = [0n];
  for (let seq = 1; seq <= 5; seq++) {
    chains.push(sealFrame(makeHead({ seq }), chains[seq - 1] ?? 0n, Uint8Array.of(seq)).head.chain);
  }
  const [, chainBefore = 0n, , , chainAt = 0n] = chains;
  const body = encodeVoid({ fromSeq: 2, toSeq: 4, chainBefore, chainAt, sampleCount: 30 });
  const sealed = sealFrame(
    makeHead({ seq: 4, content: "void", sampleCount: 30 }),
    chainBefore,
    body,
  );
  const parsed = parseFrame(frameBytes(sealed));
  assert(parsed.kind === "frame");
  assert.equal(parsed.head.chain, chainAt);
  assert(fitsChain(parsed, chainBefore));
  assert(!fitsChain(parsed, chainAt));
  const after = sealFrame(makeHead({ seq: 5 }), chainAt, Uint8Array.of(5));
  assert.equal(after.head.chain, chains[5]);
  const read = decodeVoid(parsed.body);
  assert(!("kind" in read) && read.sampleCount === 30);
});

test("times of a mad device clock are held within what a head can say", () => {
  const head = makeHead({ firstUs: -Infinity, lastUs: 2.5e17, sealedUs: 1.7e15 });
  const parsed = parseFrame(frameBytes(sealFrame(head, 0n, Uint8Array.of())));
  assert(parsed.kind === "frame");
  assert.equal(parsed.head.firstUs, -(2 ** 52) + 1);
  assert.equal(parsed.head.lastUs, 2 ** 52 - 1);
  assert.equal(parsed.head.sealedUs, 1.7e15);
});

test("the CRC of two parts is that of the whole, wherever it is cut", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.nat(), (bytes, nat) => {
      const cut = nat % (bytes.length + 1);
      const [first, second] = [bytes.subarray(0, cut), bytes.subarray(cut)];
      const joined = joinCrc32c(crc32c(first), crc32c(second), second.length);
      assert.equal(joined, crc32c(bytes));
    }),
  );
});

test("CRC-32C gives the check values of RFC 3720 and goes on where it stopped", () => {
  assert.equal(crc32c(Buffer.from("123456789")), 0xe306_9283);
  assert.equal(crc32c(new Uint8Array(32)), 0x8a91_36aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8_ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, at) => at)), 0x46dd_794e);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 99 }), fc.nat(99), (bytes, cut) => {
      assert.equal(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), crc32c(bytes));
    }),
  );
});

test("the chain depends on the chain before, the number and the content", () => {
  const chain = chainAfter(1n, 2, 3);
  assert.equal(chain, chainAfter(1n, 2, 3));
  assert.equal(
    new Set([chain, chainAfter(2n, 2, 3), chainAfter(1n, 3, 3), chainAfter(1n, 2, 4)]).size,
    4,
  );
});

test("every lane and every content has a number of its own", () => {
  for (const lane of lanes) {
    for (const content of Object.keys(frameContents) as FrameHead["content"][]) {
      if (content === "unknown" || content === "void") continue;
      const parsed = parseFrame(
        frameBytes(sealFrame(makeHead({ lane, content }), 0n, Uint8Array.of())),
      );
      assert(parsed.kind === "frame");
      assert.deepEqual([parsed.head.lane, parsed.head.content], [lane, content]);
    }
  }
});

/** The same frame with another kind, with its CRC made right by the rule of frame.proto. */
function reseal(bytes: Uint8Array, kind: number): Uint8Array {
  const parsed = parseFrame(bytes);
  assert(parsed.kind === "frame" && bytes[0] === 0x08);
  const rest = bytes.subarray(2);
  const kindBytes = kind < 128 ? [kind] : [(kind & 0x7f) | 0x80, kind >> 7];
  const body = parsed.body.length + 2;
  const beforeChain = Uint8Array.of(
    0x08,
    ...kindBytes,
    ...rest.subarray(0, rest.length - body - 14),
  );
  const chain = rest.subarray(rest.length - body - 14, rest.length - body - 5);
  const bodyField = rest.subarray(rest.length - body);
  const crc = crc32c(chain, crc32c(bodyField, crc32c(beforeChain)));
  const crcField = new Uint8Array(5);
  crcField[0] = 0x75;
  new DataView(crcField.buffer).setUint32(1, crc, true);
  return Uint8Array.of(...beforeChain, ...chain, ...crcField, ...bodyField);
}
