import assert from "node:assert/strict";
import { test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { ByteWriter } from "./bytes.ts";
import { decodeDictionary, encodeDictionary, makeDictionary } from "./dictionary.ts";
import * as protobuf from "./protobuf.ts";
import { decodeSamples, samplesMax } from "./samples.ts";
import { makeTag, tagId } from "./test-tags.ts";
import { unpackedMax } from "./zstd.ts";

test("a dictionary comes back from its frame and finds tags both ways", () => {
  const tags = Array.from({ length: 500 }, (_, at) =>
    makeTag(at * 2, { name: `Öldruck ${at}`, low: at % 2 === 0 ? 0 : Number.NaN, offset: -0 }),
  );
  const dictionary = makeDictionary(tags.toReversed());
  const read = decodeDictionary(encodeDictionary(dictionary));
  assert(!("kind" in read));
  assert.deepEqual(read.tags, tags);
  assert.equal(read.hash, dictionary.hash);
  assert.deepEqual(read.byIndex(4), tags[2]);
  assert.deepEqual(read.byId("line-1/tag-4"), tags[2]);
  assert.equal(read.byIndex(3), undefined);
});

test("what is told of a tag stands in its row, and a row without it means all", () => {
  const telling = { rule: "swinging-door", error: 0.25, heartbeatMs: 60_000 } as const;
  const tags = [makeTag(1, { telling }), makeTag(2)];
  const read = decodeDictionary(encodeDictionary(makeDictionary(tags)));
  assert(!("kind" in read));
  assert.deepEqual(read.tags, tags);
});

test("the hash does not depend on the order in which tags are given, and on everything else", () => {
  const hash = makeDictionary([makeTag(1), makeTag(2)]).hash;
  assert.equal(makeDictionary([makeTag(2), makeTag(1)]).hash, hash);
  for (const change of [
    { name: "other" },
    { unit: "K" },
    { scale: 2 },
    { offset: 1 },
    { revision: 2 },
    { decimals: 3 },
    { low: 0 },
    { texts: new Map([[1, "on"]]) },
    { kind: "counter" as const },
    { type: "float32" as const },
    { telling: { rule: "change", error: 0, heartbeatMs: 1_000 } as const },
  ]) {
    assert.notEqual(makeDictionary([makeTag(1, change), makeTag(2)]).hash, hash);
  }
});

test("two tags of one index or one id make no dictionary", () => {
  assert.throws(() => makeDictionary([makeTag(1), makeTag(1, { id: tagId("x") })]), /two tags/);
  assert.throws(() => makeDictionary([makeTag(1), makeTag(2, { id: makeTag(1).id })]), /twice/);
});

test("a dictionary that unpacks to more than it says, or to too much, is refused", () => {
  const bomb = zstdCompressSync(new Uint8Array(100_000));
  for (const [says, reason] of [
    [99_999, /cannot be unpacked|another size/],
    [unpackedMax + 1, /more than/],
  ] as const) {
    const out = new ByteWriter();
    protobuf.blockField(out, 2, bomb);
    protobuf.uintField(out, 3, says);
    const answer = decodeDictionary(out.copy());
    assert("kind" in answer);
    assert.match(answer.reason, reason);
  }
});

test("samples that say they are more than a frame may hold are refused before room is made for them", () => {
  const out = new ByteWriter();
  protobuf.uintField(out, 1, samplesMax + 1);
  const answer = decodeSamples(out.copy(), makeDictionary([]));
  assert("kind" in answer);
  assert.match(answer.reason, /more than 1000000 samples/);
});
