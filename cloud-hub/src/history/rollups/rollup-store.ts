/** Rows of minutes and hours. */
import { toldSpan, widths, type Buckets, type ToldWidth } from "@millwright/aggregates";
import type pg from "pg";

import { copyInto, CopyRows, type CopyType } from "../../database/copy-rows.ts";
import type { PartitionedTable } from "../../database/range-partitions.ts";
import { numbers } from "../../database/rows.ts";
import type { PackedBuckets } from "./packed-buckets.ts";
import { unpackBuckets } from "./unpack-buckets.ts";

type Queryable = Pick<pg.ClientBase, "query">;

/** A tier of rollups: buckets of `widthUs`, those of `slotUs` in one row. */
export interface RollupTier {
  readonly table: PartitionedTable;
  readonly widthUs: ToldWidth;
  readonly slotUs: number;
}

// Arrays of one row are compressed where they lie: out of line they would cost a row of their own each.
const compressed = (partition: string): string =>
  `alter table ${partition} set (toast_tuple_target = 128)`;

/** A partition holds 30 days of minutes. */
export const minuteTier: RollupTier = {
  table: { name: "rollup_minutes", width: 720, own: compressed },
  widthUs: widths.minute,
  slotUs: toldSpan(widths.minute),
};
/** A partition holds a year of hours. */
export const hourTier: RollupTier = {
  table: { name: "rollup_hours", width: 365, own: compressed },
  widthUs: widths.hour,
  slotUs: toldSpan(widths.hour),
};

export interface RollupRow {
  readonly series: number;
  readonly slot: number;
  readonly packed: PackedBuckets;
}

type Column = readonly [name: string, type: CopyType, of: (packed: PackedBuckets) => unknown];

const columns: readonly Column[] = [
  ["first", "smallint", (packed) => packed.first],
  ["n", "smallint", (packed) => packed.count],
  ["places", "smallint[]", (packed) => packed.places],
  ["samples", "integer[]", (packed) => packed.samples],
  ["good", "integer[]", (packed) => packed.good],
  ["good_us", "integer[]", (packed) => packed.goodUs],
  ["worst", "integer[]", (packed) => packed.worst],
  ["decimals", "smallint", (packed) => packed.decimals],
  ["base", "bigint", (packed) => packed.base],
  ["values2", "smallint[]", (packed) => packed.values2],
  ["values4", "integer[]", (packed) => packed.values4],
  ["values8", "double precision[]", (packed) => packed.values8],
  ["first_us", "integer[]", (packed) => packed.firstUs],
  ["last_us", "integer[]", (packed) => packed.lastUs],
  ["sums4", "integer[]", (packed) => packed.sums4],
  ["sums8", "bigint[]", (packed) => packed.sums8],
  ["sums_double", "double precision[]", (packed) => packed.sumsDouble],
  ["squares4", "integer[]", (packed) => packed.squares4],
  ["squares8", "bigint[]", (packed) => packed.squares8],
  ["squares_double", "double precision[]", (packed) => packed.squaresDouble],
  ["integrals8", "bigint[]", (packed) => packed.integrals8],
  ["integrals_double", "double precision[]", (packed) => packed.integralsDouble],
  ["delta", "double precision[]", (packed) => packed.delta],
  ["roll_overs", "integer[]", (packed) => packed.rollOvers],
  ["resets", "integer[]", (packed) => packed.resets],
  ["changes", "integer[]", (packed) => packed.changes],
  ["states", "jsonb", (packed) => packed.states],
  ["exact", "jsonb", (packed) => packed.exact],
  ["told", "bigint[]", (packed) => packed.told],
];

/** Where a row of a tier lies. */
export type RollupPlace = Pick<RollupRow, "series" | "slot">;

/**
 * What a row had before goes as a whole. In a transaction: between its two statements there is no row.
 * @param before rows that are there and go: who writes has read them, and to look for them once more is a tenth of the work
 */
