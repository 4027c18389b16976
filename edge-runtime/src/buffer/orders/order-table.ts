import type Database from "better-sqlite3";

import type { HeldOrder } from "../../hand-over.ts";

/** What the hub has ordered, found again after a restart. Few rows, each written whole. */

interface Row {
  readonly wanted: string;
  readonly progress: string;
}

export class OrderTable {
  readonly #put;
  readonly #drop;
  readonly #all;

  constructor(db: Database.Database) {
    // Made here and not by a version of the journal: a program of before orders opens the file as it did.
    db.exec(
      "create table if not exists hub_order (id integer primary key, wanted text not null, progress text not null)",
    );
    this.#put = db.prepare(
      `insert into hub_order (id, wanted, progress) values (?, ?, ?)
       on conflict (id) do update set wanted = excluded.wanted, progress = excluded.progress`,
    );
    this.#drop = db.prepare("delete from hub_order where id = ?");
    this.#all = db.prepare<[], Row>("select wanted, progress from hub_order order by id");
  }

  /** Oldest first. */
  all(): HeldOrder[] {
    // Written by `put` into a file that nobody else opens.
    return this.#all.all().map(({ wanted, progress }) => ({
      order: JSON.parse(wanted) as HeldOrder["order"],
      progress: JSON.parse(progress) as HeldOrder["progress"],
    }));
  }

  put({ order, progress }: HeldOrder): void {
    this.#put.run(order.id, JSON.stringify(order), JSON.stringify(progress));
  }

  drop(id: number): void {
    this.#drop.run(id);
  }
}
