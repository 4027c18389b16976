/** How connections of gateways ended, as rows. No decisions are made here. */
import type pg from "pg";

import { writeAudit } from "../database/audit.ts";
import { column } from "../database/rows.ts";
import { inTransaction } from "../database/transaction.ts";
import type { ConnectionShelf } from "./connection-book.ts";
import type { Addresses, NotedEnd } from "./whose-connection.ts";

interface Row {
  readonly server: string;
  readonly connection: bigint;
  readonly gateway: string;
  readonly address: string;
  readonly began_us: bigint;
  readonly ended_us: bigint;
  readonly reason: string;
}

export class ConnectionStore implements ConnectionShelf {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async addresses(): Promise<Addresses> {
    const found = await this.#pool.query<Pick<Row, "gateway" | "address">>(
      `select distinct on (gateway) gateway, address from broker_connections
       where gateway <> '' order by gateway, ended_us desc`,
    );
    return new Map(found.rows.map(({ gateway, address }) => [gateway, address]));
  }

  async keep(ends: readonly NotedEnd[]): Promise<void> {
    if (ends.length === 0) return;
    // Another hub of this database asks the same broker.
    await this.#pool.query(
      `insert into broker_connections
         (server, connection, gateway, address, began_us, ended_us, reason)
       select * from unnest($1::text[], $2::bigint[], $3::text[], $4::text[],
         $5::bigint[], $6::bigint[], $7::text[])
       on conflict do nothing`,
      [
        column(ends, ({ server }) => server),
        column(ends, ({ id }) => id),
        column(ends, ({ gateway }) => gateway),
        column(ends, ({ address }) => address),
        column(ends, ({ beganUs }) => Math.round(beganUs)),
        column(ends, ({ endedUs }) => Math.round(endedUs)),
        column(ends, ({ reason }) => reason),
      ],
    );
  }

  async newest(
    gateway: string,
    address: string | undefined,
    max: number,
  ): Promise<readonly NotedEnd[]> {
    const found = await this.#pool.query<Row>(
      `(select * from broker_connections where gateway = $1 order by ended_us desc limit $3)
       union all
       (select * from broker_connections where gateway = '' and address = $2
        order by ended_us desc limit $3)`,
      [gateway, address ?? null, max],
    );
    return found.rows.map(toEnd);
  }

  async expire(beforeUs: number, perGatewayMax: number, nowUs: number): Promise<number> {
    return inTransaction(this.#pool, async (client) => {
      const deleted = await client.query(
        `delete from broker_connections c using (
           select server, connection, ended_us,
             row_number() over (partition by gateway, case gateway when '' then address end
               order by ended_us desc) as place
           from broker_connections) ranked
         where c.server = ranked.server and c.connection = ranked.connection
           and (ranked.ended_us < $1 or ranked.place > $2)`,
        [Math.floor(beforeUs), perGatewayMax],
      );
      const connections = deleted.rowCount ?? 0;
      if (connections === 0) return 0;
      await writeAudit(client, {
        atUs: nowUs,
        actor: "policy",
        act: "connections expired",
        details: { before: new Date(beforeUs / 1_000).toISOString(), connections },
      });
      return connections;
    });
  }
}

function toEnd(row: Row): NotedEnd {
  const { server, gateway, address, reason } = row;
  return {
    ...{ server, gateway, address, reason, name: gateway },
    id: Number(row.connection),
    beganUs: Number(row.began_us),
    endedUs: Number(row.ended_us),
  };
}
