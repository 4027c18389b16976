import { BucketDigest, toldSpan, widths, type ToldWidth } from "@millwright/aggregates";
import {
  answerRangesMax,
  type Dictionary,
  type GatewayOrder,
  type Resolution,
  type TagAnswer,
  type TagId,
} from "@millwright/wire-contract";

import type { StoreDoor } from "../questions.ts";
import type { AnswerPiece } from "./answer-lane.ts";
import type { ToldQuestion, ToldSlice } from "./told-reading.ts";

/** Orders of minutes and hours: which pieces they are read in, and what the hub must hold of them in the end. */

export interface BucketParts {
  readonly ask: StoreDoor["ask"];
  readonly nowUs: () => number;
  readonly dictionary: () => Dictionary;
}

/** Read in one slice: some 20 ms. */
export const tagsPerSpan = 64;

/** Undefined of samples. */
export function widthOf(resolution: Resolution | undefined): ToldWidth | undefined {
  if (resolution === "minutes") return widths.minute;
  return resolution === "hours" ? widths.hour : undefined;
}

/** The hour of minutes, or the day of hours, in which `us` lies. */
export function spanAt(us: number, widthUs: ToldWidth): { fromUs: number; toUs: number } {
  const spanUs = toldSpan(widthUs);
  const fromUs = Math.floor(us / spanUs) * spanUs;
  return { fromUs, toUs: fromUs + spanUs };
}

/** @returns undefined while something of it is being made */
export async function readSpan(
  { ask, nowUs, dictionary }: BucketParts,
  tags: readonly TagId[],
  question: Omit<ToldQuestion, "tags">,
): Promise<{ readonly slice: ToldSlice; readonly piece: AnswerPiece["told"] } | undefined> {
  const known = dictionary();
  const indices = tags.flatMap((tag) => known.byId(tag)?.index ?? []).sort((a, b) => a - b);
  const slice = await ask("readTold", { ...question, tags: indices }, nowUs());
  if (slice.waits) return undefined;
  const { widthUs, beginUs } = question;
  const { told, revision } = slice;
  return { slice, piece: told.length === 0 ? [] : [{ widthUs, beginUs, told, revision }] };
}

/**
 * Minutes of hours whose samples are gone, for an answer in samples.
 * @param fromUs begin of a piece @param toUs its end, excluded
 */
export async function thinnedMinutes(
  parts: BucketParts,
  tags: readonly TagId[],
  order: GatewayOrder,
  fromUs: number,
  toUs: number,
): Promise<AnswerPiece["told"]> {
  const { fromUs: beginUs } = spanAt(fromUs, widths.minute);
  // Once for each hour, with the first piece that touches it.
  const isFirst = fromUs === order.fromUs || fromUs === beginUs;
  if (!isFirst || fromUs >= toUs) return [];
  const question = { widthUs: widths.minute, beginUs, fromUs, toUs, thinnedOnly: true };
  return (await readSpan(parts, tags, question))?.piece ?? [];
}

/** @returns undefined while something of the range is being made */
export async function compareBuckets(
  parts: BucketParts,
  order: GatewayOrder,
  widthUs: ToldWidth,
  signal: AbortSignal,
): Promise<readonly TagAnswer[] | undefined> {
  const byTag = new Map(order.tags.map((tag) => [tag, new TagRanges()]));
  for (let us = order.fromUs; us < order.toUs; us = spanAt(us, widthUs).toUs) {
    for (let at = 0; at < order.tags.length; at += tagsPerSpan) {
      signal.throwIfAborted();
      const read = await readSpan(parts, order.tags.slice(at, at + tagsPerSpan), {
        widthUs,
        beginUs: spanAt(us, widthUs).fromUs,
        fromUs: order.fromUs,
        toUs: order.toUs,
        thinnedOnly: false,
      });
      if (read === undefined) return undefined;
      const { told, hours } = read.slice;
      for (const [place, { tag, buckets }] of told.entries()) {
        const id = parts.dictionary().byIndex(tag)?.id;
        for (const hour of hours[place] ?? []) {
          const fromUs = hour * widths.hour;
          if (id !== undefined) byTag.get(id)?.add(buckets, fromUs, fromUs + widths.hour);
        }
      }
    }
  }
  return order.tags.flatMap((tag) => byTag.get(tag)?.answer(tag) ?? []);
}

/** What stands here of one tag, hour after hour. */
class TagRanges {
  readonly #digest = new BucketDigest();
  readonly #ranges: [number, number][] = [];

  add(buckets: Parameters<BucketDigest["add"]>[0], fromUs: number, toUs: number): void {
    const last = this.#ranges.at(-1);
    if (last?.[1] === fromUs) last[1] = toUs;
    else if (this.#ranges.length < answerRangesMax) this.#ranges.push([fromUs, toUs]);
    else return;
    this.#digest.add(buckets, fromUs, toUs);
  }

  answer(tag: TagId): TagAnswer {
    const { count: samples } = this.#digest;
    const fromUs = this.#ranges[0]?.[0] ?? 0;
    return { tag, samples, fromUs, digest: this.#digest.finish(), ranges: this.#ranges };
  }
}
