/** The `.proto` file is the contract: what a generic Protocol Buffers library reads from our bytes is what we wrote. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import protobuf from "protobufjs";
import { decodeAggregates, encodeAggregates } from "./aggregates.ts";
import {
  decodeCapture,
  decodePiece,
  encodeCapture,
  encodePieceHead,
  type CaptureRecord,
} from "./capture.ts";
import { decodeDictionary, encodeDictionary, makeDictionary } from "./dictionary.ts";
import { decodeEvents, encodeEvents } from "./events/event-codec.ts";
import { eventKinds } from "./events/event.ts";
import { frameBytes, parseFrame, sealFrame } from "./frame-codec.ts";
import { frameContents } from "./frame.ts";
import { laneNumbers } from "./lane.ts";
import { type LedgerEntry, lossReasons } from "./ledger.ts";
import * as records from "./records.ts";
import { encodeSamples } from "./samples.ts";
import { anyHead, makeHead } from "./test-heads.ts";
import { deviceId, makeTag, tagId, toColumns, valueTypes } from "./test-tags.ts";

const contract = readFileSync(new URL("./frame.proto", import.meta.url), "utf8");
const { root } = protobuf.parse(contract);

/** What the library reads: integers and times as text, because they pass 2^53; bytes as arrays; all defaults filled. */
function read(name: string, bytes: Uint8Array): Record<string, unknown> {
  const type = root.lookupType(`millwright.v1.${name}`);
  const fields = type.toObject(type.decode(bytes), { longs: String, defaults: true, arrays: true });
  // Plain arrays: a Buffer and a Uint8Array of the same bytes are not deeply equal.
  return Object.fromEntries(
    Object.entries(fields).map(([field, value]: [string, unknown]) => [
      field,
      value instanceof Uint8Array ? Uint8Array.from(value) : value,
    ]),
  );
}

function write(name: string, fields: Record<string, unknown>): Uint8Array {
  const type = root.lookupType(`millwright.v1.${name}`);
  return Uint8Array.from(type.encode(type.fromObject(fields)).finish());
}

test("a generic library reads every field of a head that we wrote", () => {
  fc.assert(
    fc.property(anyHead, fc.uint8Array({ maxLength: 40 }), (head, body) => {
      const sealed = sealFrame(head, 99n, body);
      const fields = read("Frame", frameBytes(sealed));
      const { crc, complete, ...rest } = fields;
      assert.deepEqual(
        complete,
        head.complete === undefined
          ? null
          : {
              upToUs: String(head.complete.upToUs),
              criticalSeq: String(head.complete.criticalSeq),
              liveSeq: String(head.complete.liveSeq),
              historySeq: String(head.complete.historySeq),
            },
      );
      assert.equal(typeof crc, "number");
      assert.deepEqual(rest, {
        kind: laneNumbers[head.lane] + 8 * frameContents[head.content],
        gateway: head.gateway,
        epoch: Uint8Array.from(Buffer.from(head.epoch, "hex")),
        seq: String(head.seq),
        cum: String(head.cum),
        sampleCount: String(head.sampleCount),
        dictionary: String(head.dictionary),
        firstUs: String(head.firstUs),
        spanUs: String(head.lastUs - head.firstUs),
        sealedAfterUs: String(head.sealedUs - head.lastUs),
        clockSegment: String(head.clock.segment),
        rawFrom: String(head.rawFrom),
        rawSpan: String(head.rawTo - head.rawFrom),
        clockOffsetUs: String(head.clock.offsetUs),
        clockUndisciplined: !head.clock.disciplined,
        late: head.late,
        order: String(head.order ?? 0),
        chain: String(sealed.head.chain),
        body,
      });
    }),
  );
});

