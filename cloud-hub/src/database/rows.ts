/** How our types look as PostgreSQL columns. */
import {
  laneNumbers,
  lossReasons,
  roadLanes,
  type LedgerEntry,
  type LossCount,
  type LossReason,
  type LossScope,
  type RoadLane,
} from "@millwright/wire-contract";

/** A chain is 64 bits without a sign, a column has one. */
export function toColumn(chain: bigint): bigint {
  return BigInt.asIntN(64, chain);
}

export function fromColumn(chain: bigint): bigint {
  return BigInt.asUintN(64, chain);
}

export function laneOfNumber(number: number): RoadLane {
  const lane = roadLanes.find((one) => laneNumbers[one] === number);
  if (lane === undefined) throw new Error(`lane ${number} in the database is not known`);
  return lane;
}

export interface EntryRow {
  readonly number: bigint;
  readonly reason: number;
  readonly scope: LossScope["kind"];
  readonly scope_id: string;
  readonly from_us: bigint;
  readonly to_us: bigint;
  readonly count_kind: LossCount["kind"];
  readonly samples: bigint;
}

/** Of ledger entries `l`: those of the whole gateway, and of these tags and devices. @param tags place of a parameter, an array */
export function concerning(tags: string, devices: string): string {
  return `(l.scope = 'gateway' or l.scope = 'tag' and l.scope_id = any(${tags}::text[])
    or l.scope = 'device' and l.scope_id = any(${devices}::text[]))`;
}

const reasons = new Map<number, LossReason>(
  (Object.keys(lossReasons) as LossReason[]).map((reason) => [lossReasons[reason], reason]),
);

export function toEntry(row: EntryRow): LedgerEntry {
  const reason = reasons.get(row.reason);
  if (reason === undefined)
    throw new Error(`loss reason ${row.reason} in the database is not known`);
  const samples = Number(row.samples);
  return {
    number: Number(row.number),
    reason,
    // Written by this program from a parsed entry: the ids were checked then.
    scope:
      row.scope === "gateway"
        ? { kind: "gateway" }
        : ({ kind: row.scope, [row.scope]: row.scope_id } as unknown as LossScope),
    fromUs: Number(row.from_us),
    toUs: Number(row.to_us),
    count: row.count_kind === "unknown" ? { kind: "unknown" } : { kind: row.count_kind, samples },
  };
}

export function scopeIdOf(scope: LossScope): string {
  switch (scope.kind) {
    case "gateway":
      return "";
    case "device":
      return scope.device;
    case "tag":
      return scope.tag;
  }
}

/** One column of many rows, as one array parameter. */
export function column<Row>(
  rows: readonly Row[],
  of: (row: Row) => string | number | bigint | null,
): string | readonly (string | number | bigint | null)[] {
  const values = rows.map(of);
  return values.every((value) => typeof value !== "string") ? numbers(values) : values;
}

/**
 * An array of numbers as a parameter, in the words of PostgreSQL. The driver would quote each of them as if it were a
 * text, and the server take the quotes off again: with small frames that was a twentieth of the time of either.
 */
export function numbers(values: readonly (number | bigint | null)[]): string {
  return `{${values.map((value) => value ?? "null").join(",")}}`;
}
