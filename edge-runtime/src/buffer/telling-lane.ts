import {
  parseFrame,
  type Dictionary,
  type SampleColumns,
  type TagDefinition,
} from "@millwright/wire-contract";
import { Teller, ToldRows } from "@millwright/telling";

import type { Loss } from "../hand-over.ts";
import type { FactTable } from "./fact-table.ts";
import type { FrameTable } from "./frame-table.ts";
import { keyOf, seqOf, type ToldLane } from "./lane-book.ts";
import type { RawTier } from "./raw-tier.ts";
import { bodiesOf, fieldsOf, type Moment, type SampleFields, type Sealer } from "./sealing.ts";

/**
 * What of the samples the hub is told, in the transaction that keeps them. Where all is told, a told frame is a second
 * head over the body that is there already. Where the tags have rules, told rows are gathered into frames of their own.
 *
 * Rows that are gathered are not yet in any told frame, and a line of a swinging door may reach back behind them. So
 * once a minute all open lines are ended, and the journal notes up to where everything is told; after a crash what lies
 * behind that note is told again in full, and the hub drops what it has by its identity.
 */

/** A frame of so many rows is sealed at once: more would not compress better by much (architecture 7). */
const rowsPerFrame = 1_000;
/** How far a crash can make us tell samples twice, and how long a swinging door holds a value back at most. */
const markEveryMs = 60_000;

/** A sample frame as it was just kept. */
export interface KeptPart {
  readonly columns: SampleColumns;
  readonly dictionary: Dictionary;
  readonly fields: SampleFields;
  readonly body: Uint8Array;
  /** Key of its row. */
  readonly id: number;
}

interface OpenFrame {
  readonly dictionary: Dictionary;
  readonly late: boolean;
  readonly segment: number;
  readonly rows: ToldRows;
  readonly rawFrom: number;
  rawTo: number;
  readonly openedMs: number;
}

export class TellingLane {
  readonly #parts;
  #teller: Teller | undefined;
  /** Rows that wait for their frame. Only the last one grows. */
  #open: OpenFrame[] = [];
  /** How many of `#open` were sealed by the transaction under way. */
  #sealed = 0;
  /** Parts of the group under way, and how many of it were gathered by an earlier try that found no room. */
  #part = 0;
  #partsGathered = 0;
  /** Since the last note: samples kept and told, and the time that they cover. */
  #kept = 0;
  #told = 0;
  #fromUs = Infinity;
  #toUs = -Infinity;
  #notedMs = -Infinity;
  /** Whether a rule holds anything back. */
  #thins = false;

  constructor(parts: {
    readonly sealer: Sealer;
    readonly frames: FrameTable;
    readonly facts: FactTable;
    readonly raw: RawTier;
    /** Told rows wait so long for others of their frame. */
    readonly tellEveryMs: number;
    readonly claim: (loss: Loss) => void;
  }) {
    this.#parts = parts;
  }

  /** Samples told out of those kept, since the start. */
  readonly counts: { kept: number; told: number } = { kept: 0, told: 0 };

  /** Tells again what the run before had kept and may not have told. First thing in a new epoch. */
  catchUp({ rank, nowUs }: Moment): void {
    const { facts, raw, sealer, frames } = this.#parts;
    const toldTo = facts.number("told to");
    if (toldTo === undefined) return;
    for (const row of raw.framesAfter(toldTo)) {
      const parsed = parseFrame(row.bytes);
      if (parsed.kind !== "frame") continue;
      const { sampleCount, dictionary, firstUs, lastUs, clock } = parsed.head;
      const fields = { sampleCount, dictionary, firstUs, lastUs, clock, sealedUs: nowUs, late: true };
      // Numbers of raw frames count within an epoch, and these are of another one.
      const sealed = sealer.told("history", fields, { rawFrom: 0, rawTo: 0 }, parsed.body);
      frames.putTold(rank, "history", { sealed, rawFrom: row.id, rawTo: row.id, shared: true });
    }
    facts.set("told to", keyOf(rank, 0));
  }

  /** What was gathered was named by the dictionary before. */
  adopt(at: Moment, lane: ToldLane, tags: readonly TagDefinition[]): void {
    this.#endLines();
    this.#sealAll(at, lane);
    this.kept();
    this.#thins = tags.some(({ telling }) => telling !== undefined && telling.rule !== "full");
    this.#teller = this.#thins ? new Teller(tags) : undefined;
    const { facts, sealer } = this.#parts;
    const toldTo = this.#thins ? keyOf(at.rank, sealer.heads.raw.seq) : Number.MAX_SAFE_INTEGER;
    facts.set("told to", toldTo);
  }

