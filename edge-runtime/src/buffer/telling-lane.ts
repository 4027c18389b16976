import { Teller } from "@millwright/telling";
import { parseFrame, type Dictionary, type Telling } from "@millwright/wire-contract";

import type { Loss } from "../hand-over.ts";
import type { FactTable } from "./fact-table.ts";
import { Gathering, rowsPerHistoryFrame, type Gathered, type Hearing } from "./gathering.ts";
import { keyOf, seqOf, type ToldLane } from "./lane-book.ts";
import type { RawTier } from "./raw-tier.ts";
import { Recordings } from "./recordings.ts";
import type { KeptPart } from "./sample-lane.ts";
import { sampleFieldsOf, type Moment, type Sealer } from "./sealing.ts";
import type { ToldTable } from "./told-table.ts";

/**
 * What of the samples the hub is told, in the transaction that keeps them. Where all is told, a told frame is a second
 * head over the body that is there already. Where the tags have rules, told rows are gathered into frames of their own;
 * so they are for the history lane, which has time: many samples of one tag in a frame take half the bytes.
 *
 * Rows that are gathered are not yet in any told frame, and a line of a swinging door may reach back behind them. So
 * once a minute all open lines are ended, and the journal notes up to where everything is told; after a crash what lies
 * behind that note is told again in full, and the hub drops what it has by its identity.
 */

/**
 * With fewer samples of a tag in a history frame than these, gathering saves next to nothing: the frame that is there
 * already is told as it is, and neither the processor nor the medium has it twice.
 */
const samplesPerTagMin = 8;
/** "told to" of a journal that gathers nothing: whatever is kept is told in the same transaction. */
const everything = Number.MAX_SAFE_INTEGER;
/** How far a crash can make us tell samples twice, and how long a swinging door holds a value back at most. */
const noteEveryMs = 60_000;

export class TellingLane {
  readonly #parts;
  readonly #gathering: Gathering;
  readonly #recordings: Recordings;
  #hearing: Hearing | undefined;
  /** Parts of the group under way, and how many of it were heard by an earlier try that found no room. */
  #part = 0;
  #partsHeard = 0;
  /** Since the last note: samples heard and told, and the time that they cover. */
  #heard = 0;
  #told = 0;
  #fromUs = Infinity;
  #toUs = -Infinity;
  #notedMs = -Infinity;
  /** Tags that somebody is looking at. */
  #watched: readonly number[] = [];
  /** Tags whose rule holds something back. */
  #thinned: ReadonlySet<number> = new Set();
  /** What was gathered is sealed with the next commit. */
  #noteNext = false;
  /** "told to" as it is on disk, and as the transaction under way writes it. */
  #toldTo = NaN;
  #toldToNext = NaN;
  /** Among what is gathered is the state of all tags, for a hub that has just come back: it goes by the live lane. */
  hasSnapshot = false;
  /** Whether the rule of any tag holds something back. */
  #thins = false;
  /** Whether there are few enough tags for history frames of their own. */
  #gathersHistory = true;

  constructor(parts: {
    readonly sealer: Sealer;
    readonly toldFrames: ToldTable;
    readonly facts: FactTable;
    readonly raw: RawTier;
    /** Told rows wait so long for others of their frame. */
    readonly tellEveryMs: number;
    readonly claim: (loss: Loss) => void;
  }) {
    this.#parts = parts;
    this.#gathering = new Gathering(parts);
    this.#recordings = new Recordings(new Gathering(parts));
  }

  /** Tells again what the run before had kept and may not have told. First thing in a new epoch. */
  catchUp({ rank, nowUs }: Moment): void {
    const { facts, raw, sealer, toldFrames, claim } = this.#parts;
    const toldTo = facts.number("told to");
    if (toldTo === undefined) return;
    for (const { id, samples, firstUs, lastUs, bytes } of raw.framesAfter(toldTo)) {
      const parsed = parseFrame(bytes);
      if (parsed.kind !== "frame") {
        // In no lane yet, so that no void will stand for it.
        const [reason, count] = ["frame corrupt", { kind: "exact", samples }] as const;
        claim({ reason, scope: { kind: "gateway" }, fromUs: firstUs, toUs: lastUs, count });
        // Taken out, or the tiers would find it once more.
        raw.remove(id);
        continue;
      }
      const fields = { ...sampleFieldsOf(parsed.head), sealedUs: nowUs, late: true };
      // Numbers of raw frames count within an epoch, and these are of another one.
      const sealed = sealer.told("history", fields, { rawFrom: 0, rawTo: 0 }, parsed.body);
      toldFrames.put(rank, "history", { sealed, rawFrom: id, rawTo: id, shared: true });
    }
    facts.set("told to", keyOf(rank, 0));
  }

