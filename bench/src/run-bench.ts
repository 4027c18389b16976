import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "@millwright/kit";
import type { Bench, Figures } from "./bench.ts";
import { mediansOf } from "./medians.ts";
import { machine, type Probe, probeDisk } from "./probe.ts";

/** What a bench says in its last line and leaves in `results/`. */
export interface Report {
  readonly bench: string;
  readonly figures: Figures;
  readonly runs: number;
  readonly quick: boolean;
  readonly machine: string;
  readonly probe: Probe;
}

// Five is the least of which a median sits still when one run was disturbed.
const runs = 5;

/** Opens, measures, closes; writes the report. The folder for the work lies beside the results, on the same disk. */
export async function runBench(
  bench: Bench,
  resultsFolder: string,
  quick: boolean,
  signal: AbortSignal,
  data?: string,
): Promise<Report> {
  const say = (line: string): void => {
    process.stderr.write(`${bench.name}: ${line}\n`);
  };
  mkdirSync(resultsFolder, { recursive: true });
  const folder = mkdtempSync(join(resultsFolder, `.work-${bench.name}-`));
  try {
    const probe = probeDisk(folder, quick);
    say(bench.about);
    const measured: Figures[] = [];
    const runMax = quick ? 1 : runs;
    await using open = await bench.open({
      quick,
      random: seededRandom(bench.name),
      folder,
      resultsFolder,
      data,
      signal,
      say,
    });
    while (measured.length < runMax) {
      signal.throwIfAborted();
      measured.push(await open.measure());
      say(`run ${measured.length} of ${runMax}`);
    }
    const figures = mediansOf(measured);
    const report = { bench: bench.name, figures, runs: runMax, quick, machine: machine(), probe };
    writeFileSync(join(resultsFolder, `${bench.name}.json`), `${JSON.stringify(report)}\n`);
    return report;
  } finally {
    // A child of a child that was ended may still be writing its last.
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  }
}
