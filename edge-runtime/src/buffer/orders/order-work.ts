import type { ToldWidth } from "@millwright/aggregates";
import {
  SampleDigest,
  type Dictionary,
  type GatewayOrder,
  type TagAnswer,
  type TagId,
} from "@millwright/wire-contract";

import type { FetchedPiece, HeldOrder, OrderBook, OrderProgress } from "../../hand-over.ts";
import type { StoreDoor } from "../questions.ts";
import { readSamples } from "../tiers/history.ts";
import type { AnswerPiece } from "./answer-lane.ts";
import { together, type AnswerCursor, type AnswerPart } from "./answer-reading.ts";
import {
  compareBuckets,
  readSpan,
  spanAt,
  tagsPerSpan,
  thinnedMinutes,
  widthOf,
} from "./bucket-work.ts";
import { distinctRows } from "./distinct-rows.ts";

/**
 * Serves the hub's orders from what the journal keeps: piece by piece, each piece in one transaction with how far the
 * order has come, so that a crash neither loses nor repeats one. Runs in the caller's thread; commits come between.
 */

/** A piece is so much time of some tags: 600 samples of a tag at 1 Hz lie together, which compresses well. */
const pieceUs = 600_000_000;
/** Samples of one piece, about; a tag at 1 kHz alone brings 600,000, which is 15 MB on its way. */
const pieceSamples = 131_072;
/** Tags of a group lie together on disk. */
const tagsPerPiece = 16;
/**
 * A device's stamps may lie so far from our clock, ahead or behind, and are still taken as they are (architecture 3): what
 * is recorded is told for so much longer on both sides.
 */
const marginUs = 10_000_000;
/** Compared in hours, tags faster than 10 Hz in pieces. */
const comparedUs = 6 * pieceUs;
/** The hub keeps whole µs: a range holds what is rounded into it. Times of our days have a quarter of one. */
const roundUs = 0.5;
const leastUs = 0.25;

export interface OrderWorkParts {
  readonly ask: StoreDoor["ask"];
  readonly commit: () => Promise<void>;
  readonly nowUs: () => number;
  readonly dictionary: () => Dictionary;
  /** Something was sealed for the road. */
  readonly sealed: () => void;
}

export class OrderWork implements OrderBook {
  readonly #parts: OrderWorkParts;
  #held: readonly HeldOrder[] = [];

  constructor(parts: OrderWorkParts) {
    this.#parts = parts;
  }

  /** What was kept by the run before. */
  async load(): Promise<void> {
    this.#held = await this.#parts.ask("orders");
  }

  held(): readonly HeldOrder[] {
    return this.#held;
  }

  times(held: HeldOrder): { readonly answersUs: number; readonly endsUs: number } {
    const { kind, toUs } = held.order;
    return {
      answersUs: answeredUntilUs(held),
      endsUs: kind === "recording" ? toUs + marginUs : toUs,
    };
  }

  /** Dictionary indices of the tags that are told in full now. */
  recorded(nowUs: number): readonly number[] {
    const tags = new Set<TagId>();
    for (const { order, progress } of this.#held) {
      if (order.kind !== "recording" || progress.state === "refused") continue;
      const isNow = nowUs >= order.fromUs - marginUs && nowUs < order.toUs + marginUs;
      if (isNow) for (const tag of order.tags) tags.add(tag);
    }
    const dictionary = this.#parts.dictionary();
    return [...tags].flatMap((tag) => dictionary.byId(tag)?.index ?? []);
  }

