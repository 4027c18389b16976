import type { Figures } from "./bench.ts";
import { shortNumber, type Target, verdictOf } from "./targets.ts";

/** What a person reads: a line for each figure, and beneath it what it is to be compared with. */
export function tableOf(
  figures: Figures,
  targets: Readonly<Record<string, Target>>,
): readonly string[] {
  const rows = Object.entries(figures).map(([key, figure]) => {
    const target = targets[key];
    const ratio = figure.limit === undefined ? "" : shortNumber(figure.value / figure.limit);
    return [
      key,
      `${shortNumber(figure.value)} ${figure.unit}`,
      figure.limit === undefined ? "" : shortNumber(figure.limit),
      ratio,
      bound(target, target?.must),
      bound(target, target?.goal),
      verdictOf(target, figure.value),
      besides(figure.peers, target?.note, figure.note),
    ];
  });
  const missing = Object.keys(targets).filter((key) => figures[key] === undefined);
  for (const key of missing) rows.push([key, "", "", "", "", "", "not measured", ""]);
  return align([["figure", "value", "limit", "ratio", "must", "goal", "", "beside it"], ...rows]);
}

function bound(target: Target | undefined, value: number | undefined): string {
  if (target === undefined || value === undefined || target.op === "info") return "";
  return `${target.op} ${shortNumber(value)}`;
}

function besides(
  peers: Readonly<Record<string, number>> | undefined,
  ...notes: readonly (string | undefined)[]
): string {
  const others = Object.entries(peers ?? {}).map(
    ([name, value]) => `${name} ${shortNumber(value)}`,
  );
  return [others.join(", "), ...notes]
    .filter((part) => part !== undefined && part !== "")
    .join("; ");
}

function align(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_cell, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
