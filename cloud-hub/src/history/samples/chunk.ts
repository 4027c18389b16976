/** Samples of one tag as the bytes of a chunk, and back. The bytes are the body of a `samples` frame of one tag. */
import type { Series } from "@millwright/aggregates";
import {
  decodeSamples,
  encodeSeries,
  type Dictionary,
  type SampleColumns,
  type SampleScratch,
} from "@millwright/wire-contract";

import { rowAt, sliceSeries } from "./merge-series.ts";

export const dayUs = 86_400_000_000;
/** 2000-01-01: earlier stamps come from clocks that were not set. */
export const sensibleUs = 946_684_800_000_000;
export const firstSensibleDay = sensibleUs / dayUs;

/** Below this a chunk is filled up when samples come: the head of a row costs as much as a hundred samples. */
export const chunkSamplesLeast = 512;
/** Below this a call of the packer costs more than all else of a chunk, and saves a few dozen bytes until it is filled up. */
const packedFrom = 128;
/**
 * A chart that needs one minute decodes no more than this around it. The bytes of a sensor stay below the two kilobytes from
 * which PostgreSQL lays them elsewhere.
 */
const chunkSamplesMost = 1_536;

export interface PackedChunk {
  readonly firstUs: number;
  readonly lastUs: number;
  readonly samples: number;
  readonly bytes: Uint8Array;
}

/**
 * Cut at midnight, and between into parts of one length of at most `chunkSamplesMost`, but never between samples of one
 * time: a short rest would cost as much as a long chunk, and be written anew when the next samples come.
 *
 * @param offsetUs what is to be added to the times when they are read: midnight is where it is read
 */
export function packChunks(
  series: Series,
  tagIndex: number,
  dictionary: Dictionary,
  offsetUs = 0,
): readonly PackedChunk[] {
  const chunks: PackedChunk[] = [];
  for (let from = 0; from < series.count;) {
    const end = endOfChunk(series, from, offsetUs);
    const part = sliceSeries(series, from, end);
    chunks.push({
      firstUs: part.measuredUs[0] ?? NaN,
      lastUs: part.measuredUs[part.count - 1] ?? NaN,
      samples: part.count,
      bytes: encodeSeries(part, tagIndex, dictionary, part.count < packedFrom ? "none" : "quick"),
    });
    from = end;
  }
  return chunks;
}

function endOfChunk(series: Series, from: number, offsetUs: number): number {
  const { measuredUs } = series;
  const midnight = (dayOf((measuredUs[from] ?? 0) + offsetUs) + 1) * dayUs - offsetUs;
  const endOfDay = rowAt(series, midnight);
  const parts = Math.ceil((endOfDay - from) / chunkSamplesMost);
  let end = from + Math.ceil((endOfDay - from) / parts);
  while (end < endOfDay && measuredUs[end] === measuredUs[end - 1]) end++;
  return end;
}

/** Throws on bytes that are not a chunk of this dictionary: they were checked when they were written. */
export function unpackChunk(
  bytes: Uint8Array,
  dictionary: Dictionary,
  scratch?: SampleScratch,
): SampleColumns {
  const samples = decodeSamples(bytes, dictionary, scratch);
  if ("kind" in samples) throw new Error(`a chunk cannot be decoded: ${samples.reason}`);
  return samples;
}

/** Days since 1970, UTC. */
export function dayOf(us: number): number {
  return Math.floor(us / dayUs);
}
