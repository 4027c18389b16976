import type Database from "better-sqlite3";
import type { ClockCause, ClockRecord, ClockState } from "@millwright/wire-contract";

/**
 * What is known of the clock segments of this journal, so that frames that are sealed later repeat it (no-loss protocol 2),
 * and a hub that is new is told.
 */

/** Told again to a hub that is new. Starts are told as often; more segments than that are a clock that is set all the time. */
const recordsMax = 1_000;

interface Row {
  readonly segment: number;
  readonly offset_us: number;
  readonly disciplined: number;
  readonly at_us: number;
  readonly cause: ClockCause | null;
  readonly step_us: number;
}

export class ClockTable {
  readonly #put;
  readonly #prune;
  readonly #all;
  readonly #offset;
  readonly #one;

  constructor(db: Database.Database) {
    // Why it began stays when its correction comes.
    this.#put = db.prepare(
      `insert into clock_segment (segment, offset_us, disciplined, at_us, cause, step_us) values (?, ?, ?, ?, ?, ?)
       on conflict (segment) do update set offset_us = excluded.offset_us, disciplined = excluded.disciplined,
         at_us = excluded.at_us`,
    );
    this.#prune = db.prepare(
      "delete from clock_segment where id <= (select max(id) from clock_segment) - ?",
    );
    this.#all = db.prepare<[], Row>("select * from clock_segment order by id");
    this.#one = db.prepare<[number], Pick<Row, "offset_us" | "disciplined">>(
      "select offset_us, disciplined from clock_segment where segment = ?",
    );
    this.#offset = db
      .prepare<[number], number>("select offset_us from clock_segment where segment = ?")
      .pluck();
  }

  /** Inside a transaction. */
  put({ segment, offsetUs, disciplined, atUs, cause, stepUs }: ClockRecord): void {
    this.#put.run(segment, offsetUs, disciplined ? 1 : 0, atUs, cause ?? null, stepUs ?? 0);
    this.#prune.run(recordsMax);
  }

  /** One for each segment, oldest first, as it is known now. */
  all(): ClockRecord[] {
    return this.#all.all().map((row) => ({
      segment: row.segment,
      offsetUs: row.offset_us,
      disciplined: row.disciplined === 1,
      atUs: row.at_us,
      ...(row.cause === null ? {} : { cause: row.cause }),
      ...(row.step_us === 0 ? {} : { stepUs: row.step_us }),
    }));
  }

  /** What is known of a segment; undefined of one from before segments were noted. */
  of(segment: number): ClockState | undefined {
    const row = this.#one.get(segment);
    if (row === undefined) return undefined;
    return { segment, disciplined: row.disciplined === 1, offsetUs: row.offset_us };
  }

  /** As a frame that is sealed now says it. */
  asKnown(clock: ClockState): ClockState {
    // Stamps of a clock that was set need no correction, and ask nothing of the file.
    if (clock.disciplined) return clock;
    const offsetUs = this.#offset.get(clock.segment) ?? clock.offsetUs;
    return offsetUs === clock.offsetUs ? clock : { ...clock, offsetUs };
  }
}
