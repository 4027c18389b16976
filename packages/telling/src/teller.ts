import type { SampleColumns, Scalar, TagDefinition, Telling } from "@millwright/wire-contract";

import type { ToldRows } from "./told-rows.ts";

/**
 * Decides which samples of a tag the hub is told. Every sample was kept before it comes here; what is not told can be
 * had back from those that are, within the error that the tag's dictionary row states (see `reconstruct`).
 *
 * Whatever the rule, these are told: the first sample of a tag, each change of status, a sample after a heartbeat of
 * silence, and the sample after a step back in time (an open line ends before it), because what lies between two told
 * samples is a statement about time that runs forward. So is the first one that is later again than all that was told:
 * what is held back after it is had back from the newest told sample, and that must be the one it was compared with.
 */
export class Teller {
  readonly #tags: (TagState | undefined)[] = [];
  #watched: readonly number[] = [];

  /** @param tags rows of the dictionary that the columns to come name by index */
  constructor(tags: Iterable<TagDefinition>) {
    for (const tag of tags) this.#tags[tag.index] = new TagState(tag.index, tag.telling);
  }

  /** Rows of one clock segment, in the order in which they were received; a new segment needs `flush` before it. */
  tell(columns: SampleColumns, out: ToldRows): void {
    const { count, tag, measuredUs, value, status, wide } = columns;
    for (let row = 0; row < count; row++) {
      const state = this.#tags[tag[row] ?? -1];
      const us = measuredUs[row] ?? NaN;
      const scalar = wide?.get(row);
      if (state === undefined) out.push(tag[row] ?? -1, us, value[row] ?? NaN, status[row] ?? 0);
      else state.sample(us, value[row] ?? NaN, status[row] ?? 0, scalar, out);
    }
  }

