import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One run of the pump test bed. */
export interface SkabRun {
  /** "valve1/0.csv" */
  readonly file: string;
  readonly group: string;
  readonly channels: readonly string[];
  readonly rows: readonly Float64Array[];
  readonly anomaly: readonly boolean[];
}

const groups = ["valve1", "valve2", "other"];

/** Every labelled run of a folder laid out as SKAB is. */
export function readSkab(folder: string): readonly SkabRun[] {
  return groups.flatMap((group) =>
    filesOf(join(folder, group)).map((name) => readRun(folder, group, name)),
  );
}

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".csv"))
      .toSorted((a, b) => parseInt(a) - parseInt(b) || a.localeCompare(b));
  } catch {
    // A part of the set may come without one of its groups.
    return [];
  }
}

function readRun(folder: string, group: string, name: string): SkabRun {
  const [head = "", ...lines] = readFileSync(join(folder, group, name), "utf8")
    .trim()
    .split(/\r?\n/);
  const columns = head.split(";");
  const label = columns.indexOf("anomaly");
  const places = columns.flatMap((column, at) =>
    ["datetime", "anomaly", "changepoint"].includes(column) ? [] : [at],
  );
  const cells = lines.map((line) => line.split(";"));
  return {
    file: `${group}/${name}`,
    group,
    channels: places.map((at) => columns[at] ?? ""),
    rows: cells.map((row) => Float64Array.from(places, (at) => Number(row[at]))),
    anomaly: cells.map((row) => Number(row[label]) > 0.5),
  };
}
