import type Database from "better-sqlite3";
import type { DeviceId } from "@millwright/wire-contract";

import type { ResumePoint } from "./group.ts";

/** Small things to be found again after a restart: facts of the journal itself, and where drivers go on. */

export type Fact =
  | "incarnation"
  | "last commit"
  | "kept to"
  | "told to"
  | "chunked to"
  | "chunked us"
  | "retired to"
  | "followed from"
  | "runs on";

export class FactTable {
  readonly #get;
  readonly #set;
  readonly #forget;
  readonly #resumes;
  readonly #setResume;

  constructor(db: Database.Database) {
    this.#get = db.prepare<[string]>("select value from fact where name = ?").pluck();
    this.#set = db.prepare(
      `insert into fact (name, value) values (?, ?)
       on conflict (name) do update set value = excluded.value`,
    );
    this.#forget = db.prepare("delete from fact where name = ?");
    this.#resumes = db.prepare<[], { device: DeviceId; point: string }>(
      "select device, point from resume",
    );
    this.#setResume = db.prepare(
      `insert into resume (device, point) values (?, ?)
       on conflict (device) do update set point = excluded.point`,
    );
  }

  text(name: Fact): string | undefined {
    const value = this.#get.get(name);
    return typeof value === "string" ? value : undefined;
  }

  number(name: Fact): number | undefined {
    const value = this.#get.get(name);
    return typeof value === "number" ? value : undefined;
  }

  set(name: Fact, value: string | number): void {
    this.#set.run(name, value);
  }

  forget(name: Fact): void {
    this.#forget.run(name);
  }

  resumePoints(): Map<DeviceId, ResumePoint> {
    const rows = this.#resumes.all();
    return new Map(rows.map((row) => [row.device, JSON.parse(row.point) as ResumePoint]));
  }

  setResume(device: DeviceId, point: ResumePoint): void {
    this.#setResume.run(device, JSON.stringify(point));
  }
}
