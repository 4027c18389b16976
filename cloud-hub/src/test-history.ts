/** A hub's database for tests of history: frames in, samples out. */
import { silentLog, systemClock } from "@millwright/kit";
import type pg from "pg";

import { makeDataFolder, removeDataFolder, testDatabase } from "./children/test-children.ts";
import { openPool } from "./database/pool.ts";
import { openPostgresStore, type PostgresStore } from "./ingest/store-postgres.ts";
import type { TestFrame, TestGateway } from "./ingest/test-gateway.ts";
import { intakeOf } from "./ingest/test-store-rig.ts";
import { readChunks, ChunkReader } from "./history/chunk-store.ts";
import { SeriesBook } from "./history/series-book.ts";
import { Sorter } from "./history/sorter.ts";
import { allGateways, type SorterShare } from "./history/sorter-share.ts";

export interface TestHistory extends AsyncDisposable {
  readonly folder: string;
  readonly url: string;
  readonly pool: pg.Pool;
  readonly store: PostgresStore;
  readonly sorter: Sorter;
  /** Another sorter of the same database. */
  sorterWith(book: SeriesBook, share?: SorterShare): Sorter;
  take(gateway: TestGateway, ...frames: readonly TestFrame[]): Promise<void>;
  /** All samples of a tag as `[µs, value]`, from chunks. */
  samples(gateway: TestGateway, tag: string): Promise<readonly (readonly [number, number])[]>;
}

/** A Tuesday, as the hub's and the gateways' clocks have it. */
export const testDayUs = 1_799_971_200_000_000;

export async function openTestHistory(): Promise<TestHistory> {
  const folder = makeDataFolder();
  const database = testDatabase(folder);
  await database.child.start();
  const url = database.url();
  const store = await openPostgresStore({ url, writers: 2, log: silentLog });
  const pool = openPool({ url, connectionsMax: 6, statementMs: 60_000, log: silentLog });
  const book = new SeriesBook();
  const clock = { ...systemClock, nowUs: () => testDayUs + 86_400_000_000 };
  const sorterWith = (of: SeriesBook, share = allGateways): Sorter =>
    new Sorter({ pool, book: of, clock, log: silentLog, hotDays: 3, share });
  return {
    folder,
    url,
    pool,
    store,
    sorter: sorterWith(book),
    sorterWith,
    async take(gateway, ...frames) {
      await store.takeIn({ ...intakeOf(gateway, frames), receivedUs: testDayUs });
    },
    async samples(gateway, tag) {
      const found = await pool.query<{ no: number }>(
        "select no from series where gateway = $1 and tag = $2",
        [gateway.gateway, tag],
      );
      const series = found.rows[0]?.no ?? -1;
      const far = 4e15;
      const [chunks = []] = await readChunks(pool, [{ series, fromUs: 0, toUs: far }]);
      const all = await pool.query<{ n: bigint }>(
        "select coalesce(sum(samples), 0)::bigint as n from chunks where series = $1",
        [series],
      );
      const reader = new ChunkReader(pool, book);
      const rows: [number, number][] = [];
      for (const chunk of chunks) {
        const { count, measuredUs, value } = await reader.read(gateway.gateway, chunk, "read");
        for (let row = 0; row < count; row++)
          rows.push([measuredUs[row] ?? NaN, value[row] ?? NaN]);
      }
      if (rows.length !== Number(all.rows[0]?.n))
        throw new Error("a chunk is not found by its time");
      return rows;
    },
    async [Symbol.asyncDispose]() {
      await pool.end();
      await store[Symbol.asyncDispose]();
      await database.child.stop(AbortSignal.timeout(10_000));
      removeDataFolder(folder);
    },
  };
}
