/**
 * The gateway's program. Before anything else is loaded, compiled code of the last start is looked for beside the
 * program: half of the time of a start went into compiling again what had not changed. A folder that cannot be written
 * costs nothing but this time.
 */
import { enableCompileCache } from "node:module";
import { join } from "node:path";

// What is kept is the code that one process has used. `run` must not find what a short command has left.
const use = process.argv[2] === "run" ? "run" : "commands";
enableCompileCache(join(import.meta.dirname, "../dist/compiled", use));
const { runProgram } = await import("./program.ts");
process.exitCode = await runProgram();
