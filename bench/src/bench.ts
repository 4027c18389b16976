import type { Random } from "@millwright/kit";

/** One measured number. Absolute figures move with the machine, so what can be compared is measured beside it. */
export interface Figure {
  readonly value: number;
  /** "samples/s", "B", "ms" … */
  readonly unit: string;
  /** What the machine could do at best, measured in the same run, in the same unit. */
  readonly limit?: number;
  /** Others doing the same, in the same run and unit. */
  readonly peers?: Readonly<Record<string, number>>;
  /** What a reader must know beside the number: the durability level, what was left out. */
  readonly note?: string;
}

/** By the keys of `targets.json`. A key that is not there is printed without a verdict. */
export type Figures = Readonly<Record<string, Figure>>;

export interface BenchContext {
  /** Shortened: shows that the bench still runs; its figures mean little. */
  readonly quick: boolean;
  /** Seeded: each run of the bench sees the same data. */
  readonly random: Random;
  /** A folder of its own on a real disk, removed afterwards. */
  readonly folder: string;
  /** Where results are kept: a bench that predicts writes `<name>.csv` there, beside its report. */
  readonly resultsFolder: string;
  /** The folder that a person named with DATA, for benches over public data; undefined when none was named. */
  readonly data: string | undefined;
  /** Aborts when the person has seen enough. Everything that waits takes it. */
  readonly signal: AbortSignal;
  /** Progress, one line, on standard error. */
  say(line: string): void;
}

/** Opened once, measured several times; the medians are what is reported. */
export interface OpenBench extends AsyncDisposable {
  /** One run over all figures. Called at least five times (once when quick); the first call is not a warm-up. */
  measure(): Promise<Figures>;
}

/** A bench is a file of this folder that exports `bench`, and a line in `registry.ts`. */
export interface Bench {
  /** As in `npm run -s bench -- <name>` and in `targets.json`. */
  readonly name: string;
  /** One sentence: what is measured, of what. */
  readonly about: string;
  /** Builds data, starts servers, warms up. What it opens is closed by the bench's own disposal. */
  open(context: BenchContext): Promise<OpenBench>;
}