  /** What was gathered was named by the dictionary before. */
  adopt(at: Moment, lane: ToldLane, { book }: Dictionary, nowMs: number): void {
    this.#endLines(nowMs, lane);
    this.#gathering.seal(at, true);
    this.#recordings.seal(at, nowMs, true);
    this.#hearing = undefined;
    const thinned = book.indices.filter((index) => isThinned(book.traitsOf(index)?.telling));
    this.#thinned = new Set(thinned);
    this.#thins = thinned.length > 0;
    this.#gathersHistory = book.size * samplesPerTagMin <= rowsPerHistoryFrame;
    this.#noteTold(this.#thins ? keyOf(at.rank, this.#parts.sealer.heads.raw.seq) : everything);
  }

  /** @param lane where frames go that are sealed now */
  tell({ rank }: Moment, nowMs: number, lane: ToldLane, part: KeptPart): void {
    const { fields, body, bodyCrc, id } = part;
    const asItIs = !this.#thins && (lane === "live" || !this.#gathersHistory);
    // Of a device's history nothing is held back: it was asked for, and there is little of it.
    if (asItIs || fields.late) {
      const { sealer, toldFrames } = this.#parts;
      const from = { rawFrom: seqOf(id), rawTo: seqOf(id) };
      const sealed = sealer.told(lane, fields, from, body, bodyCrc);
      toldFrames.put(rank, lane, { sealed, rawFrom: id, rawTo: id, shared: true });
      return;
    }
    // A group that found no room is handed in again, and a teller hears each sample once.
    if (this.#part++ < this.#partsHeard) return;
    this.#partsHeard = this.#part;
    const hearing = this.#hearingOf(part, nowMs, lane);
    hearing.rawTo = id;
    const gathered = this.#gathering.of(hearing, lane, nowMs);
    gathered.rawTo = id;
    gathered.fromUs = Math.min(gathered.fromUs, fields.firstUs);
    const before = gathered.rows.count;
    hearing.teller.tell(part.columns, gathered.rows);
    this.#heard += part.columns.count;
    this.#told += this.#recordings.countBeside(gathered.rows, before);
    this.#told += this.#recordings.tell(part, hearing, nowMs);
    this.#fromUs = Math.min(this.#fromUs, fields.firstUs);
    this.#toUs = Math.max(this.#toUs, fields.lastUs);
  }

  /** Tags that are told in full, with each commit, from here on. */
  watch(tags: readonly number[]): void {
    if (tags.length === 0 && this.#watched.length === 0) return;
    this.#watched = tags;
    this.#hearing?.teller.watch(tags);
  }

  /** Tags that are told in full by order from here on. Those whose rule is to tell all need no other way. */
  record(tags: readonly number[], nowMs: number, lane: ToldLane): void {
    const next = new Set(tags.filter((tag) => this.#thinned.has(tag)));
    const { tags: now } = this.#recordings;
    if (next.size === now.size && [...next].every((tag) => now.has(tag))) return;
    // A line that is open now is told by the rule alone, and is counted so.
    this.#endLines(nowMs, lane);
    this.#recordings.change(next);
  }

  /** With the next commit everything kept is told, or claimed as within its bound. */
  noteNext(): void {
    this.#noteNext = true;
  }

  /** The newest sample of each tag is told, whatever its rule (no-loss protocol 4.2). */
  snapshot(nowMs: number): void {
    // Where all is told, the next samples go by the live lane anyway.
    if (this.#hearing === undefined || !this.#thins) return;
    this.hasSnapshot = true;
    const { rows } = this.#gathering.of(this.#hearing, "live", nowMs);
    this.#told += this.#hearing.teller.snapshot(rows, this.#recordings.tags);
  }

  /** Seals what is due, after the parts of a commit. @param last the journal is being closed */
  seal(at: Moment, nowMs: number, lane: ToldLane, last: boolean): void {
    const asked = last || this.#noteNext;
    const notes = this.#thins && (asked || nowMs - this.#notedMs >= noteEveryMs);
    if (notes) this.#note(at, nowMs, lane);
    this.#recordings.seal(at, nowMs, asked || notes);
    const { open } = this.#gathering;
    if (open === undefined) return;
    const due =
      asked ||
      notes ||
      open.lane !== lane ||
      this.#isAsked(open) ||
      this.#gathering.dueInMs(nowMs) === 0;
    this.#gathering.seal(at, due);
    if (!this.#thins) this.#noteTold(due ? everything : open.rawFrom - 1);
  }

  /** Milliseconds until something that was gathered is to be sealed; Infinity when nothing waits. */
  dueInMs(nowMs: number, lane: ToldLane): number {
    const { open } = this.#gathering;
    // The hub has caught up: what was gathered meanwhile need not wait for company.
    if (open !== undefined && open.lane !== lane) return 0;
    if (this.#noteNext) return 0;
    const notes = this.#thins && this.#heard > 0;
    const noteInMs = notes ? Math.max(0, this.#notedMs + noteEveryMs - nowMs) : Infinity;
    return Math.min(noteInMs, this.#gathering.dueInMs(nowMs));
  }

  /** The transaction was kept. */
  kept(): void {
    this.#gathering.kept();
    if (this.#gathering.open === undefined) this.hasSnapshot = false;
    this.#recordings.kept();
    this.#noteNext = false;
    this.#part = 0;
    this.#partsHeard = 0;
    this.#toldTo = this.#toldToNext;
  }

  /** The transaction was taken back, and the same group comes again. */
  takenBack(): void {
    this.#gathering.takenBack();
    this.#recordings.takenBack();
    this.#part = 0;
    this.#toldToNext = this.#toldTo;
  }

  /** Least time of samples that were heard and may not be in a told frame yet, µs; Infinity when there are none. */
  get untoldFromUs(): number {
    if (this.#thins) return this.#fromUs;
    return Math.min(this.#gathering.fromUs, this.#recordings.untoldFromUs);
  }

  /** Somebody waits for it. */
  #isAsked({ lane }: Gathered): boolean {
    return this.hasSnapshot || (lane === "live" && this.#watched.length > 0);
  }

  #noteTold(toldTo: number): void {
    if (toldTo === this.#toldToNext) return;
    this.#toldToNext = toldTo;
    this.#parts.facts.set("told to", toldTo);
  }

  #hearingOf(
    { dictionary, fields: { clock }, id }: KeptPart,
    nowMs: number,
    lane: ToldLane,
  ): Hearing {
    const hearing = this.#hearing;
    if (hearing?.clock.segment === clock.segment && hearing.dictionary === dictionary) {
      return hearing;
    }
    // No line crosses a step of the clock.
    this.#endLines(nowMs, lane);
    const teller = new Teller(dictionary.book);
    teller.watch(this.#watched);
    this.#hearing = { teller, dictionary, clock, rawTo: id };
    return this.#hearing;
  }

  /** Everything kept so far is told, or lies within the bound of what is, once what was gathered is sealed with it. */
  #note({ rank }: Moment, nowMs: number, lane: ToldLane): void {
    const { sealer, claim } = this.#parts;
    this.#endLines(nowMs, lane);
    this.#notedMs = nowMs;
    this.#noteTold(keyOf(rank, sealer.heads.raw.seq));
    const samples = this.#heard - this.#told;
    if (samples > 0) {
      claim({
        reason: "told within bound",
        scope: { kind: "gateway" },
        fromUs: this.#fromUs,
        toUs: this.#toUs,
        count: { kind: "exact", samples },
      });
    }
    this.#heard = 0;
    this.#told = 0;
    this.#fromUs = Infinity;
    this.#toUs = -Infinity;
  }

  #endLines(nowMs: number, lane: ToldLane): void {
    if (this.#hearing === undefined) return;
    const { rows } = this.#gathering.of(this.#hearing, lane, nowMs);
    const before = rows.count;
    this.#hearing.teller.flush(rows);
    this.#told += this.#recordings.countBeside(rows, before);
  }
}

/** Whether the rule of a tag holds something back. */
function isThinned(telling: Telling | undefined): boolean {
  return telling !== undefined && telling.rule !== "full";
}
