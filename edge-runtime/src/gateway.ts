/**
 * The gateway itself, as the supervisor starts it. It is a program of its own beside the commands that people type
 * (`main.ts`): built with them it would be cut into twice as many files, and each takes its time at a start.
 *
 * Before anything else is loaded, compiled code of the last start is looked for beside the program: half of the time of a
 * start went into compiling again what had not changed. A folder that cannot be written costs nothing but this time.
 */
import { enableCompileCache } from "node:module";
import { join } from "node:path";

enableCompileCache(join(import.meta.dirname, "../dist/compiled/run"));
const { runProgram } = await import("./program.ts");
process.exitCode = await runProgram(
  new Map([["run", async () => (await import("./commands/run.ts")).runCommand]]),
);
