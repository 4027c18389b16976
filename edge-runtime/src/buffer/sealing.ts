import assert from "node:assert/strict";

import {
  encodeSamples,
  encodeVoid,
  sealFrame,
  type ClockState,
  type Complete,
  type Dictionary,
  type Epoch,
  type FrameContent,
  type FrameHead,
  type GatewayId,
  type SampleColumns,
  type SealedFrame,
} from "@millwright/wire-contract";

import { beginning, type HeldLane, type Place, type ToldLane } from "./lane-book.ts";
import { pick } from "./raw-tier.ts";

/** Gives bodies their place: one number, chain and count for each lane of the running epoch. */

/** A broker takes a megabyte by default; the rest is for the head, the subject and the message id. */
const bodyBytesMax = 900_000;

const noClock: ClockState = { segment: 0, disciplined: false, offsetUs: 0 };

/** In which epoch and when something is sealed. */
export interface Moment {
  readonly rank: number;
  readonly nowUs: number;
}

/** Heads of the lanes of the running epoch, as one value, so that a rollback puts all of them back. */
export interface Heads {
  readonly raw: Place;
  readonly live: Place;
  readonly history: Place;
  readonly critical: Place;
  readonly capture: Place;
}

const noHeads: Heads = {
  raw: beginning,
  live: beginning,
  history: beginning,
  critical: beginning,
  capture: beginning,
};

/** What a frame head says of its samples, or of the samples that its aggregates are about. */
export type SampleFields = Pick<
  FrameHead,
  "sampleCount" | "dictionary" | "firstUs" | "lastUs" | "sealedUs" | "clock" | "late" | "order"
> & {
  /** Samples when it is absent. */
  readonly content?: FrameContent;
};

/** What is to be added to stamps of a segment, as far as it is known by now. */
export interface KnownClocks {
  asKnown(clock: ClockState): ClockState;
}

export class Sealer {
  readonly #gateway: GatewayId;
  readonly #clocks: KnownClocks;
  #epoch: Epoch;
  heads: Heads = noHeads;
  /** Goes with the next frame that is sealed for the road. */
  complete: Complete | undefined;

  constructor(gateway: GatewayId, epoch: Epoch, clocks: KnownClocks) {
    this.#gateway = gateway;
    this.#clocks = clocks;
    this.#epoch = epoch;
  }

  get epoch(): Epoch {
    return this.#epoch;
  }

  /** Goes on in another epoch, from its first number. */
  begin(epoch: Epoch): void {
    this.#epoch = epoch;
    this.heads = noHeads;
    this.complete = undefined;
  }

  /** Samples as they were acquired: for the gateway's own use. */
  raw(fields: SampleFields, body: Uint8Array): SealedFrame {
    return this.#seal("raw", { ...this.#samples(fields), rawFrom: 0, rawTo: 0 }, body);
  }

  /**
   * Samples for the road.
   *
   * @param from numbers of the first and last raw frame of this epoch that they come from
   * @param bodyCrc of a body that has a head already
   */
  told(
    lane: ToldLane,
    fields: SampleFields,
    from: { readonly rawFrom: number; readonly rawTo: number },
    body: Uint8Array,
    bodyCrc?: number,
  ): SealedFrame {
    return this.#seal(lane, { ...this.#samples(fields), ...from }, body, bodyCrc);
  }

  /** A piece of a capture, or its record: the record alone counts. @param startUs when the capture was taken */
  capture(
    content: "piece" | "capture",
    body: Uint8Array,
    startUs: number,
    sealedUs: number,
  ): SealedFrame {
    const fields = {
      gateway: this.#gateway,
      epoch: this.#epoch,
      content,
      sampleCount: content === "capture" ? 1 : 0,
      dictionary: 0n,
      firstUs: startUs,
      lastUs: startUs,
      sealedUs,
      clock: noClock,
      rawFrom: 0,
      rawTo: 0,
      late: false,
    };
    return this.#seal("capture", fields, body);
  }

  critical(
    content: Exclude<FrameContent, "samples" | "void">,
    body: Uint8Array,
    sealedUs: number,
    dictionary = 0n,
  ): SealedFrame {
    const fields = {
      gateway: this.#gateway,
      epoch: this.#epoch,
      content,
      sampleCount: 0,
      dictionary,
      firstUs: sealedUs,
      lastUs: sealedUs,
      sealedUs,
      clock: noClock,
      rawFrom: 0,
      rawTo: 0,
      late: false,
    };
    return this.#seal("critical", fields, body);
  }

