import { createHash } from "node:crypto";

import { Fault, type Log } from "@millwright/kit";
import {
  laneNumbers,
  type Beat,
  type Epoch,
  type GatewayId,
  type Hello,
  type HelloAnswer,
  type LaneMark,
} from "@millwright/wire-contract";
import type pg from "pg";

import { storeConnections } from "../database/connections.ts";
import { expireEvents } from "../database/event-rows.ts";
import { openPool } from "../database/pool.ts";
import { frameDays, isWithoutPartition, RangePartitions } from "../database/range-partitions.ts";
import { inTransaction } from "../database/transaction.ts";
import type { StoredFrame } from "../hand-over.ts";
import { answeredMarks, headsBelowMarks } from "./answer-marks.ts";
import {
  IncarnationChanged,
  laneMarkOf,
  promisedMore,
  type FrameStore,
  type Intake,
  type Taken,
} from "./frame-store.ts";
import { meetGateway } from "./meet-gateway.ts";
import { migrate } from "./migrate.ts";
import { headsInPrefix, keepMeeting, readEpochs } from "./postgres-hello.ts";
import { takeInto } from "./postgres-intake.ts";
import { insertQuarantine } from "./postgres-quarantine.ts";
import { PostgresReader } from "./postgres-reader.ts";
import { fromColumn, laneOfNumber } from "../database/rows.ts";
import { emptyPrefix } from "./prefix.ts";

/** What is promised to a gateway is deleted there: a database that does not keep it must not be used. */
export class DatabaseNotDurable extends Fault {
  override readonly name = "DatabaseNotDurable";
  readonly code = "ingest.database-not-durable";
  readonly retry = "never";
  readonly hint = "Switch fsync, full_page_writes and synchronous_commit on in that PostgreSQL.";

  constructor(setting: string, value: string) {
    super(`PostgreSQL runs with ${setting} = ${value}`);
  }
}

export interface PostgresStoreOptions {
  readonly url: string;
  /** Transactions at the same time. */
  readonly writers: number;
  readonly log: Log;
}

export async function openPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const pool = openPool({
    url: options.url,
    connectionsMax: storeConnections(options.writers),
    statementMs: 60_000,
    log: options.log,
  });
  try {
    const client = await pool.connect();
    // The statement that it breaks rejects; without a listener the event would end the process besides.
    client.on("error", () => undefined);
    try {
      await mustBeDurable(client);
      const applied = await migrate(client);
      if (applied.length > 0) options.log.info("ingest.tables-brought-up-to-date", { applied });
    } finally {
      client.release();
    }
    const store = new PostgresStore(pool);
    await store.incarnation();
    return store;
  } catch (failure) {
    await pool.end();
    throw failure;
  }
}

export class PostgresStore extends PostgresReader implements FrameStore, AsyncDisposable {
  #incarnation: string | undefined;
  readonly #days = new RangePartitions(this.pool, frameDays);

  async incarnation(): Promise<string> {
    this.#incarnation = await readIncarnation(this.pool);
    return this.#incarnation;
  }

  async isTheSame(): Promise<boolean> {
    const is = await readIncarnation(this.pool);
    return this.#incarnation === undefined || this.#incarnation === is;
  }

  async takeIn(intake: Intake): Promise<Taken> {
    try {
      return await this.#takeIn(intake);
    } catch (failure) {
      if (!isWithoutPartition(failure)) throw failure;
      // The clock was set back to a day that is released already.
      this.#days.forget();
      return this.#takeIn(intake);
    }
  }

