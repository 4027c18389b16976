/**
 * `npm run -s bench -- [name …] [--quick] [--data FOLDER]`: runs the named benches, or all of them. FOLDER (or DATA in the
 * environment) is where public data lie; without it, `../shared/data` beside the workspace.
 */
import { hintOf, messageChain } from "@millwright/kit";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { DataMissing } from "./public-data/data-folder.ts";
import { benches } from "./registry.ts";
import { runBench } from "./run-bench.ts";
import { tableOf } from "./table.ts";
import { readTargets } from "./targets.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, data: { type: "string" } },
});
const named = values.data ?? process.env["DATA"] ?? "";
const data = named === "" ? undefined : resolve(named);
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
  const report = await runBench(bench, resultsFolder, values.quick, stop.signal, data).catch(
    (failure: unknown) => {
      // Data that are not here must not keep the other benches from running, and must not pass for a result.
      if (!(failure instanceof DataMissing)) throw failure;
      process.stderr.write(`${bench.name}: ${messageChain(failure)}. ${hintOf(failure) ?? ""}\n`);
      process.exitCode = 1;
      return undefined;
    },
  );
  if (report === undefined) continue;
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
