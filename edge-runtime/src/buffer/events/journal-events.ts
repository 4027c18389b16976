/**
 * Events in the journal: each is a row for queries and a line of a critical frame for the hub, both in one transaction.
 * They have a share of the byte budget of their own and are never shed for samples. When the share is full the oldest
 * that the hub has safely go; when it has none of them, nothing more is taken (docs/adr/0024).
 */
import { parseFrame } from "@millwright/wire-contract";
import { decodeEvents, encodeEvents, type EventLine } from "@millwright/wire-contract/events";

import type { EventQuery, Loss } from "../../hand-over.ts";
import type { CriticalLane } from "../critical-lane.ts";
import type { FrameTable } from "../frame-table.ts";
import type { HeldFrames } from "../held-frames.ts";
import { keyOf, rankOf, seqOf } from "../lane-book.ts";
import type { Moment } from "../sealing.ts";
import { sizeOf, type EventTable } from "./event-table.ts";

/** Of one frame; a broker takes a megabyte by default. */
const frameBytesMax = 256 * 1_024;
/** Looked at together while room is made. */
const letGoMax = 256;
/** Told again with one slice of work between commits: a frame or two. */
const toldAgainMax = 1_000;

/** Without its number: that is given in the transaction that keeps it. */
export type EventDraft = Omit<EventLine, "number">;

export type EventsKept =
  { readonly kind: "kept"; readonly firstNumber: number } | { readonly kind: "full" };

export class JournalEvents {
  readonly #table: EventTable;
  readonly #held: HeldFrames;
  readonly #frames: FrameTable;
  readonly #critical: CriticalLane;
  readonly #bytesMax: number;
  readonly #journalUs: () => number;
  readonly #claim: (loss: Loss) => void;
  #lastNumber: number;
  /** Of all rows. */
  #rowBytes: number;
  /** Of those that wait in frames as well; grows until it is reckoned anew, which is done when the share seems full. */
  #waitingBytes: number;
  #untold: boolean;
  /** How far the hub was when nothing could be let go: until it has moved nothing can. */
  #fullAt: string | undefined;

  /** @param bytesMax of rows and of the frames that wait with them */
  constructor(parts: {
    readonly table: EventTable;
    readonly held: HeldFrames;
    readonly frames: FrameTable;
    readonly critical: CriticalLane;
    readonly bytesMax: number;
    /** When the journal was begun. */
    readonly journalUs: () => number;
    readonly claim: (loss: Loss) => void;
  }) {
    this.#table = parts.table;
    this.#held = parts.held;
    this.#frames = parts.frames;
    this.#critical = parts.critical;
    this.#bytesMax = parts.bytesMax;
    this.#journalUs = parts.journalUs;
    this.#claim = parts.claim;
    this.#lastNumber = this.#table.lastNumber;
    this.#rowBytes = this.#table.bytes;
    this.#waitingBytes = this.#table.waitingBytes;
    this.#untold = this.#table.untold(1).length > 0;
  }