  async want(orders: readonly GatewayOrder[]): Promise<void> {
    const receivedUs = this.#parts.nowUs();
    const wanted = orders.map((order): HeldOrder => {
      const held = this.#held.find((one) => one.order.id === order.id);
      return { order, progress: held?.progress ?? this.#beginning(order, receivedUs) };
    });
    if (JSON.stringify(wanted) === JSON.stringify(this.#held)) return;
    await this.#keep(wanted);
  }

  async move(id: number, state: OrderProgress["state"], note?: string): Promise<void> {
    await this.#change(id, (progress) => ({ ...progress, state, note: note ?? progress.note }));
  }

  async tellAll(): Promise<void> {
    await this.#parts.ask("tellAll");
    await this.#parts.commit();
  }

  async fetched(id: number, piece: FetchedPiece): Promise<void> {
    await this.#parts.commit();
    const order = this.#find(id)?.order;
    if (order !== undefined)
      await this.#change(id, (progress) => afterPiece(order, progress, piece));
  }

  async answer(id: number): Promise<{ bytes: number; last: boolean; waits?: boolean }> {
    const held = this.#find(id);
    if (held === undefined) return { bytes: 0, last: true };
    const { order, progress } = held;
    const widthUs = widthOf(order.resolution);
    if (widthUs !== undefined) return await this.#answerBuckets(held, widthUs);
    const untilUs = answeredUntilUs(held);
    const piece = this.#tagsFrom(order, progress.tag);
    if (piece.count === 0 || progress.atUs >= untilUs) return { bytes: 0, last: true };
    const fromUs = progress.atUs;
    const toUs = Math.min(untilUs, after(fromUs, pieceUs));
    const read = await this.#read(piece.indices, fromUs - roundUs, toUs - roundUs);
    const parts = read.map((part) => ({ ...part, columns: distinctRows(part.columns) }));
    const tags = order.tags.slice(progress.tag, progress.tag + piece.count);
    const told = await thinnedMinutes(this.#parts, tags, order, fromUs, toUs);
    return await this.#seal(held, { parts, told }, { count: piece.count, toUs, untilUs });
  }

  /** The next hour of minutes, or day of hours, of some tags. */
  async #answerBuckets(
    held: HeldOrder,
    widthUs: ToldWidth,
  ): Promise<{ bytes: number; last: boolean; waits?: boolean }> {
    const { order, progress } = held;
    const { fromUs, toUs: untilUs } = order;
    const count = Math.min(tagsPerSpan, order.tags.length - progress.tag);
    if (count <= 0 || progress.atUs >= untilUs) return { bytes: 0, last: true };
    const { fromUs: beginUs, toUs: endUs } = spanAt(progress.atUs, widthUs);
    const tags = order.tags.slice(progress.tag, progress.tag + count);
    const question = { widthUs, beginUs, fromUs, toUs: untilUs, thinnedOnly: false };
    const read = await readSpan(this.#parts, tags, question);
    if (read === undefined) return { bytes: 0, last: false, waits: true };
    const toUs = Math.min(untilUs, endUs);
    return await this.#seal(held, { parts: [], told: read.piece }, { count, toUs, untilUs });
  }

  /** @param of the piece: tags and time that it covers, and where the time of the order ends */
  async #seal(
    { order, progress }: HeldOrder,
    piece: AnswerPiece,
    of: { readonly count: number; readonly toUs: number; readonly untilUs: number },
  ): Promise<{ bytes: number; last: boolean }> {
    const { id } = order;
    const goesOn = of.toUs < of.untilUs;
    const next = goesOn
      ? { tag: progress.tag, atUs: of.toUs }
      : { tag: progress.tag + of.count, atUs: order.fromUs };
    const last = !goesOn && next.tag >= order.tags.length;
    const ended = last ? { atUs: of.untilUs } : {};
    const moved = { order, progress: { ...progress, ...next, ...ended } };
    const sealed = await this.#parts.ask("sealAnswer", moved, piece, this.#parts.nowUs());
    // Taken back meanwhile: what was sealed is sent all the same, and is what it says it is.
    if (this.#find(id) === undefined) await this.#keep(this.#held);
    this.#put({
      order,
      progress: {
        ...moved.progress,
        samples: progress.samples + sealed.samples,
        bytes: progress.bytes + sealed.bytes,
      },
    });
    if (sealed.bytes > 0) this.#parts.sealed();
    return { bytes: sealed.bytes, last };
  }

  async compare(id: number, signal: AbortSignal): Promise<void> {
    const held = this.#find(id);
    if (held === undefined) return;
    const widthUs = widthOf(held.order.resolution);
    const buckets =
      widthUs === undefined ? [] : await compareBuckets(this.#parts, held.order, widthUs, signal);
    // Asked again: hours are rolled up within seconds.
    if (buckets === undefined) return;
    const answers = [...buckets];
    if (widthUs === undefined) answers.push(...(await this.#compareSamples(held, signal)));
    await this.#change(id, (progress) => ({ ...progress, state: "answered", tags: answers }));
  }

  async #compareSamples(
    { order: { fromUs, toUs, tags } }: HeldOrder,
    signal: AbortSignal,
  ): Promise<readonly TagAnswer[]> {
    const dictionary = this.#parts.dictionary();
    const answers: TagAnswer[] = [];
    for (const tag of tags) {
      const digest = new SampleDigest();
      const known = dictionary.byId(tag);
      const stepUs = (known?.expectedMs ?? 0) >= 100 ? comparedUs : pieceUs;
      for (let us = fromUs; us < toUs && known !== undefined; us = after(us, stepUs)) {
        signal.throwIfAborted();
        const endUs = Math.min(toUs, after(us, stepUs)) - roundUs - leastUs;
        digest.add(await readSamples(this.#parts.ask, known.index, us - roundUs, endUs, Infinity));
      }
      const { samples, fromUs: firstUs } = digest;
      answers.push({ tag, samples, fromUs: firstUs, digest: digest.finish() });
    }
    return answers;
  }

  /** The next tags that make one piece: neighbours, fewer where they are fast. */
  #tagsFrom(
    order: GatewayOrder,
    from: number,
  ): { readonly count: number; readonly indices: readonly number[] } {
    const dictionary = this.#parts.dictionary();
    const indices: number[] = [];
    let count = 0;
    let samples = 0;
    for (const id of order.tags.slice(from, from + tagsPerPiece)) {
      const tag = dictionary.byId(id);
      const own = tag === undefined ? 0 : pieceUs / 1_000 / Math.max(1, tag.expectedMs);
      if (count > 0 && samples + own > pieceSamples) break;
      count++;
      samples += own;
      if (tag !== undefined) indices.push(tag.index);
    }
    return { count, indices };
  }

  async #read(
    tags: readonly number[],
    fromUs: number,
    toUs: number,
  ): Promise<readonly AnswerPart[]> {
    if (tags.length === 0) return [];
    let frames: AnswerPart[] = [];
    let chunks: AnswerPart[] = [];
    let cursor: AnswerCursor | undefined;
    for (;;) {
      const slice = await this.#parts.ask("readAnswer", tags, fromUs, toUs, cursor);
      if (slice.again === true) {
        frames = [];
        chunks = [];
        cursor = undefined;
        continue;
      }
      // Frames come newest first, chunks in order; what is in chunks is older than all frames.
      if (cursor?.tier === "chunks") chunks.push(...slice.parts);
      else frames = [...slice.parts, ...frames];
      cursor = slice.next;
      if (cursor === undefined) return together([...chunks, ...frames]);
    }
  }

  #beginning({ fromUs, tags }: GatewayOrder, receivedUs: number): OrderProgress {
    const dictionary = this.#parts.dictionary();
    const unknown = tags.filter((tag) => dictionary.byId(tag) === undefined);
    const place = { receivedUs, tag: 0, atUs: fromUs, samples: 0, bytes: 0 };
    if (unknown.length === tags.length) {
      return { ...place, state: "refused", note: "the gateway has none of these tags" };
    }
    const note = unknown.length === 0 ? "" : `the gateway does not have ${unknown.join(", ")}`;
    return { ...place, state: "waiting", note };
  }

  #find(id: number): HeldOrder | undefined {
    return this.#held.find(({ order }) => order.id === id);
  }

  async #change(id: number, change: (progress: OrderProgress) => OrderProgress): Promise<void> {
    const held = this.#held.map((one) =>
      one.order.id === id ? { ...one, progress: change(one.progress) } : one,
    );
    if (this.#find(id) !== undefined) await this.#keep(held);
  }

  #put(held: HeldOrder): void {
    this.#held = this.#held.map((one) => (one.order.id === held.order.id ? held : one));
  }