  #samples(fields: SampleFields): SampleFields & Pick<FrameHead, "gateway" | "epoch" | "content"> {
    // Also of frames that are sealed again: a hub that lost the clock record loses no order (no-loss protocol 2).
    const clock = this.#clocks.asKnown(fields.clock);
    return { content: "samples", ...fields, clock, gateway: this.#gateway, epoch: this.#epoch };
  }

  #seal(
    lane: keyof Heads,
    fields: Omit<FrameHead, "lane" | "seq" | "cum" | "chain" | "complete">,
    body: Uint8Array,
    bodyCrc?: number,
  ): SealedFrame {
    const before = this.heads[lane];
    const seq = before.seq + 1;
    const cum = before.cum + fields.sampleCount;
    const complete = lane === "raw" ? undefined : this.complete;
    if (complete !== undefined) this.complete = undefined;
    const sealed = sealFrame(
      { ...fields, lane, seq, cum, ...(complete === undefined ? {} : { complete }) },
      before.chain,
      body,
      bodyCrc,
    );
    this.heads = { ...this.heads, [lane]: { seq, cum, chain: sealed.head.chain } };
    return sealed;
  }
}

/** What of a head describes its samples, and so stays when they are sealed again. */
export function sampleFieldsOf(head: FrameHead): SampleFields {
  const { content, sampleCount, dictionary, firstUs, lastUs, sealedUs, clock, late } = head;
  return { content, sampleCount, dictionary, firstUs, lastUs, sealedUs, clock, late };
}

/** A void in place of frames that are gone, in any epoch. */
export function sealVoid(
  where: { readonly gateway: GatewayId; readonly epoch: Epoch; readonly lane: HeldLane },
  before: Place,
  at: Place,
  range: { readonly firstUs: number; readonly lastUs: number; readonly sealedUs: number },
): SealedFrame {
  const sampleCount = at.cum - before.cum;
  const body = encodeVoid({
    fromSeq: before.seq + 1,
    toSeq: at.seq,
    chainBefore: before.chain,
    chainAt: at.chain,
    sampleCount,
  });
  return sealFrame(
    {
      ...where,
      ...range,
      content: "void",
      seq: at.seq,
      cum: at.cum,
      sampleCount,
      dictionary: 0n,
      clock: noClock,
      rawFrom: 0,
      rawTo: 0,
      late: false,
    },
    before.chain,
    body,
  );
}

/**
 * Bodies for these samples, each small enough for a broker: halved until they fit. A single sample that does not is
 * given to `tooLarge`.
 *
 * @param care `least` for few rows that are made for the road alone
 */
export function* bodiesOf(
  columns: SampleColumns,
  dictionary: Dictionary,
  tooLarge: (columns: SampleColumns) => void,
  care: "quick" | "least" = "quick",
): Iterable<{ readonly body: Uint8Array; readonly columns: SampleColumns }> {
  if (columns.count === 0) return;
  const body = encodeSamples(columns, dictionary, care);
  if (body.length <= bodyBytesMax) {
    yield { body, columns };
    return;
  }
  if (columns.count === 1) {
    tooLarge(columns);
    return;
  }
  const half = columns.count >> 1;
  const rows = Array.from({ length: columns.count }, (_row, at) => at);
  yield* bodiesOf(pick(columns, rows.slice(0, half)), dictionary, tooLarge, care);
  yield* bodiesOf(pick(columns, rows.slice(half)), dictionary, tooLarge, care);
}

/** @param of what its rows have in common */
export function fieldsOf(
  columns: SampleColumns,
  dictionary: Dictionary,
  of: { readonly late: boolean; readonly clock: ClockState },
  sealedUs: number,
): SampleFields {
  const [firstUs, lastUs] = rangeOf(columns);
  return {
    sampleCount: columns.count,
    dictionary: dictionary.hash,
    firstUs,
    lastUs,
    sealedUs,
    ...of,
  };
}

function rangeOf({ count, measuredUs }: SampleColumns): readonly [number, number] {
  let first = Infinity;
  let last = -Infinity;
  for (let row = 0; row < count; row++) {
    const us = measuredUs[row] ?? NaN;
    if (us < first) first = us;
    if (us > last) last = us;
  }
  assert(first <= last, "each sample has a measured time");
  return [first, last];
}
