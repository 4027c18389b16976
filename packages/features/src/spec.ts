import * as z from "zod";

/**
 * What one number of a window says.
 *
 * - `value`: the newest row (window of 1)
 * - `mean`; `spread`: standard deviation (n − 1); `slope`: least squares, units per second; `range`: largest − smallest
 * - `rms`: root of the mean square, with the mean; `crest`: largest size over `rms` (1 where all is 0)
 * - `kurtosis`: fourth moment over the squared second; 3 for normal noise, and for a window that does not move
 * - `band`: RMS of what lies between two frequencies (Hann window, mean taken out)
 */
export const featureKinds = [
  "value",
  "mean",
  "spread",
  "slope",
  "range",
  "rms",
  "crest",
  "kurtosis",
  "band",
] as const;
export type FeatureKind = (typeof featureKinds)[number];

/** One number of the vector that a model is given. */
export interface Feature {
  /** As it stands in the metrics and the why-panel: "vibration.spread.30". */
  readonly name: string;
  /** The input it is made of. */
  readonly property: string;
  readonly kind: FeatureKind;
  /** Length of its window in rows; a power of two for `band`. */
  readonly rows: number;
  /** Bounds of a `band`, Hz; `toHz` at most half the rate of the rows. */
  readonly fromHz?: number | undefined;
  readonly toHz?: number | undefined;
  /** Stands in where the asset has no such input. Absent: without the input there is no vector. */
  readonly missing?: number | undefined;
}

/** How samples become vectors: the same program for live, backtest and training (field practice 77). */
export interface FeatureSpec {
  /** Samples are put on rows so far apart, ms, counted from 1970: the first sample in a row is its value. */
  readonly gridMs: number;
  /** A row without a sample takes the value before it, if that is no older than this, ms. */
  readonly holdMs: number;
  /** A row that still waits for an input is closed when another input is so far past its end, ms. */
  readonly graceMs: number;
  /** A vector is made each so many rows, counted from 1970. */
  readonly everyRows: number;
  /** In the order of the vector. */
  readonly windows: readonly Feature[];
}

// A day of rows at 1 Hz. Longer windows belong to the aggregates, not to memory.
const rowsMax = 86_400;
const frequency = z.number().min(0).max(1_000_000);

const feature: z.ZodType<Feature> = z
  .strictObject({
    name: z.string().min(1).max(120),
    property: z.string().min(1).max(64),
    kind: z.enum(featureKinds),
    rows: z.int().min(1).max(rowsMax),
    fromHz: frequency.optional(),
    toHz: frequency.optional(),
    missing: z.number().optional(),
  })
  .refine(({ kind, rows }) => rows >= rowsMin[kind], {
    error:
      "needs a longer window (rows): value 1, mean and rms 1, crest 2, slope and spread 2, kurtosis 4, band 8",
  })
  .refine(({ kind, rows }) => kind !== "value" || rows === 1, {
    error: '"value" is the newest row: it needs rows: 1',
  })
  .refine(({ kind, rows }) => kind !== "band" || Number.isInteger(Math.log2(rows)), {
    error: "a band needs a window of a power of two rows (8, 16, 32 …)",
  })
  .refine(
    ({ kind, fromHz, toHz }) =>
      kind === "band"
        ? fromHz !== undefined && toHz !== undefined && fromHz < toHz
        : fromHz === undefined && toHz === undefined,
    { error: "a band needs fromHz below toHz, and nothing else has them" },
  );

const rowsMin: Readonly<Record<FeatureKind, number>> = {
  value: 1,
  mean: 1,
  rms: 1,
  range: 2,
  crest: 2,
  spread: 2,
  slope: 2,
  kurtosis: 4,
  band: 8,
};

export const featureSpec: z.ZodType<FeatureSpec> = z
  .strictObject({
    gridMs: z.int().min(1).max(86_400_000),
    holdMs: z.int().min(0).max(86_400_000),
    graceMs: z.int().min(0).max(3_600_000),
    everyRows: z.int().min(1).max(rowsMax),
    // What fits a gateway: more numbers a window are a sign that something was not chosen.
    windows: z.array(feature).min(1).max(4_096),
  })
  .refine(({ gridMs, windows }) => windows.every(({ toHz }) => (toHz ?? 0) <= 500 / gridMs), {
    error: "a band ends at most at half the rate of the rows (500 / gridMs Hz)",
  })
  .refine(({ windows }) => new Set(windows.map(({ name }) => name)).size === windows.length, {
    error: "two features have the same name",
  });

/** Rows that must be there before the first vector. */
export function longestWindow(spec: FeatureSpec): number {
  return Math.max(...spec.windows.map(({ rows }) => rows));
}