  /** @param lane where frames go that are sealed now */
  tell({ rank }: Moment, nowMs: number, lane: ToldLane, part: KeptPart): void {
    // From a device's history nothing is held back: it was asked for, and there is little of it.
    if (!this.#thins || part.fields.late) {
      const { sealer, frames } = this.#parts;
      const { id, fields, body } = part;
      const seq = seqOf(id);
      const sealed = sealer.told(lane, fields, { rawFrom: seq, rawTo: seq }, body);
      frames.putTold(rank, lane, { sealed, rawFrom: id, rawTo: id, shared: true });
      return;
    }
    // The group is handed in again when it found no room; a teller hears each sample once.
    if (this.#part++ < this.#partsGathered) return;
    this.#partsGathered = this.#part;
    const frame = this.#frameFor(part, nowMs);
    const before = frame.rows.count;
    this.#teller?.tell(part.columns, frame.rows);
    frame.rawTo = part.id;
    this.#count(part.columns.count, frame.rows.count - before);
    this.#fromUs = Math.min(this.#fromUs, part.fields.firstUs);
    this.#toUs = Math.max(this.#toUs, part.fields.lastUs);
  }

  /** Seals what is due. After the parts of a commit. @param last the journal is being closed */
  seal(at: Moment, nowMs: number, lane: ToldLane, last: boolean): void {
    if (!this.#thins) return;
    if (last || nowMs - this.#notedMs >= markEveryMs) this.#note(at, nowMs);
    const open = this.#open.at(-1);
    const due =
      open !== undefined &&
      (last ||
        open.rows.count >= rowsPerFrame ||
        nowMs - open.openedMs >= this.#parts.tellEveryMs);
    if (due) this.#sealAll(at, lane);
    else if (this.#open.length > 1) this.#sealAll(at, lane, this.#open.length - 1);
  }

  /** The transaction was kept. */
  kept(): void {
    this.#open.splice(0, this.#sealed);
    this.#sealed = 0;
    this.#part = 0;
    this.#partsGathered = 0;
  }

  /** The transaction was taken back; the same group comes again. */
  takenBack(): void {
    this.#sealed = 0;
    this.#part = 0;
  }

  #frameFor({ fields, dictionary, id }: KeptPart, nowMs: number): OpenFrame {
    const { late, clock } = fields;
    const open = this.#open.at(-1);
    if (open?.late === late && open.segment === clock.segment && open.dictionary === dictionary) {
      return open;
    }
    // A line must not cross a step of the clock.
    this.#endLines();
    this.#teller = new Teller(dictionary.tags);
    const { segment } = clock;
    const rows = new ToldRows();
    const frame = { dictionary, late, segment, rows, rawFrom: id, rawTo: id, openedMs: nowMs };
    this.#open.push(frame);
    return frame;
  }

  /** Everything kept so far is told, or is within the bound of what is. */
  #note({ rank }: Moment, nowMs: number): void {
    const { facts, sealer, claim } = this.#parts;
    this.#endLines();
    this.#notedMs = nowMs;
    facts.set("told to", keyOf(rank, sealer.heads.raw.seq));
    const samples = this.#kept - this.#told;
    if (samples > 0) {
      claim({
        reason: "told within bound",
        scope: { kind: "gateway" },
        fromUs: this.#fromUs,
        toUs: this.#toUs,
        count: { kind: "exact", samples },
      });
    }
    this.#kept = 0;
    this.#told = 0;
    this.#fromUs = Infinity;
    this.#toUs = -Infinity;
  }

  #endLines(): void {
    const open = this.#open.at(-1);
    if (open === undefined) return;
    const before = open.rows.count;
    this.#teller?.flush(open.rows);
    this.#count(0, open.rows.count - before);
  }

  #count(kept: number, told: number): void {
    this.#kept += kept;
    this.#told += told;
    this.counts.kept += kept;
    this.counts.told += told;
  }

  #sealAll({ rank, nowUs }: Moment, lane: ToldLane, upTo = this.#open.length): void {
    const { sealer, frames } = this.#parts;
    for (const { rows, dictionary, late, segment, rawFrom, rawTo } of this.#open.slice(0, upTo)) {
      // Each of these samples was in a frame of the same size or larger just before.
      for (const { body, columns } of bodiesOf(rows.columns(), dictionary, () => undefined)) {
        const fields = fieldsOf(columns, dictionary, { late, segment }, nowUs);
        const from = { rawFrom: seqOf(rawFrom), rawTo: seqOf(rawTo) };
        const sealed = sealer.told(lane, fields, from, body);
        frames.putTold(rank, lane, { sealed, rawFrom, rawTo, shared: false });
      }
    }
    this.#sealed = upTo;
  }
}