  async #takeIn(intake: Intake): Promise<Taken> {
    await this.#days.ensure([intake.receivedUs, intake.receivedUs + frameDays.width]);
    return inTransaction(this.pool, async (client) => {
      const is = await readIncarnation(client);
      const was = this.#incarnation;
      if (was !== undefined && was !== is) throw new IncarnationChanged(was, is);
      return takeInto(client, intake);
    });
  }

  async hello(hello: Hello, nowUs: number): Promise<HelloAnswer> {
    const answer = await inTransaction(this.pool, async (client): Promise<HelloAnswer> => {
      const { gateway } = hello;
      // Locks the row, so that two hellos of one gateway are taken one after the other.
      const before = await client.query<{ session: bigint; running: Epoch | null }>(
        `insert into gateways (gateway, session) values ($1, 1)
         on conflict (gateway) do update set session = gateways.session + 1
         returning session, running`,
        [gateway],
      );
      const [row] = before.rows;
      const stored = await readMarks(client, gateway);
      let incarnation = await readIncarnation(client);
      if (hello.incarnation === incarnation && promisedMore(hello, stored)) {
        // It once held more than it does: it was put back to an older state without a restart that we would have seen.
        await client.query("update hub set salt = gen_random_uuid()::text");
        incarnation = await readIncarnation(client);
      }
      const asked = headsBelowMarks(hello, stored);
      const marks = answeredMarks(stored, await headsInPrefix(client, gateway, asked));
      const putBack = new Set(asked.map(({ epoch }) => epoch));
      const known = await readEpochs(client, gateway, stored, putBack);
      const sameHub = hello.incarnation === incarnation;
      const running = row?.running ?? undefined;
      const met = meetGateway(known, running, hello, marks, putBack, sameHub, nowUs);
      await keepMeeting(client, hello, met, nowUs);
      return {
        version: 1,
        session: Number(row?.session ?? 0n),
        incarnation,
        hubNowUs: nowUs,
        marks,
        ...(met.fenced ? { fenced: true } : {}),
        ...(met.running === undefined ? {} : { running: met.running }),
      };
    });
    this.#incarnation = answer.incarnation;
    return answer;
  }

  marks(gateway: GatewayId): Promise<readonly LaneMark[]> {
    return readMarks(this.pool, gateway);
  }

  async noteUndecodable(frame: StoredFrame, reason: string, nowUs: number): Promise<void> {
    const { gateway, epoch, lane, seq, chain } = frame.head;
    await inTransaction(this.pool, async (client) => {
      const noted = await client.query<{ size: number }>(
        `update frames f set content = 0 from epochs e
         where e.no = f.epoch_no and e.gateway = $1 and e.epoch = $2 and f.lane = $3 and f.seq = $4
         returning length(f.bytes) as size`,
        [gateway, epoch, laneNumbers[lane], seq],
      );
      await insertQuarantine(client, nowUs, [
        {
          gateway,
          epoch,
          lane: laneNumbers[lane],
          seq,
          chain,
          kind: "undecodable",
          reason,
          byteCount: noted.rows[0]?.size ?? 0,
          bytes: new Uint8Array(0),
        },
      ]);
    });
  }

  /** @see expireEvents */
  expireEvents(beforeUs: number, max: number, nowUs: number): Promise<number> {
    return inTransaction(this.pool, (client) => expireEvents(client, beforeUs, max, nowUs));
  }

  async keepBeats(
    beats: ReadonlyMap<GatewayId, { beat: Beat; receivedUs: number }>,
  ): Promise<void> {
    const rows = [...beats].toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (rows.length === 0) return;
    await this.pool.query(
      `insert into gateways (gateway, beat, beat_us)
       select * from unnest($1::text[], $2::jsonb[], $3::bigint[])
       on conflict (gateway) do update set beat = excluded.beat, beat_us = excluded.beat_us`,
      [
        rows.map(([gateway]) => gateway),
        rows.map(([, { beat }]) => JSON.stringify(beat)),
        rows.map(([, { receivedUs }]) => Math.round(receivedUs)),
      ],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.end();
  }
}

type Queryable = Pick<pg.ClientBase, "query">;

/**
 * A restart, a standby that takes over and a restored copy each have a postmaster of their own, which started at a
 * moment of its own; the salt is for the one case that this does not show.
 */
async function readIncarnation(client: Queryable): Promise<string> {
  const found = await client.query<{ salt: string; started: string }>(
    "select salt, extract(epoch from pg_postmaster_start_time())::text as started from hub",
  );
  const row = found.rows[0];
  return createHash("sha256")
    .update(`${row?.salt ?? ""}/${row?.started ?? ""}`)
    .digest("hex")
    .slice(0, 32);
}

async function readMarks(client: Queryable, gateway: GatewayId): Promise<readonly LaneMark[]> {
  const found = await client.query<{ lane: number; epoch: Epoch; seq: bigint; chain: bigint }>(
    `select e.epoch, m.lane, m.seq, m.chain from marks m join epochs e on e.no = m.epoch_no
     where e.gateway = $1 order by e.rank nulls first, e.no, m.lane`,
    [gateway],
  );
  return found.rows.map((row) =>
    laneMarkOf(
      { epoch: row.epoch, lane: laneOfNumber(row.lane) },
      { ...emptyPrefix, seq: Number(row.seq), chain: fromColumn(row.chain) },
    ),
  );
}

async function mustBeDurable(client: Queryable): Promise<void> {
  const found = await client.query<{ name: string; setting: string }>(
    "select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit')",
  );
  for (const { name, setting } of found.rows) {
    if (setting === "off") throw new DatabaseNotDurable(name, setting);
  }
}