export async function replaceRollups(
  client: Queryable,
  tier: RollupTier,
  before: readonly RollupPlace[],
  rows: readonly RollupRow[],
): Promise<void> {
  await deleteRollups(client, tier, before);
  if (rows.length === 0) return;
  const names = columns.map(([name]) => name);
  const copied = new CopyRows(["integer", "integer", ...columns.map(([, type]) => type)]);
  const values = new Array<unknown>(columns.length + 2);
  for (const { series, slot, packed } of rows) {
    values[0] = series;
    values[1] = slot;
    for (let at = 0; at < columns.length; at++) values[at + 2] = columns[at]?.[2](packed);
    copied.push(values);
  }
  await copyInto(client, tier.table.name, ["series", "slot", ...names], copied);
}

async function deleteRollups(
  client: Queryable,
  tier: RollupTier,
  places: readonly RollupPlace[],
): Promise<void> {
  // Mostly there is none: a row is new once an hour or day.
  if (places.length === 0) return;
  const deleted = await client.query(
    `delete from ${tier.table.name} r using unnest($1::int[], $2::int[]) k (series, slot)
     where r.series = k.series and r.slot = k.slot`,
    [numbers(places.map(({ series }) => series)), numbers(places.map(({ slot }) => slot))],
  );
  if (deleted.rowCount !== places.length)
    throw new Error("rollups changed while they were written anew: two sorters are at work");
}

/**
 * SQL: the rows `r` of ranges `k`, looked up range by range, which `offset 0` keeps so: of a partition that was made a
 * moment ago the planner knows nothing, and would read all of it for some hundred rows.
 */
function rowsOfRanges({ table }: RollupTier): string {
  return `from unnest($1::int[], $2::int[], $3::int[], $4::int[]) k (at, series, from_slot, to_slot)
    cross join lateral (
      select * from ${table.name} r where r.series = k.series and r.slot between k.from_slot and k.to_slot
        and r.slot between $5 and $6 offset 0) r`;
}

function columnsOfRanges(ranges: readonly SlotRange[]): unknown[] {
  return [
    numbers(ranges.map((_, at) => at)),
    numbers(ranges.map(({ series }) => series)),
    numbers(ranges.map(({ fromSlot }) => fromSlot)),
    numbers(ranges.map(({ toSlot }) => toSlot)),
    // Once more for all of them, so that partitions are left out before anything is read.
    least(ranges.map(({ fromSlot }) => fromSlot)),
    greatest(ranges.map(({ toSlot }) => toSlot)),
  ];
}

function least(of: readonly number[]): number {
  return of.reduce((a, b) => Math.min(a, b), Infinity);
}

function greatest(of: readonly number[]): number {
  return of.reduce((a, b) => Math.max(a, b), -Infinity);
}

export interface SlotRange {
  readonly series: number;
  readonly fromSlot: number;
  readonly toSlot: number;
}

/**
 * What a line is drawn of. Sums and states are many bytes that a line does not show; `rows` are drawn as a whole, and
 * the times within them are not seen. Of `means` only the time-weighted sums are there.
 */
export type RollupDetail = "line" | "rows" | "means" | "all";
const rowColumns = `r.slot, r.first, r.n, r.places, '{1}'::int[] as samples, null::int[] as good, r.good_us,
  r.decimals, r.base, r.values2, r.values4, r.values8`;
const columnsOf: Readonly<Record<RollupDetail, string>> = {
  all: "r.*",
  line: `${rowColumns}, r.first_us, r.last_us`,
  rows: `${rowColumns}, null::int[] as first_us, null::int[] as last_us`,
  means:
    "r.slot, r.first, r.n, r.places, r.good_us, r.decimals, r.base, r.integrals8, r.integrals_double",
};

/** A row of a tier, as it lies. */
export interface ReadRollup {
  readonly slot: number;
  readonly packed: PackedBuckets;
}

/** The rows of each range, in order of time. */
export async function readRows(
  client: Queryable,
  tier: RollupTier,
  ranges: readonly SlotRange[],
  detail: RollupDetail,
): Promise<readonly (readonly ReadRollup[])[]> {
  const found: ReadRollup[][] = ranges.map(() => []);
  if (ranges.length === 0) return found;
  const rows = await client.query<DatabaseRow>(
    `select k.at, ${columnsOf[detail]} ${rowsOfRanges(tier)}`,
    columnsOfRanges(ranges),
  );
  for (const row of rows.rows) found[row.at]?.push({ slot: row.slot, packed: toPacked(row) });
  for (const range of found) range.sort((a, b) => a.slot - b.slot);
  return found;
}