  /** In memory first: what comes while it is written builds on it. */
  async #keep(held: readonly HeldOrder[]): Promise<void> {
    this.#held = held;
    await this.#parts.ask("keepOrders", held);
  }
}

function afterPiece(
  { tags, fromUs }: GatewayOrder,
  progress: OrderProgress,
  piece: FetchedPiece,
): OrderProgress {
  const fetched = (progress.fetched ?? 0) + piece.samples;
  const unread = [...new Set([...(progress.unread ?? []), ...piece.unread])];
  const read = { ...progress, fetched, ...(unread.length === 0 ? {} : { unread }) };
  if (!piece.last) return { ...read, tag: piece.tag, atUs: piece.atUs };
  if (fetched === 0 && unread.length === tags.length) {
    return { ...read, state: "refused", note: "the devices give no history of these tags" };
  }
  const gaveLess = unread.length === 0 ? "" : `not all could be read of ${unread.join(", ")}`;
  const note = [progress.note, gaveLess].filter((text) => text !== "").join("; ");
  return { ...read, state: "answering", tag: 0, atUs: fromUs, note };
}

/** What is measured later is told as it comes; of the past all of it is answered. */
function answeredUntilUs({ order, progress }: HeldOrder): number {
  return order.kind === "recording"
    ? Math.min(order.toUs, progress.receivedUs + marginUs)
    : order.toUs;
}

/** The next multiple of `stepUs`. */
function after(us: number, stepUs: number): number {
  return (Math.floor(us / stepUs) + 1) * stepUs;
}
