/** Heads for the tests of this package. */
import fc from "fast-check";
import type { FrameHead } from "./frame.ts";
import { lanes } from "./lane.ts";
import { type Epoch, type GatewayId, isEpoch, isGatewayId } from "./tag.ts";

export type UnsealedHead = Omit<FrameHead, "chain">;

function gatewayId(text: string): GatewayId {
  if (!isGatewayId(text)) throw new Error(`"${text}" is no gateway id`);
  return text;
}

function epoch(text: string): Epoch {
  if (!isEpoch(text)) throw new Error(`"${text}" is no epoch`);
  return text;
}

export function makeHead(
  fields: Partial<Omit<UnsealedHead, "gateway">> & { readonly gateway?: string },
): UnsealedHead {
  const { gateway = "press-line-3", ...rest } = fields;
  return {
    epoch: epoch("00112233445566778899aabbccddeeff"),
    lane: "live",
    seq: 1,
    content: "samples",
    cum: 10,
    sampleCount: 10,
    dictionary: 0x0123_4567_89ab_cdefn,
    firstUs: 1_767_225_600_000_000,
    lastUs: 1_767_225_601_000_000,
    sealedUs: 1_767_225_601_004_211,
    clock: { segment: 3_141_592_653, disciplined: true, offsetUs: 0 },
    rawFrom: 172_800,
    rawTo: 172_800,
    late: false,
    ...rest,
    gateway: gatewayId(gateway),
  };
}

const count = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 2 ** 53 - 1 }));
const time = fc.oneof(
  fc.integer({ min: 0, max: 10_000_000 }).map((us) => 1_767_225_600_000_000 + us),
  fc.integer({ min: -(2 ** 52) + 1, max: 2 ** 52 - 1 }),
  fc.constant(0),
);

export const anyHead: fc.Arbitrary<UnsealedHead> = fc.record(
  {
    gateway: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/).map(gatewayId),
    epoch: fc.stringMatching(/^[0-9a-f]{32}$/).map(epoch),
    lane: fc.constantFrom(...lanes),
    seq: count.map((seq) => Math.max(1, seq)),
    content: fc.constantFrom(
      "samples",
      "dictionary",
      "ledger",
      "start",
      "clock",
      "capture",
      "piece",
      "aggregates",
      "events",
    ),
    cum: count,
    sampleCount: count,
    dictionary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    firstUs: time,
    lastUs: time,
    sealedUs: time,
    clock: fc.record(
      {
        segment: count,
        disciplined: fc.boolean(),
        offsetUs: fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
      },
      { noNullPrototype: true },
    ),
    rawFrom: fc.nat(),
    rawTo: fc.nat(),
    late: fc.boolean(),
    order: fc.integer({ min: 1, max: 2 ** 40 }),
    complete: fc.record(
      { upToUs: time, criticalSeq: count, liveSeq: count, historySeq: count },
      { noNullPrototype: true },
    ),
  },
  {
    noNullPrototype: true,
    requiredKeys: [
      "gateway",
      "epoch",
      "lane",
      "seq",
      "content",
      "cum",
      "sampleCount",
      "dictionary",
      "firstUs",
      "lastUs",
      "sealedUs",
      "clock",
      "rawFrom",
      "rawTo",
      "late",
    ],
  },
);
