/**
 * The recordings as they stand in their files, read by a parser of this check's own: were it the player's, a cell that
 * it misreads would be misread twice and look equal.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** A folder that cannot be compared, said to the person who named it. */
export class FolderRefused extends Error {
  override readonly name = "FolderRefused";
}

/** One file. */
export interface Recorded {
  /** Path inside the folder, parts joined by "/". */
  readonly file: string;
  readonly columns: readonly string[];
  /** Cells of the value columns, row by row, as text. */
  readonly rows: readonly (readonly string[])[];
  /** Texts of the time column. */
  readonly times: readonly string[];
}

const timeNames = new Set(["datetime", "timestamp", "time", "date"]);
/** What people found out afterwards is no measurement, and is not played. */
const labelNames = new Set(["anomaly", "changepoint", "label", "is_anomaly"]);

/** @param rowsMax so many rows of each file at most */
export function readRecordings(folder: string, rowsMax: number): readonly Recorded[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new FolderRefused(
      `there is no folder ${folder}. Name one with CSV recordings: make replay FOLDER=…`,
    );
  }
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.toLowerCase().endsWith(".csv"))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
  if (files.length === 0) throw new FolderRefused(`there is no CSV file in ${folder}`);
  return files.map((file) =>
    readRecording(file, readFileSync(join(folder, file), "utf8"), rowsMax),
  );
}

export function readRecording(file: string, text: string, rowsMax: number): Recorded {
  if (text.includes('"')) {
    throw new FolderRefused(`${file} has quoted cells, which this check does not read`);
  }
  const [header = "", ...lines] = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((line) => line !== "");
  const delimiter = [";", ",", "\t"].find((each) => header.includes(each)) ?? ";";
  const names = header.split(delimiter).map((name) => name.trim());
  const timeAt = names.findIndex((name) => timeNames.has(name.toLowerCase()));
  if (timeAt < 0) throw new FolderRefused(`${file} has no column of times`);
  const places = names.flatMap((name, at) =>
    at === timeAt || labelNames.has(name.toLowerCase()) ? [] : [at],
  );
  const table = lines
    .slice(0, rowsMax)
    .map((line) => line.split(delimiter).map((cell) => cell.trim()));
  return {
    file,
    columns: places.map((at) => names[at] ?? ""),
    rows: table.map((cells) => places.map((at) => cells[at] ?? "")),
    times: table.map((cells) => cells[timeAt] ?? ""),
  };
}
