import { createLog, Fault, messageChain } from "@millwright/kit";
import { parseArguments, usage, UsageRefused } from "./command-line.ts";
import { startPlant } from "./plant.ts";

/** Runs a plant until it is told to end. Exit code 0 after a clean end, 2 for bad arguments or files, 1 otherwise. */
async function main(): Promise<number> {
  const log = createLog("virtual-plant");
  let options;
  try {
    options = parseArguments(process.argv.slice(2));
  } catch (failure) {
    if (!(failure instanceof UsageRefused)) throw failure;
    process.stderr.write(`${failure.message}\nTry --help.\n`);
    return 2;
  }
  if (options === "help") {
    process.stdout.write(usage);
    return 0;
  }
  const ended = new Promise<string>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.once(signal, () => {
        resolve(signal);
      });
    }
    // A parent that died without a signal closes our standard input, when it gave us one.
    if (options.endWithParent) {
      process.stdin.once("close", () => {
        resolve("parent gone");
      });
      process.stdin.resume();
    }
  });
  try {
    const plant = await startPlant({ ...options.plant, log });
    process.stdout.write(`${JSON.stringify({ ready: true, ...plant.endpoints })}\n`);
    log.info("plant.started", { machines: plant.machines.map(({ id }) => id) });
    const reason = await Promise.race([ended, plant.broken]).finally(() => plant.stop());
    log.info("plant.ended", { reason });
    return 0;
  } catch (failure) {
    process.stderr.write(`${messageChain(failure)}\n`);
    if (!(failure instanceof Fault)) return 1;
    process.stderr.write(`${failure.hint}\n`);
    return failure.retry === "never" ? 2 : 1;
  }
}

process.exitCode = await main();
// Everything was stopped; a library's forgotten timer must not keep the process.
process.exit();
