import { Fault } from "@millwright/kit";
import { parse } from "csv-parse/sync";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";

/** A folder that holds no recording which could be played. */
export class RecordingRefused extends Fault {
  override readonly name = "RecordingRefused";
  readonly code = "plant.recording-refused";
  readonly retry = "never";
  readonly hint =
    "Name a folder with CSV files: a header row, a column datetime, time or timestamp, and columns of numbers.";
}

/** One CSV file, its texts as they stand there. */
export interface Recording {
  /** Path inside the folder, parts joined by "/". */
  readonly file: string;
  /** Time of each row, ms since 1970; NaN where it cannot be read. */
  readonly timesMs: Float64Array;
  /** The texts of the time column. */
  readonly times: readonly string[];
  /** Names of the value columns. */
  readonly columns: readonly string[];
  /** Texts of the value columns, row by row. */
  readonly rows: readonly (readonly string[])[];
  /** Names of the label columns. */
  readonly labelColumns: readonly string[];
  readonly labels: readonly (readonly string[])[];
}

const timeNames = ["datetime", "timestamp", "time", "date"];
// Not measured by any machine: what people found out afterwards.
const labelNames = ["anomaly", "changepoint", "label", "is_anomaly"];
// All of one file is held in memory while it is played.
const fileBytesMax = 256 * 1024 * 1024;

/** The CSV files of a folder and the folders in it, by the names of their paths. */
export async function listRecordings(folder: string): Promise<readonly string[]> {
  let entries;
  try {
    entries = await readdir(folder, { recursive: true, withFileTypes: true });
  } catch (failure) {
    throw new RecordingRefused(`the folder ${folder} cannot be read`, { cause: failure });
  }
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.toLowerCase().endsWith(".csv"))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
  if (files.length === 0) throw new RecordingRefused(`there is no CSV file in ${folder}`);
  return files;
}

export async function loadRecording(folder: string, file: string): Promise<Recording> {
  const bytes = await readFile(join(folder, file));
  if (bytes.length > fileBytesMax) {
    throw new RecordingRefused(`${file} is larger than ${fileBytesMax} bytes`);
  }
  return parseRecording(file, bytes.toString("utf8"));
}

/** Reads `;`, `,` or tab separated text; the separator is the one that the header row has most of. */
export function parseRecording(file: string, text: string): Recording {
  const header = text.slice(0, (text.indexOf("\n") + text.length + 1) % (text.length + 1));
  const delimiter = [";", ",", "\t"].reduce((best, next) =>
    header.split(next).length > header.split(best).length ? next : best,
  );
  let table: string[][];
  try {
    table = parse(text, { delimiter, bom: true, skip_empty_lines: true, trim: true });
  } catch (failure) {
    throw new RecordingRefused(`${file} cannot be read as CSV`, { cause: failure });
  }
  const [names = [], ...rows] = table;
  const timeAt = names.findIndex((name) => timeNames.includes(name.toLowerCase()));
  if (timeAt < 0) {
    throw new RecordingRefused(`${file} has no column named ${timeNames.join(", ")}`);
  }
  const labelAt = indices(names, (name) => labelNames.includes(name.toLowerCase()));
  const valueAt = indices(names, (_name, at) => at !== timeAt && !labelAt.includes(at));
  if (valueAt.length === 0) throw new RecordingRefused(`${file} has no column of values`);
  const times = rows.map((row) => row[timeAt] ?? "");
  return {
    file,
    times,
    timesMs: Float64Array.from(times, parseTimeMs),
    columns: pick(names, valueAt),
    rows: rows.map((row) => pick(row, valueAt)),
    labelColumns: pick(names, labelAt),
    labels: rows.map((row) => pick(row, labelAt)),
  };
}

/** A recorded time, read as UTC when it names no zone: only differences of it are used. A number is s since 1970. */
function parseTimeMs(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const iso = text.replace(" ", "T");
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(iso) ? iso : `${iso}Z`);
}

function indices(
  names: readonly string[],
  wanted: (name: string, at: number) => boolean,
): number[] {
  return names.flatMap((name, at) => (wanted(name, at) ? [at] : []));
}

function pick(row: readonly string[], places: readonly number[]): readonly string[] {
  return places.map((at) => row[at] ?? "");
}
