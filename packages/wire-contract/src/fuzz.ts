/**
 * Bytes from outside, made hostile: stored frames with bits turned, parts cut, repeated and swapped, lengths raised. A
 * reader must answer each of them in short time and with little memory, and never by an exception.
 */
import assert from "node:assert/strict";
import type { Random, Refused } from "@millwright/kit";
import { decodeDictionary, type Dictionary, makeDictionary } from "./dictionary.ts";
import { frameBytes, parseFrame, sealFrame } from "./frame-codec.ts";
import { frameContents, type FrameContent, type FrameHead } from "./frame.ts";
import { decodeAggregates } from "./aggregates.ts";
import { decodeCapture, decodePiece } from "./capture.ts";
import { decodeEvents } from "./events/event-codec.ts";
import { decodeClock, decodeLedger, decodeStarts, decodeVoid } from "./records.ts";
import { decodeSamples, samplesMax } from "./samples.ts";

/** How often each answer was given. */
export interface FuzzCounts {
  corrupt: number;
  undecodable: number;
  refused: number;
  decoded: number;
}

/**
 * Plays `count` mutations of `frames`, half of them with a CRC made right again, so that they reach the decoders of the
 * bodies. Fails, naming the bytes, where a reader throws or answers with what cannot be.
 *
 * @param frames whole frames to begin with; a dictionary frame among them is used for the samples
 */
export function fuzz(frames: readonly Uint8Array[], count: number, random: Random): FuzzCounts {
  const counts: FuzzCounts = { corrupt: 0, undecodable: 0, refused: 0, decoded: 0 };
  const dictionary = dictionaryAmong(frames);
  for (let turn = 0; turn < count; turn++) {
    const bytes = mutatedFrame(frames, random);
    try {
      counts[playFrame(bytes, dictionary)]++;
      assertAnswered(decodeVoid(bytes.subarray(random.int(bytes.length + 1))));
    } catch (failure) {
      const hex = Buffer.from(bytes).toString("hex");
      throw new Error(`mutation ${turn} broke a reader: ${hex}`, { cause: failure });
    }
  }
  return counts;
}

/** Reads one frame down to its last value and says what came of it. */
export function playFrame(bytes: Uint8Array, dictionary: Dictionary): keyof FuzzCounts {
  const parsed = parseFrame(bytes);
  if (parsed.kind === "corrupt") {
    assertForeseen(parsed.reason);
    return "corrupt";
  }
  if (parsed.kind === "undecodable") return "undecodable";
  return assertAnswered(decodeBody(parsed.head.content, parsed.body, dictionary));
}

/** One mutation of one of the frames. */
export function mutatedFrame(frames: readonly Uint8Array[], random: Random): Uint8Array {
  const bytes = pick(frames, random);
  if (random.next() < 0.5) return mutate(bytes, frames, random);
  const parsed = parseFrame(bytes);
  // A void is sealed from what its body says, so a broken one cannot be sealed.
  if (parsed.kind !== "frame" || parsed.head.content === "void") {
    return mutate(bytes, frames, random);
  }
  const { chain, ...head } = parsed.head;
  const body = mutate(parsed.body, frames, random);
  // Now and then the body of one content arrives under the name of another.
  const content = random.next() < 0.1 ? pick(contents, random) : head.content;
  return frameBytes(sealFrame({ ...head, content }, chain, body));
}

const contents = (Object.keys(frameContents) as FrameContent[]).filter(
  (content) => content !== "unknown" && content !== "void",
);

function decodeBody(
  content: FrameHead["content"],
  body: Uint8Array,
  dictionary: Dictionary,
): object | Refused {
  switch (content) {
    case "samples": {
      const columns = decodeSamples(body, dictionary);
      if (!("kind" in columns)) {
        assert(columns.count <= samplesMax && columns.tag.length === columns.count);
        for (const row of columns.wide?.keys() ?? []) assert(row < columns.count);
        for (const tag of columns.tag) assert(dictionary.byIndex(tag) !== undefined);
      }
      return columns;
    }
    case "dictionary":
      return decodeDictionary(body);
    case "ledger":
      return decodeLedger(body);
    case "void":
      return decodeVoid(body);
    case "start":
      return decodeStarts(body);
    case "clock":
      return decodeClock(body);
    case "capture":
      return decodeCapture(body);
    case "piece":
      return decodePiece(body);
    case "aggregates":
      return decodeAggregates(body);
    case "events":
      return decodeEvents(body);
    case "unknown":
      return assert.fail("a frame whose content is not known is undecodable");
  }
}

function assertAnswered(answer: object | Refused): "refused" | "decoded" {
  if (!("kind" in answer)) return "decoded";
  assert("reason" in answer && typeof answer.reason === "string");
  assertForeseen(answer.reason);
  return "refused";
}

function assertForeseen(reason: string): void {
  assert(!reason.includes("defect of the decoder"), reason);
}

function dictionaryAmong(frames: readonly Uint8Array[]): Dictionary {
  for (const bytes of frames) {
    const parsed = parseFrame(bytes);
    if (parsed.kind !== "frame" || parsed.head.content !== "dictionary") continue;
    const dictionary = decodeDictionary(parsed.body);
    if (!("kind" in dictionary)) return dictionary;
  }
  return makeDictionary([]);
}

function mutate(bytes: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  // A copy also of a Buffer, whose own `slice` is none.
  let mutated = Uint8Array.from(bytes);
  for (let times = 1 + random.int(3); times > 0; times--) {
    const at = random.int(mutated.length + 1);
    const size = Math.min(mutated.length - at, 1 + random.int(12));
    switch (random.int(7)) {
      case 0: // a bit turns
        mutated[at] = (mutated[at] ?? 0) ^ (1 << random.int(8));
        break;
      case 1: // a byte is one of those that numbers break at
        mutated[at] = pick([0, 1, 0x7f, 0x80, 0xff], random);
        break;
      case 2: // cut off
        mutated = mutated.slice(0, at);
        break;
      case 3: // taken out
        mutated = Uint8Array.of(...mutated.subarray(0, at), ...mutated.subarray(at + size));
        break;
      case 4: // repeated
        mutated = Uint8Array.of(...mutated.subarray(0, at + size), ...mutated.subarray(at));
        break;
      case 5: {
        // a piece of another frame
        const other = pick(others, random);
        const from = random.int(other.length);
        const piece = other.subarray(from, from + size);
        mutated = Uint8Array.of(...mutated.subarray(0, at), ...piece, ...mutated.subarray(at));
        break;
      }
      default: // a huge number where a length may be
        mutated.set([0xff, 0xff, 0xff, 0xff, 0x0f].slice(0, size), at);
    }
  }
  return mutated;
}

function pick<T>(some: readonly T[], random: Random): T {
  const one = some[random.int(some.length)];
  if (one === undefined) throw new Error("there is nothing to pick from");
  return one;
}
