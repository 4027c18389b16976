/**
 * The rule that everything rests on (no-loss protocol 6.2 to 6.4): what is stored of one epoch and lane, and how far it
 * is promised. Pure: given what the store knows and what has arrived it says what to write, so that both stores decide
 * alike and a test can play every order.
 */
import { chainAfter } from "@millwright/wire-contract";

/** End of the contiguous prefix whose chain fits, and the balance up to it. */
export interface PrefixMark {
  readonly seq: number;
  readonly chain: bigint;
  /** Samples announced up to here, by the head of the frame or void at the mark. */
  readonly cum: number;
  readonly frameSamples: number;
  /** Samples in voids up to the mark, less those whose frames are stored after all. */
  readonly voidSamples: number;
}

export const emptyPrefix: PrefixMark = {
  seq: 0,
  chain: 0n,
  cum: 0,
  frameSamples: 0,
  voidSamples: 0,
};

/** What the rule needs to know of a frame. */
export interface ChainedFrame {
  readonly seq: number;
  readonly chain: bigint;
  readonly contentCrc: number;
  readonly cum: number;
  readonly sampleCount: number;
}

export interface ChainedVoid {
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly chainBefore: bigint;
  readonly chainAt: bigint;
  readonly cum: number;
  readonly sampleCount: number;
}

/** What the store knows of the lane, under lock. */
export interface LaneKnowledge {
  readonly mark: PrefixMark;
  /** Stored frames above the mark, and those with the number of an arriving frame or the number before it. */
  readonly frames: readonly ChainedFrame[];
  /** Stored voids that end at or above the mark, or touch an arriving number or the number before it. */
  readonly voids: readonly ChainedVoid[];
  /** Arriving numbers that were stored once, and whose frames have been released with their day. */
  readonly released: ReadonlySet<number>;
}

/** Where frames are never released. */
export const nothingReleased: ReadonlySet<number> = new Set();

export interface LaneDecision<F, V> {
  readonly mark: PrefixMark;
  readonly store: readonly F[];
  readonly storeVoids: readonly V[];
  /** Arrived, and another frame has the number or the chain does not fit: quarantine. */
  readonly forks: readonly F[];
  readonly voidForks: readonly V[];
  /**
   * Stored while they waited above the mark; now that the mark has reached them their chain does not fit, or they follow
   * one whose chain does not. Taken out before `store` is put in: one of those may have the number of one of these.
   */
  readonly unfit: readonly number[];
  /** Arrived and stored before. */
  readonly repeats: number;
}

export function decideLane<F extends ChainedFrame, V extends ChainedVoid>(
  known: LaneKnowledge,
  frames: readonly F[],
  voids: readonly V[],
): LaneDecision<F, V> {
  const lane = new Lane(known);
  const store: F[] = [];
  const storeVoids: V[] = [];
  const forks: F[] = [];
  const voidForks: V[] = [];
  let repeats = 0;

  // Voids first: a void tells the chain at its end, by which the frame after it is judged.
  for (const arrived of voids) {
    const verdict = lane.takeVoid(arrived);
    if (verdict === "new") storeVoids.push(arrived);
    else if (verdict === "fork") voidForks.push(arrived);
    else repeats++;
  }
  for (const arrived of frames.toSorted((a, b) => a.seq - b.seq)) {
    const verdict = lane.takeFrame(arrived);
    if (verdict === "new") store.push(arrived);
    else if (verdict === "fork") forks.push(arrived);
    else repeats++;
  }
  lane.advance();
  const unfit = new Set<ChainedFrame>(lane.unfit);
  return {
    mark: lane.mark,
    store: store.filter((frame) => !unfit.has(frame)),
    storeVoids,
    // One that arrived just now and did not fit is simply not stored.
    forks: [...forks, ...store.filter((frame) => unfit.has(frame))],
    voidForks,
    unfit: known.frames.filter((frame) => unfit.has(frame)).map((frame) => frame.seq),
    repeats,
  };
}

type Verdict = "new" | "repeat" | "fork";

class Lane {
  mark: PrefixMark;
  readonly unfit: ChainedFrame[] = [];
  readonly #frames: Map<number, ChainedFrame>;
  readonly #voids: ChainedVoid[];
  readonly #released: ReadonlySet<number>;

  constructor(known: LaneKnowledge) {
    this.mark = known.mark;
    this.#released = known.released;
    this.#frames = new Map(known.frames.map((frame) => [frame.seq, frame]));
    this.#voids = [...known.voids];
  }

