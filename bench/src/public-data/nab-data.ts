import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One series and its labelled windows. */
export interface NabSeries {
  /** "realKnownCause/nyc_taxi.csv" */
  readonly file: string;
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  /** First and last row of each window, in order. */
  readonly windows: readonly (readonly [first: number, last: number])[];
}

/** A folder laid out as NAB is: `data/<group>/*.csv` and `combined_windows.json`. */
export function readNab(folder: string): readonly NabSeries[] {
  const windows = JSON.parse(
    readFileSync(join(folder, "combined_windows.json"), "utf8"),
  ) as Readonly<Record<string, readonly (readonly [string, string])[]>>;
  const data = join(folder, "data");
  return readdirSync(data)
    .toSorted()
    .flatMap((group) =>
      readdirSync(join(data, group))
        .filter((name) => name.endsWith(".csv"))
        .toSorted()
        .map((name) => {
          const file = `${group}/${name}`;
          return readSeries(file, join(data, file), windows[file] ?? []);
        }),
    );
}

function readSeries(
  file: string,
  path: string,
  windows: readonly (readonly [string, string])[],
): NabSeries {
  const [, ...lines] = readFileSync(path, "utf8").trim().split(/\r?\n/);
  const cells = lines.map((line) => line.split(","));
  const timesMs = Float64Array.from(cells, ([time = ""]) => timeOf(time));
  return {
    file,
    timesMs,
    values: Float64Array.from(cells, ([, value]) => Number(value)),
    windows: windows.map(([from, to]) => {
      const first = timesMs.indexOf(timeOf(from));
      const last = timesMs.indexOf(timeOf(to));
      if (first < 0 || last < first)
        throw new Error(`${file}: the window ${from} to ${to} is not in it`);
      return [first, last] as const;
    }),
  };
}

/** "2014-04-10 07:15:00" with or without a fraction, as UTC. */
function timeOf(text: string): number {
  return Date.parse(`${text.slice(0, 19).replace(" ", "T")}Z`);
}