  /** What of the file is theirs and not the samples', at most their share. */
  get usedBytes(): number {
    return Math.min(this.#rowBytes + this.#waitingBytes, this.#bytesMax);
  }

  /** Some have to be told again. */
  get hasUntold(): boolean {
    return this.#untold;
  }

  /**
   * Numbers them, puts them in and seals them, with what parts have saved since. Inside a transaction.
   *
   * @param states JSON by part
   */
  keep(at: Moment, drafts: readonly EventDraft[], states: ReadonlyMap<string, string>): EventsKept {
    const firstNumber = this.#lastNumber + 1;
    const lines = drafts.map((draft, index) => ({ ...draft, number: firstNumber + index }));
    const bytes = lines.reduce((sum, line) => sum + sizeOf(line), 0);
    if (lines.length > 0 && !this.#makeRoom(at, 2 * bytes)) return { kind: "full" };
    for (const [line, frame] of this.#tell(at, lines)) this.#table.put(line, frame);
    for (const [part, json] of states) this.#table.setState(part, json);
    this.#lastNumber += lines.length;
    this.#rowBytes += bytes;
    this.#waitingBytes += bytes;
    return { kind: "kept", firstNumber };
  }

  /** The transaction was rolled back. */
  takenBack(): void {
    this.#lastNumber = this.#table.lastNumber;
    this.#rowBytes = this.#table.bytes;
    this.#waitingBytes = this.#table.waitingBytes;
    this.#untold = this.#table.untold(1).length > 0;
    this.#fullAt = undefined;
  }

  list(query: EventQuery): EventLine[] {
    return this.#table.list(query);
  }

  states(): Map<string, string> {
    return this.#table.states();
  }

  /** Frames of this epoch above a number are gone: what they said of events is told again. Inside a transaction. */
  tellAgainAfter(rank: number, seq: number): void {
    this.#tellAgain(keyOf(rank, seq), keyOf(rank + 1, 0) - 1);
  }

  /** A hub that is new is not asked for epochs before this one. Inside a transaction. */
  tellAgainBefore(rank: number): void {
    if (rank > 1) this.#tellAgain(0, keyOf(rank, 0));
  }

  #tellAgain(afterId: number, toId: number): void {
    if (this.#table.forgetFrames(afterId, toId) > 0) this.#untold = true;
  }

  /** Tells some of those that no frame tells any more. Inside a transaction. */
  tellSome(at: Moment): void {
    const lines = this.#table.untold(toldAgainMax);
    for (const [line, frame] of this.#tell(at, lines)) {
      this.#table.setFrame(line.number, frame);
      this.#waitingBytes += sizeOf(line);
    }
    this.#untold = lines.length === toldAgainMax;
  }

  /**
   * Texts of these lay on pages that have changed. What a frame still says is put back; where none does the ledger says it.
   * Inside a transaction.
   */
  giveUp(numbers: readonly number[]): void {
    for (const number of numbers) {
      const place = this.#table.place(number);
      if (place === undefined) continue;
      const told = this.#toldIn(place.frame).find((line) => line.number === number);
      if (told !== undefined) {
        this.#table.setJson(number, told.json);
        continue;
      }
      this.#table.remove(number);
      const { atUs } = place;
      const count = { kind: "exact", samples: 0 } as const;
      const scope = { kind: "gateway" } as const;
      this.#claim({ reason: "frame corrupt", scope, fromUs: atUs, toUs: atUs, count });
    }
    if (numbers.length > 0) this.takenBack();
  }

  #toldIn(frame: number): readonly EventLine[] {
    if (frame === 0) return [];
    const seq = seqOf(frame);
    const [item] = this.#frames.after(rankOf(frame), "critical", seq - 1, seq, 1);
    if (item?.kind !== "frame") return [];
    const parsed = parseFrame(item.whole);
    if (parsed.kind !== "frame" || parsed.head.content !== "events") return [];
    const read = decodeEvents(parsed.body);
    return "kind" in read ? [] : read.lines;
  }

  /** Seals lines into as few frames as hold them. @returns each line with the key of its frame */
  *#tell(at: Moment, lines: readonly EventLine[]): Iterable<readonly [EventLine, number]> {
    let from = 0;
    while (from < lines.length) {
      let to = from;
      for (let bytes = 0; to < lines.length && bytes < frameBytesMax; to++) {
        bytes += sizeOf(lines[to] as EventLine);
      }
      const some = lines.slice(from, to);
      const frame = this.#critical.tellEvents(
        at,
        encodeEvents({ journalUs: this.#journalUs(), lines: some }),
      );
      for (const line of some) yield [line, frame];
      from = to;
    }
  }

  #makeRoom(at: Moment, bytes: number): boolean {
    const wanted = this.#bytesMax - bytes;
    if (this.#rowBytes + this.#waitingBytes <= wanted) return true;
    // Marks that are known and not written yet: what they prove can go without being missed.
    this.#held.release(at.rank);
    const standsAt = this.#standsAt();
    if (standsAt === this.#fullAt) return false;
    this.#letGo(wanted);
    const fits = this.#rowBytes + this.#waitingBytes <= wanted;
    this.#fullAt = fits ? undefined : standsAt;
    return fits;
  }

  /** Lets the oldest go that the hub has safely, until what is left is no more than `wanted`. */
  #letGo(wanted: number): void {
    this.#waitingBytes = this.#table.waitingBytes;
    while (this.#rowBytes + this.#waitingBytes > wanted) {
      const safe = this.#table.safe(letGoMax);
      for (const { number, size } of safe) {
        // The newest row stays whatever it is: the next number follows from it.
        if (this.#rowBytes + this.#waitingBytes <= wanted || number === this.#lastNumber) return;
        this.#table.remove(number);
        this.#rowBytes -= size;
      }
      if (safe.length < letGoMax) return;
    }
  }

  /** Nothing but the hub moves this. */
  #standsAt(): string {
    const lanes = this.#held.book.lanes.filter(({ lane }) => lane === "critical");
    return lanes.map(({ rank, base }) => `${rank}:${base.seq}`).join(" ");
  }
}
