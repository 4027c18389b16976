import { readFileSync } from "node:fs";

/** What a figure must reach. `info`: printed for the reader, judged by nobody. */
export interface Target {
  readonly op: ">=" | "<=" | "info";
  readonly must?: number;
  readonly goal?: number;
  readonly limit?: string;
  readonly peer?: readonly string[];
  readonly note?: string;
}

export type Targets = Readonly<Record<string, Readonly<Record<string, Target>>>>;

/** The product's own copy: what is asked of this version. */
export function readTargets(): Targets {
  const file = JSON.parse(readFileSync(new URL("../targets.json", import.meta.url), "utf8")) as {
    readonly benches: Targets;
  };
  return file.benches;
}

/** "goal", "met", "short by 12 %", or "" where nothing is asked. */
export function verdictOf(target: Target | undefined, value: number): string {
  if (target === undefined || target.op === "info") return "";
  if (Number.isNaN(value)) return "not measured";
  const reaches = (bound: number | undefined): boolean =>
    bound !== undefined && (target.op === ">=" ? value >= bound : value <= bound);
  if (reaches(target.goal)) return "goal";
  if (reaches(target.must)) return "met";
  const must = target.must ?? 0;
  const away = Math.abs(value - must);
  // A share of nothing says nothing: with 0 as the bound the distance itself is told.
  return must === 0
    ? `short by ${shortNumber(away)}`
    : `short by ${shortNumber((away / Math.abs(must)) * 100)} %`;
}

/** Three figures are what a bench can tell apart. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e6) return `${(value / 1e6).toPrecision(3)} M`;
  if (size >= 1e4) return `${(value / 1e3).toPrecision(3)} K`;
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}
