import { BoundedQueue, type Backoff } from "@millwright/kit";
import type { Epoch, RoadLane } from "@millwright/wire-contract";

import type { OutboxFrame, OutboxLane, SentFrame } from "../hand-over.ts";

/**
 * What of one lane is on the road. It decides what to send next and when to go back, and sends nothing itself. The
 * window counts what the hub has not stored, because an ack does not prove that it will be.
 */

/** 8 MiB of unstored frames of a lane on the road (no-loss protocol 5). */
export const windowBytes = 8 * 2 ** 20;
/** Of captures two pieces: what is written to the socket goes before whatever comes next, an alarm too. */
const captureWindowBytes = 256 * 2 ** 10;
/** Frames that the broker has not answered: enough to hide a round trip of 100 ms at 20,000 frames a second. */
const unackedMax = 2_048;
/**
 * Asked of the journal in one go, so that a critical frame that comes meanwhile waits for this and not for a window. Less
 * would wait more often for the journal's thread than for the road: a frame of history has up to 200 KB.
 */
const pieceBytes = 2 ** 20;
/** No progress of the mark for so long with frames sent: go back to it (no-loss protocol 5). */
const stalledMs = 30_000;

interface Sent {
  readonly epoch: Epoch;
  readonly seq: number;
  readonly bytes: number;
}

export class LaneRoad {
  readonly lane: RoadLane;
  readonly #backoff: Backoff;
  readonly #windowBytes: number;
  #round = 0;
  #sent: Sent[] = [];
  #sentBytes = 0;
  readonly #lastSent = new Map<Epoch, number>();
  #unacked = new BoundedQueue<SentFrame>(unackedMax);
  #progressMs = 0;
  #stoppedUntilMs = -Infinity;
  #refused = false;
  /** Refused in this round: what is on the road has a hole, so the lane goes back before it goes on. */
  #stopped = false;

  constructor(lane: RoadLane, backoff: Backoff) {
    this.lane = lane;
    this.#windowBytes = lane === "capture" ? captureWindowBytes : windowBytes;
    this.#backoff = backoff;
  }

  get round(): number {
    return this.#round;
  }

  /** Nothing more may be sent before the broker answers. */
  get full(): boolean {
    return this.#unacked.full;
  }

  /** The broker has refused frames of this lane, and none was taken since. */
  get refused(): boolean {
    return this.#refused;
  }

  /** The wait after a refusal is over. */
  mayGoOn(nowMs: number): boolean {
    return nowMs >= this.#stoppedUntilMs && this.#stopped;
  }

  /** Milliseconds until something is to be looked at again. */
  dueInMs(nowMs: number): number {
    if (this.#stopped) return Math.max(0, this.#stoppedUntilMs - nowMs);
    if (this.#sent.length > 0) return Math.max(0, this.#progressMs + stalledMs - nowMs);
    return Infinity;
  }

  /** Everything above the marks is sent again, under a round of its own. */
  goBack(round: number, nowMs: number): void {
    this.#round = round;
    this.#stopped = false;
    this.#sent = [];
    this.#sentBytes = 0;
    this.#lastSent.clear();
    this.#unacked = new BoundedQueue(unackedMax);
    this.#progressMs = nowMs;
  }

  /** Takes note of how far the hub has stored. */
  stored(positions: readonly OutboxLane[], nowMs: number): void {
    const storedSeq = new Map(positions.map((lane) => [lane.epoch, lane.storedSeq]));
    const before = this.#sent.length;
    // A lane that is not held any more is safe to its end.
    this.#sent = this.#sent.filter(({ epoch, seq }) => seq > (storedSeq.get(epoch) ?? Infinity));
    if (this.#sent.length === before) return;
    this.#progressMs = nowMs;
    this.#sentBytes = this.#sent.reduce((sum, { bytes }) => sum + bytes, 0);
    // All is stored, so acks that are still missing were lost on the way and must not hold up the lane.
    if (this.#sent.length === 0) this.#unacked = new BoundedQueue(unackedMax);
  }

  stalled(nowMs: number): boolean {
    return this.#sent.length > 0 && nowMs - this.#progressMs >= stalledMs;
  }

  /** Something waits that was not handed to the road yet, for whatever reason. */
  hasUnsent(positions: readonly OutboxLane[]): boolean {
    return positions.some(({ epoch, storedSeq, headSeq }) => {
      return Math.max(storedSeq, this.#lastSent.get(epoch) ?? 0) < headSeq;
    });
  }

  /** What to ask the journal for now; `undefined` when nothing may be or needs to be sent. */
  next(
    positions: readonly OutboxLane[],
  ): { readonly epoch: Epoch; readonly afterSeq: number; readonly bytesMax: number } | undefined {
    if (this.#stopped || this.#unacked.full) return undefined;
    const room = this.#windowBytes - this.#sentBytes;
    if (room <= 0) return undefined;
    for (const { epoch, storedSeq, headSeq } of positions) {
      const afterSeq = Math.max(storedSeq, this.#lastSent.get(epoch) ?? 0);
      if (afterSeq < headSeq) return { epoch, afterSeq, bytesMax: Math.min(room, pieceBytes) };
    }
    return undefined;
  }

  /** What `next` will say when these frames, which are one piece, have been handed to the road. */
  following(
    positions: readonly OutboxLane[],
    piece: readonly OutboxFrame[],
  ): ReturnType<LaneRoad["next"]> {
    const last = piece.at(-1);
    const position = positions.find(({ epoch }) => epoch === last?.epoch);
    if (last === undefined || position === undefined) return undefined;
    const bytes = piece.reduce((sum, frame) => sum + frame.bytes.length, this.#sentBytes);
    const room = this.#windowBytes - bytes;
    const answersRoom = unackedMax - this.#unacked.size - piece.length;
    if (room <= 0 || answersRoom <= 0 || last.seq >= position.headSeq) return undefined;
    return { epoch: last.epoch, afterSeq: last.seq, bytesMax: Math.min(room, pieceBytes) };
  }

  /** Answers whether the frame may be handed to the road now. */
  sending(frame: OutboxFrame, nowMs: number): boolean {
    const { bytes, ...sent } = frame;
    if (!this.#unacked.offer(sent)) return false;
    if (this.#sent.length === 0) this.#progressMs = nowMs;
    this.#sent.push({ epoch: frame.epoch, seq: frame.seq, bytes: bytes.length });
    this.#sentBytes += bytes.length;
    this.#lastSent.set(frame.epoch, frame.seq);
    return true;
  }

  /** The broker took the oldest frame that it had not answered. */
  acked(round: number): SentFrame | undefined {
    if (round !== this.#round) return undefined;
    const frame = this.#unacked.shift();
    if (this.#stopped) return frame;
    this.#backoff.succeeded();
    this.#refused = false;
    return frame;
  }

  /** The broker refused a frame: this lane alone stops, and goes back after a while. Answers whether that is news. */
  refusedBy(round: number, nowMs: number): boolean {
    // One answer for each frame of the window comes; the first one has said it all.
    if (round !== this.#round || this.#stopped) return false;
    const news = !this.#refused;
    this.#refused = true;
    this.#stopped = true;
    this.#stoppedUntilMs = nowMs + this.#backoff.nextMs();
    return news;
  }
}
