/** When gateways were heard, and the runs of the hub, as rows. No decisions are made here. */
import type pg from "pg";

import { writeAudit } from "../database/audit.ts";
import { column } from "../database/rows.ts";
import { inTransaction } from "../database/transaction.ts";
import type { PresenceShelf } from "./presence-book.ts";
import type { NotedState, PresenceChange } from "./presence-changes.ts";

/** A hub that ends again and again begins one with each start. */
const runsMax = 10_000;

export class PresenceStore implements PresenceShelf {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async newest(): Promise<ReadonlyMap<string, NotedState>> {
    const found = await this.#pool.query<{ gateway: string; state: NotedState }>(
      "select distinct on (gateway) gateway, state from presences order by gateway, at_us desc, id desc",
    );
    return new Map(found.rows.map(({ gateway, state }) => [gateway, state]));
  }

  async beginRun(startedUs: number): Promise<number> {
    const begun = await this.#pool.query<{ id: bigint }>(
      "insert into hub_runs (started_us, until_us) values ($1, $1) returning id",
      [Math.round(startedUs)],
    );
    return Number(begun.rows[0]?.id);
  }

  async keep(run: number, changes: readonly PresenceChange[], untilUs: number): Promise<void> {
    await inTransaction(this.#pool, async (client) => {
      if (changes.length > 0) {
        await client.query(
          `insert into presences (gateway, state, at_us)
           select * from unnest($1::text[], $2::text[], $3::bigint[])`,
          [
            column(changes, ({ gateway }) => gateway),
            column(changes, ({ state }) => state),
            column(changes, ({ atUs }) => Math.round(atUs)),
          ],
        );
      }
      await client.query("update hub_runs set until_us = $2 where id = $1", [
        run,
        Math.round(untilUs),
      ]);
    });
  }

  async expire(beforeUs: number, perGatewayMax: number, nowUs: number): Promise<number> {
    return inTransaction(this.#pool, async (client) => {
      // The newest of each gateway stays, however old it is: it says how the gateway has been since.
      const deleted = await client.query(
        `delete from presences p using (
           select id, at_us, row_number() over (partition by gateway order by at_us desc, id desc) as place
           from presences) ranked
         where p.id = ranked.id and ranked.place > 1 and (ranked.at_us < $1 or ranked.place > $2)`,
        [Math.floor(beforeUs), perGatewayMax],
      );
      await client.query(
        `delete from hub_runs where until_us < $1
           or id <= (select id from hub_runs order by id desc offset $2 limit 1)`,
        [Math.floor(beforeUs), runsMax],
      );
      const presences = deleted.rowCount ?? 0;
      if (presences === 0) return 0;
      await writeAudit(client, {
        atUs: nowUs,
        actor: "policy",
        act: "presences expired",
        details: { before: new Date(beforeUs / 1_000).toISOString(), presences },
      });
      return presences;
    });
  }
}
