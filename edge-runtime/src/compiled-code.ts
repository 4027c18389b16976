import { flushCompileCache } from "node:module";

/** A start is over by then, and what only it has used is not forgotten yet. */
const afterMs = 10_000;

/**
 * Keeps the compiled code of this thread while it runs. Left alone, Node does so at the end of the process: a gateway whose
 * power is cut has no such end and would compile everything again at each start.
 */
export function keepCompiledCode(): void {
  setTimeout(flushCompileCache, afterMs).unref();
}