/** What is to be known of rows that are computed anew. */
export interface RowsBefore {
  /** All that are there, in no particular order. */
  readonly slots: readonly number[];
  /** Those that hold a bucket which a gateway told, in order of time. */
  readonly told: readonly ReadRollup[];
}

export async function readRowsBefore(
  client: Queryable,
  tier: RollupTier,
  ranges: readonly SlotRange[],
): Promise<readonly RowsBefore[]> {
  const found = ranges.map(() => ({ slots: [] as number[], told: [] as ReadRollup[] }));
  if (ranges.length === 0) return found;
  const rows = await client.query<
    DatabaseRow & { readonly there: number; readonly is_told: boolean }
  >(
    `select k.at, r.slot as there, t.slot is not null as is_told, t.* ${rowsOfRanges(tier)}
     left join lateral (select r.* where r.told is not null) t on true`,
    columnsOfRanges(ranges),
  );
  for (const row of rows.rows) {
    const range = found[row.at];
    range?.slots.push(row.there);
    if (row.is_told) range?.told.push({ slot: row.slot, packed: toPacked(row) });
  }
  for (const { told } of found) told.sort((a, b) => a.slot - b.slot);
  return found;
}

/** The buckets of each range, row by row in order of time. */
export async function readRollups(
  client: Queryable,
  tier: RollupTier,
  ranges: readonly SlotRange[],
): Promise<readonly (readonly Buckets[])[]> {
  const found = await readRows(client, tier, ranges, "all");
  return found.map((rows) =>
    rows.map(({ slot, packed }) => unpackBuckets(packed, tier.widthUs, slot * tier.slotUs)),
  );
}

interface DatabaseRow {
  readonly at: number;
  readonly slot: number;
  readonly first: number;
  readonly n: number;
  readonly places: readonly number[] | null;
  readonly samples?: readonly number[];
  readonly good?: readonly number[] | null;
  readonly good_us: readonly number[] | null;
  readonly worst?: readonly number[] | null;
  readonly decimals: number | null;
  readonly base: bigint;
  readonly values2?: readonly number[] | null;
  readonly values4?: readonly number[] | null;
  readonly values8?: readonly number[] | null;
  readonly first_us?: readonly number[] | null;
  readonly last_us?: readonly number[] | null;
  readonly sums4?: readonly number[] | null;
  readonly sums8?: readonly number[] | null;
  readonly sums_double?: readonly number[] | null;
  readonly squares4?: readonly number[] | null;
  readonly squares8?: readonly number[] | null;
  readonly squares_double?: readonly number[] | null;
  readonly integrals8?: readonly number[] | null;
  readonly integrals_double?: readonly number[] | null;
  readonly delta?: readonly number[] | null;
  readonly roll_overs?: readonly number[] | null;
  readonly resets?: readonly number[] | null;
  readonly changes?: readonly number[] | null;
  readonly states?: PackedBuckets["states"];
  readonly exact?: PackedBuckets["exact"];
  readonly told?: readonly number[] | null;
}

function toPacked(row: DatabaseRow): PackedBuckets {
  return {
    first: row.first,
    count: row.n,
    places: row.places,
    samples: row.samples ?? [1],
    good: row.good ?? null,
    goodUs: row.good_us,
    worst: row.worst ?? null,
    decimals: row.decimals,
    base: Number(row.base),
    values2: row.values2 ?? null,
    values4: row.values4 ?? null,
    values8: row.values8 ?? null,
    firstUs: row.first_us ?? null,
    lastUs: row.last_us ?? null,
    sums4: row.sums4 ?? null,
    sums8: row.sums8 ?? null,
    sumsDouble: row.sums_double ?? null,
    squares4: row.squares4 ?? null,
    squares8: row.squares8 ?? null,
    squaresDouble: row.squares_double ?? null,
    integrals8: row.integrals8 ?? null,
    integralsDouble: row.integrals_double ?? null,
    delta: row.delta ?? null,
    rollOvers: row.roll_overs ?? null,
    resets: row.resets ?? null,
    changes: row.changes ?? null,
    states: row.states ?? null,
    exact: row.exact ?? null,
    told: row.told ?? null,
  };
}
