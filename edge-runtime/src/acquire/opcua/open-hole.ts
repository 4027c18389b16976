import type { Hole } from "./history.ts";
import type { Change, MessageFate } from "./intake.ts";
import type { ItemLags } from "./item-lags.ts";
import type { Rung } from "./ladder.ts";
import type { opcua } from "./library.ts";
import type { Memory, Resume } from "./resume.ts";
import { toUs } from "./values.ts";

/** The ends of a hole, as far as a resume point holds them: µs, 0 while one is not known. */
export interface HoleEnds {
  /** By our clock, for the ledger: the last settled message of the subscription before; when the new one had its items. */
  readonly sinceUs: number;
  readonly untilUs: number;
  /** By the server's clock, for its history: when that message was published, and the first one of the new subscription. */
  readonly fromUs: number;
  readonly toUs: number;
}

/** What the server's history can be asked for. */
export interface HolePlan {
  readonly holes: readonly Hole[];
  /** Items of which it cannot: they are unknown by now, or the clock that stamps them was set back. */
  readonly unreadable: readonly number[];
}

/**
 * What lies behind a new subscription: neither read from the server's history nor in the ledger. A conversation may end
 * before either is done, and the server may forget us again meanwhile; the hole goes on with the next conversation, and
 * in the resume point, until all of it is on disk or charged.
 */
export class OpenHole {
  #ends: HoleEnds;
  /** By item, µs by the device's clock, NaN while it is not known: the last value that we had before. */
  readonly #from: Float64Array;
  /** The first value of the new subscription. */
  readonly #to: Float64Array;
  /** A value between the two that we have: the one of the first Read. */
  readonly #had: Float64Array;
  /** How far the history was read and handed on. */
  readonly #read: Float64Array;
  #filled = false;
  /** Parts of the history that wait to be asked for, and those that are not on disk. */
  #unread = 0;
  #unsettled = 0;

  /** @param from by item; kept */
  constructor(ends: HoleEnds, from: Float64Array) {
    this.#ends = ends;
    this.#from = from;
    const unknown = (): Float64Array => new Float64Array(from.length).fill(NaN);
    [this.#to, this.#had, this.#read] = [unknown(), unknown(), unknown()];
    // Another process knows of all items only this one end.
    if (ends.toUs !== 0) this.#to.fill(ends.toUs);
  }

  /** For the resume point; undefined when nothing of it is open any more. */
  get ends(): HoleEnds | undefined {
    return this.#filled && this.#unsettled === 0 ? undefined : this.#ends;
  }

  /** By our clock, µs: what the ledger is told where there is no history. */
  get sinceUs(): number {
    return this.#ends.sinceUs;
  }

  get untilUs(): number {
    return this.#ends.untilUs;
  }

  /** Nothing is left to be asked for. */
  get filled(): boolean {
    return this.#filled;
  }

  /** Behind yet another new subscription: wider, and read as far as it is. What came in between is asked for once more. */
  widened(): OpenHole {
    const { sinceUs, fromUs } = this.#ends;
    const from = this.#from.map((us, item) => {
      const read = this.#read[item] ?? NaN;
      return Number.isNaN(read) ? us : read;
    });
    return new OpenHole({ sinceUs, untilUs: 0, fromUs, toUs: 0 }, from);
  }

  /** The first Read of a new subscription gave these. */
  noteRead(changes: readonly Change[]): void {
    for (const { item, value } of changes) {
      this.#had[item] = toUs(value.sourceTimestamp, value.sourcePicoseconds);
    }
  }

  /** The new subscription has its items. @param nowUs by our clock */
  noteItems(nowUs: number): void {
    this.#ends = { ...this.#ends, untilUs: nowUs };
  }

  /** @param untilUs when it was published, by the server's clock, or its newest value measured, whichever is later */
  noteMessage(changes: readonly Change[], untilUs: number): void {
    if (this.#ends.toUs === 0) this.#ends = { ...this.#ends, toUs: untilUs };
    for (const { item, value } of changes) {
      if (!Number.isNaN(this.#to[item] ?? NaN)) continue;
      this.#to[item] = toUs(value.sourceTimestamp, value.sourcePicoseconds);
    }
  }

  /** For each item, from the last value that we have to the first that we got again. @param nowUs by the server's clock */
  plan(lags: ItemLags, nodeIds: readonly (opcua.NodeId | undefined)[], nowUs: number): HolePlan {
    const holes: Hole[] = [];
    const unreadable: number[] = [];
    for (const [item, nodeId] of nodeIds.entries()) {
      const seenUs = this.#from[item] ?? NaN;
      const beganUs = Number.isNaN(seenUs) ? this.#ends.fromUs - lags.behindUs(item) : seenUs;
      const readUs = this.#read[item] ?? NaN;
      const fromUs = Number.isNaN(readUs) ? beganUs : Math.max(beganUs, readUs);
      const firstUs = this.#to[item] ?? NaN;
      // It is the very value that we have: nothing was measured between them.
      if (nodeId !== undefined && firstUs === fromUs) continue;
      const endUs = firstUs > fromUs ? firstUs : this.#ends.toUs || nowUs;
      if (nodeId !== undefined && endUs > fromUs) {
        holes.push({ item, nodeId, fromUs, toUs: endUs, hadUs: this.#had[item] ?? NaN });
      } else if (nodeId !== undefined || !Number.isNaN(seenUs)) {
        unreadable.push(item);
      }
    }
    return { holes, unreadable };
  }

  /** A part of an item's history goes on its way. @param lastUs time of its last value */
  takePart(item: number, lastUs: number): MessageFate {
    this.#unread++;
    this.#unsettled++;
    return {
      handedOn: () => {
        this.#unread--;
        this.#read[item] = lastUs;
      },
      settled: () => {
        this.#unsettled--;
      },
    };
  }

  /** How far an item was read in earlier conversations and this one; NaN when nothing was. */
  readUs(item: number): number {
    return this.#read[item] ?? NaN;
  }

  /** All of it was read and is on its way, or is in the ledger. */
  fill(): void {
    this.#filled = true;
  }

  /**
   * The conversation is over, and what of the history was not asked for is given up.
   *
   * @param isGivenUp whether the values of an item were given up as well, so that we do not have them
   * @returns what goes on in the next one; undefined when nothing is left to do
   */
  leave(isGivenUp: (item: number) => boolean): OpenHole | undefined {
    for (const item of this.#had.keys()) if (isGivenUp(item)) this.#had[item] = NaN;
    if (this.#unread > 0) this.#filled = false;
    this.#unsettled -= this.#unread;
    this.#unread = 0;
    return this.#filled ? undefined : this;
  }
}

/** The hole behind a conversation that begins: one that the conversation before left open, one that opens now, or both. */
export function holeBehind(
  rung: Rung,
  itemCount: number,
  resume: Resume | undefined,
  memory: Memory | undefined,
): OpenHole | undefined {
  if (resume === undefined) return undefined;
  const unknown = (): Float64Array => new Float64Array(itemCount).fill(NaN);
  const { hole: ends, untilUs, publishedUs } = resume;
  const left = memory === undefined ? ends && new OpenHole(ends, unknown()) : memory.hole;
  if (rung !== "create") return left;
  if (left !== undefined) return left.widened();
  // Nothing was ever promised.
  if (untilUs === 0) return undefined;
  const opened = { sinceUs: untilUs, untilUs: 0, fromUs: publishedUs, toUs: 0 };
  return new OpenHole(opened, memory?.seen.us ?? unknown());
}