test("we read a head that a generic library wrote field by field in our order", () => {
  fc.assert(
    fc.property(anyHead, (head) => {
      const sealed = sealFrame(head, 5n, Uint8Array.of(1, 2, 3));
      const fields = read("Frame", frameBytes(sealed));
      const always = ["gateway"];
      const last = ["chain", "crc", "body"];
      const names = Object.keys(root.lookupType("millwright.v1.Frame").fields);
      // One field at a time: a library writes fields by number, and ours end with 13, 14, 15.
      const parts = [...names.filter((name) => !last.includes(name)), ...last].map((name) =>
        write(
          "Frame",
          isDefault(fields[name]) && ![...always, ...last].includes(name)
            ? {}
            : { [name]: fields[name] },
        ),
      );
      const parsed = parseFrame(Buffer.concat(parts));
      assert(parsed.kind === "frame", parsed.kind === "corrupt" ? parsed.reason : "");
      assert.deepEqual(parsed.head, sealed.head);
    }),
  );
});

test("a generic library reads the small bodies that we wrote, and we read its own", () => {
  const entries: LedgerEntry[] = Object.keys(lossReasons).map((reason, at) => ({
    number: at + 1,
    reason: reason as keyof typeof lossReasons,
    scope:
      at % 3 === 0
        ? { kind: "gateway" }
        : at % 3 === 1
          ? { kind: "device", device: deviceId("press-1") }
          : { kind: "tag", tag: tagId("line/a.b") },
    fromUs: 1_767_225_600_000_000 + at,
    toUs: 1_767_225_600_500_000 - at,
    count: at % 2 === 0 ? { kind: "exact", samples: at } : { kind: "unknown" },
  }));
  assertBoth("Ledger", records.encodeLedger(entries), records.decodeLedger, entries);

  const body = { fromSeq: 3, toSeq: 9, chainBefore: 2n ** 64n - 1n, chainAt: 1n, sampleCount: 77 };
  assertBoth("Void", records.encodeVoid(body), records.decodeVoid, body);

  const { epoch } = makeHead({});
  const starts = [
    { epoch, lastCommitUs: 0, startedUs: 1_767_225_600_000_000 },
    { epoch, parent: epoch, lastCommitUs: 1_767_225_600_000_000, startedUs: -1 },
  ];
  assertBoth("Starts", records.encodeStarts(starts), records.decodeStarts, starts);

  const clock = { segment: 2 ** 53 - 1, offsetUs: -1_500_000, disciplined: true, atUs: 1 };
  assertBoth("Clock", records.encodeClock(clock), records.decodeClock, clock);
  const stepped = { ...clock, cause: "unset", stepUs: -3_600_000_000 } as const;
  assertBoth("Clock", records.encodeClock(stepped), records.decodeClock, stepped);
});

test("a generic library reads a capture and a piece that we wrote, and we read its own", () => {
  const record: CaptureRecord = {
    tag: tagId("pump-1/bearing"),
    name: "Lagerschwingung",
    device: deviceId("pump-1"),
    asset: "Pump 1",
    startUs: -1_767_225_600_000_000,
    rateHz: 25_600,
    count: 25_600,
    channels: 3,
    sampleType: "float64",
    scale: -0.0005,
    unit: "mm/s2",
    overload: true,
    trigger: "file",
    why: "läuft",
    state: [
      { tag: tagId("pump-1/speed"), name: "Speed", value: "2950 /min" },
      { tag: tagId("pump-1/job"), name: "", value: "" },
    ],
    mediaType: "image/png",
    sha256: "ab".repeat(32),
    byteCount: 2 ** 40,
  };
  assertBoth("Capture", encodeCapture(record), decodeCapture, record);

  const data = Uint8Array.of(1, 2, 3);
  const piece = Buffer.concat([encodePieceHead(record.sha256, 2 ** 33, data.length), data]);
  assertBoth("Piece", piece, decodePiece, { sha256: record.sha256, at: 2 ** 33, data });
});