  takeVoid(arrived: ChainedVoid): Verdict {
    if (this.#voids.some((known) => isSameVoid(known, arrived))) return "repeat";
    const before = this.#promisedChainAt(arrived.fromSeq - 1);
    if (before !== undefined && before !== arrived.chainBefore) return "fork";
    const at = this.#promisedChainAt(arrived.toSeq);
    if (at !== undefined && at !== arrived.chainAt) return "fork";
    this.#voids.push(arrived);
    return "new";
  }

  takeFrame(arrived: ChainedFrame): Verdict {
    if (arrived.seq > this.mark.seq && this.#isOther(arrived)) this.advance();
    const known = this.#frames.get(arrived.seq);
    if (known !== undefined) return known.chain === arrived.chain ? "repeat" : "fork";
    // Its chain is gone with its day: a copy's other frame would be taken for it. Copies do not come so late, because
    // each start opens an epoch of its own.
    if (this.#released.has(arrived.seq)) return "repeat";
    // Its number may be promised as the end of a void, which says what chain it has.
    const at = this.#promisedChainAt(arrived.seq);
    if (at !== undefined && at !== arrived.chain) return "fork";
    const before = this.#promisedChainAt(arrived.seq - 1);
    if (before !== undefined && !fits(arrived, before)) return "fork";
    this.#frames.set(arrived.seq, arrived);
    // A frame that comes after its void fills it: what was charged to the void is now stored.
    if (arrived.seq <= this.mark.seq) this.#count(arrived.sampleCount, -arrived.sampleCount);
    return "new";
  }

  advance(): void {
    while (this.#stepOverFrame() || this.#stepOverVoid());
  }

  #stepOverFrame(): boolean {
    const next = this.#frames.get(this.mark.seq + 1);
    if (next === undefined) return false;
    if (!fits(next, this.mark.chain)) {
      this.#refuse(next);
      return false;
    }
    this.mark = { ...this.mark, seq: next.seq, chain: next.chain, cum: next.cum };
    this.#count(next.sampleCount, 0);
    return true;
  }

  #stepOverVoid(): boolean {
    const { seq, cum } = this.mark;
    for (const gap of this.#voids) {
      if (gap.fromSeq > seq + 1 || gap.toSeq <= seq) continue;
      if (this.#promisedChainAt(gap.fromSeq - 1) !== gap.chainBefore) continue;
      // By `cum` and not by the void's own count: voids merge and grow on the gateway, so that part of one may be counted
      // already; and where it stands for what was released long ago, the gateway no longer knows where that began.
      const beyond = gap.cum - cum;
      let filled = 0;
      for (const frame of this.#frames.values()) {
        if (frame.seq > seq && frame.seq <= gap.toSeq) filled += frame.sampleCount;
      }
      const last = this.#frames.get(gap.toSeq);
      if (last !== undefined && last.chain !== gap.chainAt) {
        this.#refuse(last);
        filled -= last.sampleCount;
      }
      this.mark = { ...this.mark, seq: gap.toSeq, chain: gap.chainAt, cum: gap.cum };
      this.#count(filled, beyond - filled);
      return true;
    }
    return false;
  }

  /** Another frame waits with its number. Where the mark comes to both, the chain says which of them is the true one. */
  #isOther({ seq, chain }: ChainedFrame): boolean {
    const known = this.#frames.get(seq);
    return known !== undefined && known.chain !== chain;
  }

  /**
   * Takes a frame out that waited and does not fit, and those that follow it by their chains: they are the same other
   * journal's. Refused one at a time, each would cost the gateway a go-back.
   */
  #refuse(first: ChainedFrame): void {
    let frame: ChainedFrame | undefined = first;
    while (frame !== undefined) {
      this.#frames.delete(frame.seq);
      this.unfit.push(frame);
      const next = this.#frames.get(frame.seq + 1);
      frame = next !== undefined && fits(next, frame.chain) ? next : undefined;
    }
  }

  /**
   * The chain at `seq`; undefined inside a void, and above the mark, where nothing is known to be right: a fork that
   * waits there must not make the true frame after it look wrong.
   */
  #promisedChainAt(seq: number): bigint | undefined {
    if (seq === 0) return 0n;
    if (seq === this.mark.seq) return this.mark.chain;
    if (seq > this.mark.seq) return undefined;
    return this.#frames.get(seq)?.chain ?? this.#voids.find((gap) => gap.toSeq === seq)?.chainAt;
  }

  #count(frameSamples: number, voidSamples: number): void {
    this.mark = {
      ...this.mark,
      frameSamples: this.mark.frameSamples + frameSamples,
      voidSamples: this.mark.voidSamples + voidSamples,
    };
  }
}

function isSameVoid(a: ChainedVoid, b: ChainedVoid): boolean {
  return (
    a.fromSeq === b.fromSeq &&
    a.toSeq === b.toSeq &&
    a.chainBefore === b.chainBefore &&
    a.chainAt === b.chainAt
  );
}

function fits(frame: ChainedFrame, previous: bigint): boolean {
  return chainAfter(previous, frame.seq, frame.contentCrc) === frame.chain;
}
