/** Saved views as rows. No decisions are made here. Each change stands in the audit log, with all that was shown. */
import type pg from "pg";

import { writeAudit, type AuditEntry } from "../database/audit.ts";
import { inTransaction } from "../database/transaction.ts";
import { nameKeyOf, type SavedView, type ViewRefused, type ViewTag } from "../saved-view.ts";
import type { SavedViewShelf } from "./saved-view-desk.ts";
import type { ViewChange } from "./view-change.ts";

interface Row {
  readonly id: bigint;
  readonly name: string;
  readonly chart: string;
  readonly tags: readonly ViewTag[];
  readonly version: number;
  readonly person: string;
  readonly saved_us: bigint;
}

export class SavedViewStore implements SavedViewShelf {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async all(): Promise<readonly SavedView[]> {
    return await readAll(this.#pool);
  }

  async change(
    decide: (views: readonly SavedView[]) => ViewChange | ViewRefused,
  ): Promise<SavedView | ViewRefused> {
    return inTransaction(this.#pool, async (client) => {
      // Who comes second decides about what the first has left. Lists are read meanwhile.
      await client.query("lock table saved_views in share row exclusive mode");
      const change = decide(await readAll(client));
      if (change.kind === "refused") return change;
      const view = await apply(client, change);
      await writeAudit(client, entryOf(change, view));
      return view;
    });
  }
}

async function readAll(client: Pick<pg.ClientBase, "query">): Promise<readonly SavedView[]> {
  const found = await client.query<Row>("select * from saved_views");
  return found.rows.map(({ id, name, chart, tags, version, person, saved_us }) => ({
    ...{ id: Number(id), name, chart, tags, version, person },
    savedUs: Number(saved_us),
  }));
}

async function apply(client: pg.ClientBase, change: ViewChange): Promise<SavedView> {
  const { view } = change;
  const { name, chart, version, person, savedUs } = view;
  const values = [
    name,
    nameKeyOf(name),
    chart,
    JSON.stringify(view.tags),
    version,
    person,
    savedUs,
  ];
  switch (change.kind) {
    case "add": {
      const added = await client.query<{ readonly id: bigint }>(
        `insert into saved_views (name, name_key, chart, tags, version, person, saved_us)
         values ($1, $2, $3, $4, $5, $6, $7) returning id`,
        values,
      );
      return { ...view, id: Number(added.rows[0]?.id) };
    }
    case "replace":
      await client.query(
        `update saved_views set name = $1, name_key = $2, chart = $3, tags = $4, version = $5, person = $6,
           saved_us = $7 where id = $8`,
        [...values, change.view.id],
      );
      return change.view;
    case "remove":
      await client.query("delete from saved_views where id = $1", [change.view.id]);
      return change.view;
  }
}

/** With what was shown: a view that somebody deleted by mistake is made again from here. */
function entryOf(change: ViewChange, view: SavedView): AuditEntry {
  const [actor, atUs] =
    change.kind === "remove" ? [change.person, change.atUs] : [view.person, view.savedUs];
  const { id, name, chart, version } = view;
  const tags = view.tags.map(({ gateway, tag }) => `${gateway} ${tag}`).join(", ");
  const was = change.kind === "replace" && change.before.name !== name ? change.before.name : "";
  return {
    ...{ atUs, actor, act: actOf(change) },
    details: {
      ...{ view: id, name, version, chart, tags },
      ...(was === "" ? {} : { was }),
      // Nobody signs in at the hub: the log does not say more than it knows.
      actorProven: "no, as written on the page",
    },
  };
}

function actOf(change: ViewChange): string {
  switch (change.kind) {
    case "add":
      return "save a view";
    case "replace":
      return "save over a view";
    case "remove":
      return "delete a view";
  }
}