test("a generic library reads aggregates that we wrote, and we read its own", () => {
  const body = { hour: 495_000, revision: 2 ** 52 + 1, minutes: Uint8Array.of(1, 0, 0, 7) };
  assertBoth("Aggregates", encodeAggregates(body), decodeAggregates, body);
  const nothing = decodeAggregates(encodeAggregates({ ...body, revision: 0 }));
  assert("kind" in nothing, "a statement without a revision could not be told from a later one");
});

test("a generic library reads events that we wrote, and we read its own", () => {
  const lines = [
    {
      number: 2 ** 52,
      kind: 1,
      atUs: -1_767_225_600_000_001,
      asset: "Pumpe 1",
      subject: "",
      json: "{}",
    },
    { number: 1, kind: 99, atUs: 0, asset: "", subject: "läuft", json: '{"was":"ä\\u0000"}' },
  ];
  const body = { journalUs: -2, lines };
  assertBoth("Events", encodeEvents(body), decodeEvents, body);
});

test("a generic library reads a dictionary that we wrote, and we read its own", () => {
  const tags = valueTypes.map((type, at) =>
    makeTag(at * 7, {
      type,
      low: at,
      high: at === 3 ? Number.NaN : 100,
      texts: new Map([
        [-1, "fault"],
        [at, "läuft"],
      ]),
      filteredAtSource: at === 2 ? "dead-band" : "",
      ...(at === 2 ? { telling: { rule: "dead-band", error: 0.5, heartbeatMs: 6e4 } } : {}),
    }),
  );
  const dictionary = makeDictionary(tags);
  const body = read("Dictionary", encodeDictionary(dictionary));
  assert(body["zstd"] instanceof Uint8Array);
  const unpacked = zstdDecompressSync(body["zstd"]);
  assert.equal(unpacked.length, body["unpackedSize"]);
  const fields = read("Dictionary", unpacked);
  assert.equal((fields["tags"] as unknown[]).length, tags.length);
  const written = decodeDictionary(write("Dictionary", fields));
  assert(!("kind" in written));
  assert.deepEqual(written.tags, tags);
  assert.equal(written.hash, dictionary.hash);
});

test("a generic library reads the count and the layout of samples that we wrote", () => {
  const dictionary = makeDictionary([makeTag(1)]);
  const rows = Array.from({ length: 20 }, (_, at) => ({ tag: 1, us: at, value: at, status: 0 }));
  const fields = read(
    "Samples",
    encodeSamples(
      toColumns(rows, () => "float64"),
      dictionary,
    ),
  );
  assert.equal(fields["count"], 20);
  assert(fields["byTag"] instanceof Uint8Array && fields["byTag"].length > 0);
  assert(fields["wide"] instanceof Uint8Array && fields["wide"].length === 0);
});

test("the enums of the contract are the numbers of the code", () => {
  const values = (name: string): Record<string, number> => ({
    ...root.lookupEnum(`millwright.v1.${name}`).values,
  });
  const named = (numbers: Readonly<Record<string, number>>): Record<string, number> =>
    Object.fromEntries(
      Object.entries(numbers).map(([name, number]) => [
        name.toUpperCase().replaceAll(/[ -]/g, "_"),
        number,
      ]),
    );
  assert.deepEqual(values("LossReason"), { LOSS_REASON_UNKNOWN: 0, ...named(lossReasons) });
  assert.deepEqual(values("Lane"), { LANE_UNKNOWN: 0, ...named(laneNumbers) });
  assert.deepEqual(values("EventKind"), { EVENT_KIND_UNKNOWN: 0, ...named(eventKinds) });
  const { unknown, ...contents } = frameContents;
  assert.deepEqual(values("Content"), { CONTENT_UNKNOWN: unknown, ...named(contents) });
});

function assertBoth(
  name: string,
  ours: Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
  expected: unknown,
): void {
  const theirs = write(name, read(name, ours));
  assert.deepEqual(decode(ours), expected);
  assert.deepEqual(decode(theirs), expected);
}

function isDefault(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.length === 0;
  return value === 0 || value === "0" || value === false;
}
