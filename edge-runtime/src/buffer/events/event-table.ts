/** The rows of events and of what parts save: how they are put in, found and taken out. No decisions are made here. */
import type Database from "better-sqlite3";
import { eventKinds, type EventLine } from "@millwright/wire-contract/events";

import type { EventQuery } from "../../hand-over.ts";

/**
 * Made where it is missing and not by a migration: a program of before sends the frames and does not look at these tables,
 * so that a gateway can go back to it. `frame` is the key of the critical frame that tells the event, 0 while none does.
 * The text comes last, so that only its overflow pages can be given up alone.
 */
const schema = `
create table if not exists event (
  number integer primary key,
  kind integer not null,
  at_us integer not null,
  frame integer not null,
  asset text not null,
  subject text not null,
  json text not null
);
create index if not exists event_by_kind on event (kind);
create index if not exists event_by_time on event (at_us);
create index if not exists event_by_kind_and_time on event (kind, at_us);
create index if not exists event_by_subject on event (subject);
create index if not exists event_untold on event (number) where frame = 0;
create table if not exists saved_state (part text primary key, json text not null) without rowid;
`;

/**
 * What a row costs with its places in the indexes, as the file grows by it: rows fill their pages to three quarters.
 * In SQL and here the same.
 */
const rowSize =
  "((octet_length(json) + octet_length(asset) + 2 * octet_length(subject) + 86) * 5 / 4)";
/** Their frames have not been released: the hub may not have them. What no frame tells is among them. */
const waits = "(frame = 0 or exists (select 1 from critical_frame where id = event.frame))";

export function sizeOf({ json, asset, subject }: EventLine): number {
  const bytes =
    Buffer.byteLength(json) + Buffer.byteLength(asset) + 2 * Buffer.byteLength(subject) + 86;
  return Math.floor((bytes * 5) / 4);
}

interface EventRow {
  readonly number: number;
  readonly kind: number;
  readonly at_us: number;
  readonly frame: number;
  readonly asset: string;
  readonly subject: string;
  readonly json: string;
}

export class EventTable {
  readonly #db;
  readonly #insert;
  readonly #last;
  readonly #untold;
  readonly #setFrame;
  readonly #forgetFrames;
  readonly #bytes;
  readonly #waitingBytes;
  readonly #safe;
  readonly #remove;
  readonly #place;
  readonly #setJson;
  readonly #states;
  readonly #setState;

  constructor(db: Database.Database) {
    db.exec(schema);
    this.#db = db;
    this.#insert = db.prepare(
      "insert into event (number, kind, at_us, frame, asset, subject, json) values (?, ?, ?, ?, ?, ?, ?)",
    );
    this.#last = db.prepare<[], number | null>("select max(number) from event").pluck();
    this.#untold = db.prepare<[number], EventRow>(
      "select * from event where frame = 0 order by number limit ?",
    );
    this.#setFrame = db.prepare("update event set frame = ? where number = ?");
    // A frame that is still here tells its events by itself.
    this.#forgetFrames = db.prepare(
      `update event set frame = 0 where frame > ? and frame <= ?
       and not exists (select 1 from critical_frame where id = event.frame)`,
    );
    this.#bytes = db.prepare<[], number>(`select coalesce(sum(${rowSize}), 0) from event`).pluck();
    this.#waitingBytes = db
      .prepare<[], number>(`select coalesce(sum(${rowSize}), 0) from event where ${waits}`)
      .pluck();
    this.#safe = db.prepare<[number], { number: number; size: number }>(
      `select number, ${rowSize} as size from event where not ${waits} order by number limit ?`,
    );
    this.#remove = db.prepare("delete from event where number = ?");
    this.#place = db.prepare<[number], Pick<EventRow, "frame" | "at_us">>(
      "select frame, at_us from event where number = ?",
    );
    this.#setJson = db.prepare("update event set json = ? where number = ?");
    this.#states = db.prepare<[], { part: string; json: string }>("select * from saved_state");
    this.#setState = db.prepare(
      "insert into saved_state (part, json) values (?, ?) on conflict (part) do update set json = excluded.json",
    );
  }

  put({ number, kind, atUs, asset, subject, json }: EventLine, frame: number): void {
    this.#insert.run(number, kind, atUs, frame, asset, subject, json);
  }

  /** 0 when there is none. */
  get lastNumber(): number {
    return this.#last.get() ?? 0;
  }

  /** Of all rows together, as `sizeOf` reckons them. */
  get bytes(): number {
    return this.#bytes.get() ?? 0;
  }

  /** The newest first. */
  list(query: EventQuery): EventLine[] {
    return eventsIn(this.#db, query);
  }

  /** The oldest that no frame tells, at most `max`. */
  untold(max: number): EventLine[] {
    return this.#untold.all(max).map(lineOf);
  }

  setFrame(number: number, frame: number): void {
    this.#setFrame.run(frame, number);
  }

  /** Events of frames after one key up to another whose frames are gone have to be told again. @returns how many */
  forgetFrames(afterId: number, toId: number): number {
    return this.#forgetFrames.run(afterId, toId).changes;
  }

  /** Of those that the hub may not have safely. */
  get waitingBytes(): number {
    return this.#waitingBytes.get() ?? 0;
  }

  /** The oldest that the hub has safely, with what their rows cost, at most `max`. */
  safe(max: number): readonly { readonly number: number; readonly size: number }[] {
    return this.#safe.all(max);
  }

  remove(number: number): void {
    this.#remove.run(number);
  }

  place(number: number): { readonly frame: number; readonly atUs: number } | undefined {
    const row = this.#place.get(number);
    return row === undefined ? undefined : { frame: row.frame, atUs: row.at_us };
  }

  setJson(number: number, json: string): void {
    this.#setJson.run(json, number);
  }

  /** What each part saved last, as JSON. */
  states(): Map<string, string> {
    return new Map(this.#states.all().map(({ part, json }) => [part, json]));
  }

  setState(part: string, json: string): void {
    this.#setState.run(part, json);
  }
}

function lineOf({ number, kind, at_us: atUs, asset, subject, json }: EventRow): EventLine {
  return { number, kind, atUs, asset, subject, json };
}

/** Of a journal that is only read, too. @returns the newest first */
export function eventsIn(db: Database.Database, query: EventQuery): EventLine[] {
  const { kind, asset, subject, fromUs, toUs, before, max } = query;
  const where: string[] = ["true"];
  const values: (string | number)[] = [];
  const ask = (condition: string, value: string | number | undefined): void => {
    if (value === undefined) return;
    where.push(condition);
    values.push(value);
  };
  ask("number < ?", before);
  ask("kind = ?", kind === undefined ? undefined : eventKinds[kind]);
  ask("asset = ?", asset);
  ask("subject = ?", subject);
  // The clock may have been set back, so numbers do not bound times; the index by time is small, and read instead.
  const byTime = query.order === "time";
  ask(
    "number >= (select min(number) from event where at_us >= ?)",
    fromUs === undefined || byTime ? undefined : Math.ceil(fromUs),
  );
  ask("at_us >= ?", fromUs === undefined ? undefined : Math.ceil(fromUs));
  ask("at_us <= ?", toUs === undefined ? undefined : Math.floor(toUs));
  const order = byTime ? "at_us desc, number desc" : "number desc";
  const sql = `select * from event where ${where.join(" and ")} order by ${order} limit ?`;
  return db
    .prepare<(string | number)[], EventRow>(sql)
    .all(...values, max)
    .map(lineOf);
}
