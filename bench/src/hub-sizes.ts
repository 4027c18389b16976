/** What lies for long, as the hub's own code writes it: minutes of whole hours, and a file of many samples of a tag. */
import { join } from "node:path";

import { noCarry, rollUp, ruleOf, widths } from "@millwright/aggregates";
import {
  minuteTier,
  openDuck,
  packBuckets,
  PartWriter,
  RangePartitions,
  replaceRollups,
  type openPool,
} from "@millwright/cloud-hub/history-parts";
import type { Dictionary, SampleColumns } from "@millwright/wire-contract";

type Pool = ReturnType<typeof openPool>;

/** Of a minute of a sensor, with its index. @param columns series of each tag, one after the other; `hours` of them */
export async function rollupBytes(
  pool: Pool,
  columns: SampleColumns,
  dictionary: Dictionary,
  hours: number,
): Promise<number> {
  const partitions = new RangePartitions(pool, minuteTier.table);
  const table = `rollup_minutes_from_${Math.floor((columns.measuredUs[0] ?? 0) / widths.hour / 720) * 720}`;
  let buckets = 0;
  const firstUs = Math.floor((columns.measuredUs[0] ?? 0) / widths.hour) * widths.hour;
  await partitions.ensure(
    Array.from({ length: hours + 1 }, (_, hour) => firstUs / widths.hour + hour),
  );
  await pool.query(`truncate rollup_minutes`);
  const count = columns.count / dictionary.tags.length;
  for (const [sensor, tag] of dictionary.tags.entries()) {
    const series = seriesOf(columns, sensor, count);
    const { buckets: minutes } = rollUp({
      rule: ruleOf(tag),
      samples: { ...series, measuredUs: series.measuredUs.map((us) => Math.max(us, firstUs)) },
      before: noCarry,
      gaps: [],
      widthUs: widths.minute,
      fromUs: firstUs,
      toUs: firstUs + (hours + 1) * widths.hour,
      knownToUs: firstUs + hours * widths.hour,
    });
    const rows = [];
    for (let from = 0; from + 60 <= minutes.count; from += 60) {
      const slot = Math.floor((minutes.startUs[from] ?? 0) / widths.hour);
      rows.push({
        series: sensor + 1,
        slot,
        packed: packBuckets(minutes, from, from + 60, slot * widths.hour),
      });
      buckets += 60;
    }
    const client = await pool.connect();
    await replaceRollups(client, minuteTier, [], rows);
    client.release();
  }
  await pool.query(`vacuum full ${table}`);
  const size = await pool.query<{ bytes: bigint }>(
    `select pg_total_relation_size('${table}') as bytes`,
  );
  return Number(size.rows[0]?.bytes ?? 0n) / buckets;
}

/** Of a sample in a Parquet file. */
export async function parquetBytes(
  folder: string,
  columns: SampleColumns,
  dictionary: Dictionary,
): Promise<number> {
  const duck = await openDuck(folder);
  const writer = await PartWriter.open(duck);
  const count = columns.count / dictionary.tags.length;
  for (const [sensor, { id, unit }] of dictionary.tags.entries()) {
    writer.append({ gateway: "bench", tag: id, unit }, seriesOf(columns, sensor, count), 0);
  }
  const written = await writer.finish(join(folder, "bench.parquet"));
  duck.closeSync();
  return written.bytes / written.samples;
}

function seriesOf(
  columns: SampleColumns,
  sensor: number,
  count: number,
): Omit<SampleColumns, "tag"> {
  const [from, end] = [sensor * count, sensor * count + count];
  return {
    count,
    measuredUs: columns.measuredUs.subarray(from, end).slice().sort(),
    value: columns.value.subarray(from, end),
    status: columns.status.subarray(from, end),
  };
}
