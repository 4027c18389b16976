import { writeFileSync } from "node:fs";

/** Writes what a bench predicted, one line a row, so that another program can score it. */
export function writePredictions(
  path: string,
  columns: readonly string[],
  rows: Iterable<readonly (string | number)[]>,
): void {
  const lines = [columns.join(",")];
  for (const row of rows) lines.push(row.join(","));
  writeFileSync(path, `${lines.join("\n")}\n`);
}

/** Six digits tell any two scores apart that matter. */
export function short(score: number): string {
  return String(Number(score.toPrecision(6)));
}
