/** `npm run -s bench -- [name …] [--quick]`: runs the named benches, or all of them. */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { benches } from "./registry.ts";
import { runBench } from "./run-bench.ts";
import { tableOf } from "./table.ts";
import { readTargets } from "./targets.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false } },
});
const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name));
if (unknown.length > 0) {
  const names = benches.map((bench) => bench.name).join(", ");
  process.stderr.write(`no bench is called ${unknown.join(", ")}; there are: ${names}\n`);
  process.exit(2);
}

const stop = new AbortController();
process.once("SIGINT", () => {
  stop.abort(new Error("stopped by a person"));
});
const targets = readTargets();
const resultsFolder = fileURLToPath(new URL("../results", import.meta.url));
const chosen = benches.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
for (const bench of chosen) {
  const report = await runBench(bench, resultsFolder, values.quick, stop.signal);
  const { probe } = report;
  const lines = [
    `${bench.name}: ${bench.about}`,
    ...tableOf(report.figures, targets[bench.name] ?? {}),
    `medians of ${report.runs}${values.quick ? " (quick: the figures mean little)" : ""}; ${report.machine}`,
    `fdatasync of 4 KB: p50 ${probe.fdatasync_p50_ms} ms, p99 ${probe.fdatasync_p99_ms} ms`,
    JSON.stringify(report),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
