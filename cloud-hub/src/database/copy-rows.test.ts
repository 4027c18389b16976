import assert from "node:assert/strict";
import { test } from "node:test";

import { silentLog } from "@millwright/kit";

import { makeDataFolder, removeDataFolder, testDatabase } from "../children/test-children.ts";
import { copyOut } from "./copied-rows.ts";
import { copyInto, CopyRows, type CopyType } from "./copy-rows.ts";
import { openPool } from "./pool.ts";

const columns: Readonly<Record<string, CopyType>> = {
  a: "smallint",
  b: "integer",
  c: "bigint",
  d: "double precision",
  e: "bytea",
  f: "jsonb",
  g: "smallint[]",
  h: "integer[]",
  i: "bigint[]",
  j: "double precision[]",
};

test("rows come back from the database as they were copied into it, and all of them or none", async (t) => {
  const folder = makeDataFolder();
  const database = testDatabase(folder);
  await database.child.start();
  const pool = openPool({
    url: database.url(),
    connectionsMax: 1,
    statementMs: 60_000,
    log: silentLog,
  });
  const client = await pool.connect();
  t.after(async () => {
    client.release();
    await pool.end();
    await database.child.stop(AbortSignal.timeout(10_000));
    removeDataFolder(folder);
  });
  const types = Object.values(columns);
  await client.query(
    `create table copied (${Object.entries(columns)
      .map(([name, type]) => `${name} ${type}`)
      .join(", ")}, check (a <> 13))`,
  );
  const least = [
    -(2 ** 15),
    -(2 ** 31),
    Number.MIN_SAFE_INTEGER,
    -Infinity,
    new Uint8Array(0),
    { text: 'a "quoted" word, and ä' },
    [-(2 ** 15)],
    [-(2 ** 31), 0, 2 ** 31 - 1],
    [Number.MIN_SAFE_INTEGER, -1, 0, 2 ** 32, Number.MAX_SAFE_INTEGER],
    [NaN, -0, 0.1, Number.MAX_VALUE],
  ];
  const greatest = [2 ** 15 - 1, 2 ** 31 - 1, 2n ** 63n - 1n, NaN, Uint8Array.of(0, 255), null, []];
  const rows = new CopyRows(types);
  rows.push(least);
  rows.push(greatest);
  // More than the room that there is at first.
  const long = Array.from({ length: 20_000 }, (_, at) => at - 2 ** 40);
  rows.push([1, 2, 3, 4, null, null, null, null, long]);
  await copyInto(client, "copied", Object.keys(columns), rows);
  const found = await client.query<unknown[]>({
    text: "select * from copied order by a",
    rowMode: "array",
  });
  const read = found.rows.map((row) =>
    row.map((value) => (Buffer.isBuffer(value) ? new Uint8Array(value) : value)),
  );
  const nulls = (row: readonly unknown[]): unknown[] =>
    Array.from(columnsOf(row), (value) => value ?? null);
  assert.deepEqual(read, [
    least.map((value, at) => (at === 2 ? BigInt(value as number) : value)),
    [1, 2, 3n, 4, null, null, null, null, long, null],
    nulls(greatest),
  ]);

  const copied = await copyOut(client, "select a, b, c, e, b from copied order by a");
  const again: unknown[] = [];
  while (copied.next()) {
    const [a, b, c] = [copied.smallint(), copied.integer(), copied.bigint()];
    again.push([a, b, c, copied.bytes(), copied.integer()]);
  }
  assert.deepEqual(
    again.map((row) => JSON.stringify(row)),
    [least, [1, 2, 3], greatest].map(([a, b, c, , e]) =>
      JSON.stringify([a, b, Number(c), e && Buffer.from(e as Uint8Array), b]),
    ),
  );
  await assert.rejects(copyOut(client, "select 1 / 0"), /division by zero/);

  const refused = new CopyRows(types);
  refused.push([2, 2, 2, 2]);
  refused.push([13, 2, 2, 2]);
  await assert.rejects(copyInto(client, "copied", Object.keys(columns), refused), /check/);
  const left = await client.query<{ n: bigint }>("select count(*) as n from copied");
  assert.equal(left.rows[0]?.n, 3n);
});

/** Those that are left out, too. */
function columnsOf(row: readonly unknown[]): readonly unknown[] {
  return Object.keys(columns).map((_, at) => row[at]);
}
