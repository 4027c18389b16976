/**
 * Partitions of a table by ranges of one whole number (a time in µs, a day, an hour), made before rows need them and
 * dropped as a whole: a day that goes by deleting rows would cost as much as it cost to write.
 */
import type pg from "pg";

export interface PartitionedTable {
  readonly name: string;
  /** How much of the key one partition holds, in the unit of the key. */
  readonly width: number;
  /** What each partition has of its own, as SQL: an index that the whole cannot have. */
  readonly own?: (partition: string) => string;
}

export interface Partition {
  readonly name: string;
  /** First key. -Infinity for the partition that holds what is older than partitions are. */
  readonly from: number;
  /** First key after it. */
  readonly to: number;
}

/** Any number that only we use: two hubs that need the same partition make it one after the other. */
const lockNumber = 0x6d777074;

export class RangePartitions {
  readonly #pool: pg.Pool;
  readonly #table: PartitionedTable;
  #known: readonly Partition[] = [];

  constructor(pool: pg.Pool, table: PartitionedTable) {
    this.#pool = pool;
    this.#table = table;
  }

  /** Makes the partitions that hold these keys, where there are none. A key that the default partition may hold needs none. */
  async ensure(keys: Iterable<number>): Promise<void> {
    const { width } = this.#table;
    const missing = new Set<number>();
    for (const key of keys) if (!holds(this.#known, key)) missing.add(Math.floor(key / width));
    if (missing.size === 0) return;
    const client = await this.#pool.connect();
    try {
      await client.query("begin");
      await client.query("select pg_advisory_xact_lock($1)", [lockNumber]);
      this.#known = await listPartitions(client, this.#table.name);
      for (const at of missing) {
        if (!holds(this.#known, at * width)) await this.#make(client, at * width);
      }
      await client.query("commit");
      this.#known = await listPartitions(client, this.#table.name);
    } catch (failure) {
      await client.query("rollback").catch(() => undefined);
      throw failure;
    } finally {
      client.release();
    }
  }

  /** A partition that was there has been dropped, by this program or another. */
  forget(): void {
    this.#known = [];
  }

  /** Made beside and then attached: that locks nobody out who writes into other partitions. */
  async #make(client: pg.ClientBase, from: number): Promise<void> {
    const { name, width, own } = this.#table;
    const partition = `${name}_from_${from}`;
    await client.query(`create table ${partition} (like ${name} including all)`);
    if (own !== undefined) await client.query(own(partition));
    const fallback = await defaultOf(client, name);
    if (fallback !== undefined) {
      // What came before its time waits in the default partition, which then must not hold it any longer.
      const key = await keyOf(client, name);
      await client.query(
        `with moved as (delete from ${fallback} where ${key} >= ${from} and ${key} < ${from + width} returning *)
         insert into ${partition} select * from moved`,
      );
    }
    await client.query(
      `alter table ${name} attach partition ${partition} for values from (${from}) to (${from + width})`,
    );
  }
}

export async function listPartitions(
  client: Pick<pg.ClientBase, "query">,
  table: string,
): Promise<readonly Partition[]> {
  const found = await client.query<{ name: string; bound: string }>(
    `select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound
     from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = $1::regclass`,
    [table],
  );
  return found.rows
    .flatMap(({ name, bound }) => {
      const range = /FROM \('?(MINVALUE|-?\d+)'?\) TO \('?(-?\d+)'?\)/.exec(bound);
      if (range === null) return [];
      const from = range[1] === "MINVALUE" ? -Infinity : Number(range[1]);
      return [{ name, from, to: Number(range[2]) }];
    })
    .toSorted((a, b) => a.from - b.from);
}

/** No partition holds the row (PostgreSQL, appendix A: check_violation). */
export function isWithoutPartition(failure: unknown): boolean {
  return failure instanceof Error && "code" in failure && failure.code === "23514";
}

function holds(partitions: readonly Partition[], key: number): boolean {
  return partitions.some((one) => key >= one.from && key < one.to);
}

async function defaultOf(client: pg.ClientBase, table: string): Promise<string | undefined> {
  const found = await client.query<{ name: string }>(
    `select c.relname as name from pg_partitioned_table p join pg_class c on c.oid = p.partdefid
     where p.partrelid = $1::regclass`,
    [table],
  );
  return found.rows[0]?.name;
}

async function keyOf(client: pg.ClientBase, table: string): Promise<string> {
  const found = await client.query<{ key: string }>(
    `select a.attname as key from pg_partitioned_table p
     join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0] where p.partrelid = $1::regclass`,
    [table],
  );
  const key = found.rows[0]?.key;
  if (key === undefined) throw new Error(`table ${table} has no partition key`);
  return key;
}

/** By the day on which the hub received them. */
export const frameDays: PartitionedTable = {
  name: "frames",
  width: 86_400_000_000,
  // Also what readers go by: frames of a lane from a number on.
  own: (partition) => `create unique index on ${partition} (epoch_no, lane, seq)`,
};
