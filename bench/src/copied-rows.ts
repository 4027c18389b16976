import type { openPool } from "@millwright/cloud-hub/history-parts";
import type { SampleColumns } from "@millwright/wire-contract";

/** The usual way of keeping rows: a copy into a table with an index over tag and time. @returns rows a second */
export async function copiedPerSecond(
  pool: ReturnType<typeof openPool>,
  columns: SampleColumns,
): Promise<number> {
  const rows = Math.min(columns.count, 500_000);
  await pool.query("drop table if exists bench_copy");
  await pool.query(
    "create table bench_copy (tag integer, us bigint, value double precision, status bigint)",
  );
  await pool.query("create index on bench_copy (tag, us)");
  await pool.query(
    "create table if not exists bench_rows (tag integer, us bigint, value double precision, status bigint)",
  );
  await pool.query("truncate bench_rows");
  for (let from = 0; from < rows; from += 50_000) {
    const take = (of: ArrayLike<number>): number[] =>
      Array.from({ length: 50_000 }, (_, at) => of[from + at] ?? 0);
    await pool.query(
      "insert into bench_rows select * from unnest($1::int[], $2::bigint[], $3::float8[], $4::bigint[])",
      [take(columns.tag), take(columns.measuredUs), take(columns.value), take(columns.status)],
    );
  }
  // A file of the server's own: neither the driver nor the network is measured.
  const folder = await pool.query<{ setting: string }>(
    "select setting from pg_settings where name = 'data_directory'",
  );
  const file = `${folder.rows[0]?.setting ?? ""}/bench-copy.bin`;
  await pool.query(`copy bench_rows to '${file}' with (format binary)`);
  const fromMs = performance.now();
  await pool.query(`copy bench_copy from '${file}' with (format binary)`);
  return (rows * 1_000) / (performance.now() - fromMs);
}
