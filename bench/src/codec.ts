import assert from "node:assert/strict";
import { constants, zstdCompressSync } from "node:zlib";
import {
  decodeSamples,
  type Dictionary,
  encodeSamples,
  type FrameHead,
  isEpoch,
  isGatewayId,
  type SampleColumns,
  sealFrame,
} from "@millwright/wire-contract";
import type { Bench, Figure, Figures } from "./bench.ts";
import { makeColumns, makeSingles, makeTags } from "./codec-data.ts";
import { BitWriter, writeGorilla } from "./peers/gorilla.ts";

/** What the frame codec costs: bytes on the wire with everything in them, and samples a second and core. */
export const bench: Bench = {
  name: "codec",
  about:
    "frames of made sensors (noisy, slow, stepping, counting; hundredths; 3 ms jitter); whole frames counted, speed by processor time",
  open(context) {
    const random = context.random;
    const dictionary = makeTags(1_000, "float64");
    const singleDictionary = makeTags(200, "float32");
    const series512 = makeColumns(200, 512, "series", random);
    const series64 = makeColumns(200, 64, "series", random);
    const wide1000 = makeColumns(1_000, 1, "ticks", random);
    const wide100 = makeColumns(100, 1, "ticks", random);
    const singles = makeSingles(series512, random);
    const leastMs = context.quick ? 50 : 400;

    const measure = (): Figures => {
      const { encoded, decoded } = speed(series512, dictionary, leastMs);
      const wide = speed(wide1000, dictionary, leastMs);
      return {
        encode_samples_per_s_512: {
          value: encoded,
          unit: "samples/s",
          limit: bareEncode(series512, leastMs),
          note: "by CPU-second; limit: the same differences as bytes, nothing chosen, nothing packed",
        },
        decode_samples_per_s_512: { value: decoded, unit: "samples/s" },
        encode_samples_per_s_wide_1000: { value: wide.encoded, unit: "samples/s" },
        decode_samples_per_s_wide_1000: { value: wide.decoded, unit: "samples/s" },
        bytes_per_sample_512: {
          ...bytes(series512, dictionary),
          peers: {
            gorilla: gorillaBytes(series512, 512),
            raw_zstd: rawBytes(series512, 512),
            json: jsonBytes(series512, dictionary),
          },
        },
        bytes_per_sample_64: {
          ...bytes(series64, dictionary),
          peers: { gorilla: gorillaBytes(series64, 64), raw_zstd: rawBytes(series64, 64) },
        },
        bytes_per_sample_wide_1000: bytes(wide1000, dictionary),
        bytes_per_sample_wide_100: bytes(wide100, dictionary),
        bytes_per_sample_float32_noise: {
          ...bytes(singles, singleDictionary),
          peers: { gorilla: gorillaBytes(singles, 512) },
        },
      };
    };
    // One call beforehand: the compiler of the engine is not what is measured.
    measure();
    return Promise.resolve({
      measure: () => Promise.resolve(measure()),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};

function speed(
  columns: SampleColumns,
  dictionary: Dictionary,
  leastMs: number,
): { readonly encoded: number; readonly decoded: number } {
  const body = encodeSamples(columns, dictionary);
  const encoded = perSecond(leastMs, columns.count, () => encodeSamples(columns, dictionary));
  const decoded = perSecond(leastMs, columns.count, () => decodeSamples(body, dictionary));
  return { encoded, decoded };
}

/** By the processor time of this process, all its threads: others on the machine do not slow it, idle cores do not help. */
function perSecond(leastMs: number, count: number, turn: () => unknown): number {
  const from = process.cpuUsage();
  let turns = 0;
  for (;;) {
    turn();
    turns++;
    const { user, system } = process.cpuUsage(from);
    const us = user + system;
    if (us >= leastMs * 1_000) return (turns * count) / (us / 1e6);
  }
}

/** The loop without the codec: difference of times and of hundredths, a byte each. */
function bareEncode(columns: SampleColumns, leastMs: number): number {
  const out = new Uint8Array(columns.count * 2);
  return perSecond(leastMs, columns.count, () => {
    let at = 0;
    let time = 0;
    let hundredths = 0;
    for (let row = 0; row < columns.count; row++) {
      const us = columns.measuredUs[row] ?? 0;
      const whole = Math.round((columns.value[row] ?? 0) * 100);
      out[at++] = us - time;
      out[at++] = whole - hundredths;
      time = us;
      hundredths = whole;
    }
  });
}

/** The whole frame: head and body of what goes over the wire. */
function bytes(columns: SampleColumns, dictionary: Dictionary): Figure {
  const body = encodeSamples(columns, dictionary);
  const decoded = decodeSamples(body, dictionary);
  assert(!("kind" in decoded) && decoded.count === columns.count, "a frame must decode");
  const head = sealFrame(headOf(columns, dictionary), 1n, body).headBytes;
  return { value: (head.length + body.length) / columns.count, unit: "B" };
}

/** As a gateway of some days would seal it. */
function headOf(columns: SampleColumns, dictionary: Dictionary): Omit<FrameHead, "chain"> {
  const gateway = "gw-line-0001";
  const epoch = "0123456789abcdef0123456789abcdef";
  assert(isGatewayId(gateway) && isEpoch(epoch));
  const firstUs = columns.measuredUs.reduce((a, b) => Math.min(a, b));
  const lastUs = columns.measuredUs.reduce((a, b) => Math.max(a, b));
  return {
    gateway,
    epoch,
    lane: "live",
    seq: 172_800,
    content: "samples",
    cum: 172_800_000,
    sampleCount: columns.count,
    dictionary: dictionary.hash,
    firstUs,
    lastUs,
    sealedUs: lastUs + 4_211,
    clock: { segment: 3_141_592_653, disciplined: true, offsetUs: 0 },
    rawFrom: 172_800,
    rawTo: 172_800,
    late: false,
  };
}

function gorillaBytes(columns: SampleColumns, chunk: number): number {
  const timesMs = columns.measuredUs.map((us) => Math.round(us / 1_000));
  const out = new BitWriter(columns.count * 24);
  let size = 0;
  for (let from = 0; from < columns.count; from += chunk) {
    out.clear();
    writeGorilla(out, timesMs, columns.value, columns.status, from, chunk);
    size += out.size;
  }
  return size / columns.count;
}

/** Plain columns (64-bit whole ms, doubles, a byte for the status), zstd level 3 over each chunk. */
function rawBytes(columns: SampleColumns, chunk: number): number {
  const raw = new Uint8Array(chunk * 17);
  const options = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };
  let size = 0;
  for (let from = 0; from < columns.count; from += chunk) {
    const { measuredUs, value, status } = columns;
    const timesMs = BigInt64Array.from(measuredUs.subarray(from, from + chunk), (us) =>
      BigInt(Math.round(us / 1_000)),
    );
    raw.set(new Uint8Array(timesMs.buffer));
    raw.set(new Uint8Array(value.buffer, from * 8, chunk * 8), chunk * 8);
    for (let at = 0; at < chunk; at++) raw[chunk * 16 + at] = (status[from + at] ?? 0) >>> 24;
    size += zstdCompressSync(raw, options).length;
  }
  return size / columns.count;
}

function jsonBytes(columns: SampleColumns, dictionary: Dictionary): number {
  let size = 0;
  for (let row = 0; row < columns.count; row++) {
    const line = {
      s: dictionary.byIndex(columns.tag[row] ?? 0)?.id,
      t: Math.round((columns.measuredUs[row] ?? 0) / 1_000),
      v: columns.value[row],
      q: columns.status[row],
    };
    size += JSON.stringify(line).length + 1;
  }
  return size / columns.count;
}