  /** These tags are told in full from here on, all others as their rules say. */
  watch(tags: readonly number[]): void {
    for (const tag of this.#watched) this.#tags[tag]?.watch(false);
    for (const tag of tags) this.#tags[tag]?.watch(true);
    this.#watched = tags;
  }

  /**
   * Tells the newest sample of each tag: what a hub gets when the link is back. Those that were told already are told
   * again, and the hub knows them by their identity.
   *
   * @param except tags that are told by another way as well, and are not counted
   * @returns how many were not told before
   */
  snapshot(out: ToldRows, except: ReadonlySet<number> = new Set()): number {
    let fresh = 0;
    for (const [index, state] of this.#tags.entries()) {
      const untold = state?.snapshot(out) ?? 0;
      if (!except.has(index)) fresh += untold;
    }
    return fresh;
  }

  /**
   * Ends open lines with their last sample: at a stop, at a new clock segment, and from time to time for tags that have
   * gone silent, so that their last value is not held back until they speak again.
   *
   * @param measuredBeforeUs only lines whose last sample is older
   */
  flush(out: ToldRows, measuredBeforeUs: number = Infinity): void {
    for (const state of this.#tags) state?.flush(out, measuredBeforeUs);
  }
}

/** One tag: what was told last, and for a swinging door the sample after it that a line would still reach. */
class TagState {
  readonly #index: number;
  readonly #rule: Telling["rule"];
  readonly #error: number;
  readonly #heartbeatUs: number;
  #watched = false;
  #told = false;
  #toldUs = NaN;
  /** The latest time that was told. */
  #newestUs = -Infinity;
  #toldNumber = NaN;
  #toldStatus = 0;
  #toldScalar: Scalar | undefined;
  /** The sample seen last. Pending: it was not told and ends an open line. */
  #seenUs = NaN;
  #seenNumber = NaN;
  #seenScalar: Scalar | undefined;
  #pending = false;
  /** Slopes from the told sample that pass all samples since within the error; the two doors. */
  #slopeMin = -Infinity;
  #slopeMax = Infinity;

  constructor(index: number, telling: Telling | undefined) {
    this.#index = index;
    this.#rule = telling?.rule ?? "full";
    this.#error = telling?.error ?? 0;
    this.#heartbeatUs = (telling?.heartbeatMs ?? 0) * 1_000;
  }

  sample(
    us: number,
    value: number,
    status: number,
    scalar: Scalar | undefined,
    out: ToldRows,
  ): void {
    const number = scalar === undefined ? value : numberOf(scalar);
    const all = this.#rule === "full" || this.#watched;
    const disordered = us < this.#seenUs || this.#toldUs < this.#newestUs;
    if (!this.#told || all || status !== this.#toldStatus || disordered) {
      this.#endLine(out);
      this.#tell(us, number, status, scalar, out);
      return;
    }
    // A door needs numbers that can be trusted; all else is held until it changes.
    const straight = this.#rule === "swinging-door" && status >>> 30 < 2;
    const rise = this.#rise(number, scalar);
    if (straight && Number.isFinite(rise)) {
      this.#swing(us, number, status, scalar, rise, out);
      return;
    }
    const same =
      (scalar === undefined
        ? this.#toldScalar === undefined && Object.is(number, this.#toldNumber)
        : equal(scalar, this.#toldScalar)) ||
      (this.#rule === "dead-band" && Math.abs(rise) <= this.#error);
    if (same && us - this.#toldUs < this.#heartbeatUs) {
      this.#see(us, number, scalar);
      return;
    }
    this.#endLine(out);
    this.#tell(us, number, status, scalar, out);
  }

  watch(watched: boolean): void {
    this.#watched = watched;
  }

  snapshot(out: ToldRows): number {
    if (!this.#told) return 0;
    const fresh = this.#seenUs === this.#toldUs ? 0 : 1;
    this.#tell(this.#seenUs, this.#seenNumber, this.#toldStatus, this.#seenScalar, out);
    return fresh;
  }

  flush(out: ToldRows, measuredBeforeUs: number): void {
    if (this.#pending && this.#seenUs < measuredBeforeUs) this.#endLine(out);
  }

  /** From the value told last; of two 64-bit integers exactly. Not finite where no line and no band can be. */
  #rise(number: number, scalar: Scalar | undefined): number {
    const told = this.#toldScalar;
    if (typeof scalar !== "bigint" || typeof told !== "bigint") return number - this.#toldNumber;
    return numberOf(scalar - told);
  }

  /**
   * Swinging door (E. H. Bristol, "Swinging door trending", ISA 1990; US patent 4,669,097, expired), in the form that
   * keeps its word: a line may end only at a sample that lies between the doors which the samples before it left open.
   * Without this condition the published form can be off by twice the error.
   */
  #swing(
    us: number,
    number: number,
    status: number,
    scalar: Scalar | undefined,
    rise: number,
    out: ToldRows,
  ): void {
    if (us === this.#seenUs) {
      // Two samples of one time have no slope between them.
      this.#endLine(out);
      this.#tell(us, number, status, scalar, out);
      return;
    }
    let run = us - this.#toldUs;
    const slope = rise / run;
    if (slope < this.#slopeMin || slope > this.#slopeMax) {
      this.#endLine(out);
      rise = this.#rise(number, scalar);
      run = us - this.#toldUs;
    }
    if (run >= this.#heartbeatUs || !Number.isFinite(rise)) {
      this.#tell(us, number, status, scalar, out);
      return;
    }
    this.#slopeMin = Math.max(this.#slopeMin, (rise - this.#error) / run);
    this.#slopeMax = Math.min(this.#slopeMax, (rise + this.#error) / run);
    this.#see(us, number, scalar);
    this.#pending = true;
  }

  /** The sample seen last is where the next line begins. */
  #endLine(out: ToldRows): void {
    if (!this.#pending) return;
    this.#tell(this.#seenUs, this.#seenNumber, this.#toldStatus, this.#seenScalar, out);
  }

  #see(us: number, number: number, scalar: Scalar | undefined): void {
    this.#seenUs = us;
    this.#seenNumber = number;
    this.#seenScalar = scalar;
  }

  #tell(
    us: number,
    number: number,
    status: number,
    scalar: Scalar | undefined,
    out: ToldRows,
  ): void {
    out.push(this.#index, us, scalar === undefined ? number : NaN, status, scalar);
    this.#told = true;
    this.#toldUs = us;
    if (us > this.#newestUs) this.#newestUs = us;
    this.#toldNumber = number;
    this.#toldStatus = status;
    this.#toldScalar = scalar;
    this.#see(us, number, scalar);
    this.#pending = false;
    this.#slopeMin = -Infinity;
    this.#slopeMax = Infinity;
  }
}

/** A 64-bit integer, or the difference of two, as far as its double is exact; text and bytes have none. */
function numberOf(scalar: Scalar): number {
  if (typeof scalar !== "bigint") return NaN;
  return scalar >= -exactMax && scalar <= exactMax ? Number(scalar) : NaN;
}
const exactMax = BigInt(Number.MAX_SAFE_INTEGER);

function equal(a: Scalar | undefined, b: Scalar | undefined): boolean {
  if (a instanceof Uint8Array) {
    return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  }
  return Object.is(a, b);
}
