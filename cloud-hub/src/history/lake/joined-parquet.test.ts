import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import type { DuckDBConnection } from "@duckdb/node-api";

import { openDuck } from "./duck.ts";
import { JoinedParquet } from "./joined-parquet.ts";

let folder: string;
let duck: DuckDBConnection;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "millwright-joined-"));
  duck = await openDuck(folder);
});
after(() => {
  duck.closeSync();
  rmSync(folder, { recursive: true });
});

/** Numbers from one to another, with texts that repeat: dictionaries and Bloom filters are written for them. */
async function part(name: string, from: number, to: number, more = ""): Promise<string> {
  const path = join(folder, name);
  await duck.run(
    `copy (select i, 'text ' || i % 40 as word, i / 7.0 as value ${more} from range(${from}, ${to}) r(i))
     to '${path}' (format parquet, codec zstd, row_group_size 2048, parquet_version v2)`,
  );
  return path;
}

function joinFiles(paths: readonly string[]): string {
  const joined = new JoinedParquet();
  const bytes = paths.map((path) => {
    const { from, end } = joined.add(path);
    return readFileSync(path).subarray(from, end);
  });
  const path = join(folder, "joined.parquet");
  writeFileSync(path, Buffer.concat([...bytes, joined.finish()]));
  return path;
}

async function ask(sql: string): Promise<readonly (readonly unknown[])[]> {
  return (await duck.runAndReadAll(sql)).getRowsJS();
}

test("files behind each other are one file with the rows of all, in their order", async () => {
  const paths = [
    await part("a.parquet", 0, 70_000),
    await part("b.parquet", 70_000, 70_003),
    await part("c.parquet", 70_003, 100_000),
  ];
  const joined = joinFiles(paths);
  const list = paths.map((path) => `'${path}'`).join(", ");
  assert.deepEqual(
    await ask(`select * from read_parquet('${joined}')`),
    await ask(`select * from read_parquet([${list}])`),
  );
  const [[rows, groups] = []] = await ask(
    `select num_rows, num_row_groups from parquet_file_metadata('${joined}')`,
  );
  assert.equal(rows, 100_000n);
  assert.ok(Number(groups) > 40);
});

test("row groups are found by their statistics and Bloom filters where they lie now", async () => {
  const joined = joinFiles([
    await part("a.parquet", 0, 10_000),
    await part("b.parquet", 10_000, 20_000),
  ]);
  assert.deepEqual(await ask(`select word from read_parquet('${joined}') where i = 15000`), [
    ["text 0"],
  ]);
  assert.deepEqual(
    await ask(`select count(*) from read_parquet('${joined}') where word = 'text 7'`),
    [[500n]],
  );
  const filters = await ask(
    `select count(*) filter (bloom_filter_excludes) from parquet_bloom_probe('${joined}', 'word', 'text 99')`,
  );
  const [[groups] = []] = await ask(
    `select count(distinct row_group_id) from parquet_metadata('${joined}')`,
  );
  assert.deepEqual(filters, [[groups]], "each says that it does not hold the text");
});

test("files with other columns are not put together", async () => {
  const joined = new JoinedParquet();
  joined.add(await part("a.parquet", 0, 10));
  const other = await part("b.parquet", 0, 10, ", 1 as more");
  assert.throws(() => joined.add(other), /two schemas/);
});
