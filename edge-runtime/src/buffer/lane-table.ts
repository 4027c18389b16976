import type Database from "better-sqlite3";
import type { Epoch } from "@millwright/wire-contract";

import { bytesOf64 } from "./bytes-64.ts";
import type { HeldLane, LaneState } from "./lane-book.ts";

/** Where each lane stands, as rows: what of it must be known after a restart. */

export interface LaneRow {
  readonly rank: number;
  readonly lane: string;
  readonly base_seq: number;
  readonly base_chain: Buffer;
  readonly base_cum: number;
  readonly stored_seq: number;
  readonly left_at: number | null;
  readonly epoch: Epoch;
  readonly parent: Epoch | null;
  readonly started_us: number;
  readonly last_commit_us: number;
}

export class LaneTable {
  readonly #set;
  readonly #release;
  readonly #held;
  readonly #released;
  readonly #forgetReleased;

  constructor(db: Database.Database) {
    this.#set = db.prepare(
      `insert into lane (rank, lane, base_seq, base_chain, base_cum, stored_seq, left_at)
       values (?, ?, ?, ?, ?, ?, ?)
       on conflict (rank, lane) do update set base_seq = excluded.base_seq, base_chain = excluded.base_chain,
       base_cum = excluded.base_cum, stored_seq = excluded.stored_seq, left_at = excluded.left_at, released = 0`,
    );
    this.#release = db.prepare("update lane set released = 1 where rank = ? and lane = ?");
    this.#released = db.prepare<[number], LaneRow>(lanesWhere("released = 1 and rank > ?"));
    this.#forgetReleased = db.prepare("delete from lane where released = 1 and rank <= ?");
    this.#held = db.prepare<[], LaneRow>(lanesWhere("released = 0"));
  }

  /** Those that are not released, in the order of epochs, then of lanes. */
  held(): LaneRow[] {
    return this.#held.all();
  }

  /** Released ones of starts after this one. */
  released(afterRank: number): LaneRow[] {
    return this.#released.all(afterRank);
  }

  /** Inside a transaction, as all below. */
  put({ rank, lane, base, stored, left }: LaneState): void {
    const place = [base.seq, bytesOf64(base.chain), base.cum, stored.seq] as const;
    this.#set.run(rank, lane, ...place, left?.seq ?? null);
  }

  release(rank: number, lane: HeldLane): void {
    this.#release.run(rank, lane);
  }

  /** Of starts up to this one. */
  forgetReleased(toRank: number): void {
    this.#forgetReleased.run(toRank);
  }
}

function lanesWhere(which: string): string {
  return `select lane.*, start.epoch, start.parent, start.started_us, start.last_commit_us
          from lane join start using (rank)
          where ${which} order by rank, case lane when 'critical' then 0 when 'live' then 1 when 'history' then 2 else 3 end`;
}
