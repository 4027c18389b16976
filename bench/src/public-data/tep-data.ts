import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** One simulation of the Tennessee Eastman process: rows three minutes apart. */
export interface TepRun {
  /** "d01_te" */
  readonly file: string;
  readonly fault: number;
  readonly rows: readonly Float64Array[];
}

export interface TepData {
  readonly training: readonly Float64Array[];
  /** Normal, for the threshold. */
  readonly normal: readonly Float64Array[];
  readonly faulty: readonly TepRun[];
}

/** The fault begins after this row. */
export const faultFromRow = 160;

/** A folder laid out as the Braatz data are: `d00`, `d00_te` and any `dNN_te`, each `.dat` or `.dat.gz`. */
export function readTep(folder: string): TepData {
  const names = readdirSync(folder);
  const read = (file: string): readonly Float64Array[] => {
    const packed = names.includes(`${file}.dat.gz`);
    const bytes = readFileSync(join(folder, `${file}.dat${packed ? ".gz" : ""}`));
    return rowsOf((packed ? gunzipSync(bytes) : bytes).toString("latin1"));
  };
  const faulty = names
    .flatMap((name) => /^d(\d\d)_te\.dat(?:\.gz)?$/.exec(name)?.[1] ?? [])
    .filter((digits) => digits !== "00")
    .toSorted();
  return {
    training: upright(read("d00")),
    normal: read("d00_te"),
    faulty: faulty.map((digits) => {
      const file = `d${digits}_te`;
      return { file, fault: Number(digits), rows: read(file) };
    }),
  };
}

function rowsOf(text: string): readonly Float64Array[] {
  return text
    .trim()
    .split("\n")
    .map((line) => Float64Array.from(line.trim().split(/\s+/), Number));
}

/** d00 comes with variables as rows. */
function upright(rows: readonly Float64Array[]): readonly Float64Array[] {
  const first = rows[0];
  if (first === undefined || rows.length >= first.length) return rows;
  return Array.from(first, (_value, at) => Float64Array.from(rows, (row) => row[at] ?? NaN));
}
