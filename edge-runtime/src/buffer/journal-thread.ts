import { getCompileCacheDir } from "node:module";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";

/** A thread for a journal, before it is known which journal it will be. */
export type JournalThread = Worker;

/**
 * Starts the thread, which loads its code and waits for `openJournal`. Whoever has settings to read does it meanwhile. A
 * thread that is never given a journal touches no file and keeps no process from ending.
 */
export function startJournalThread(): JournalThread {
  // Built or from source: the worker is beside us in the same form.
  const program = `journal-worker${extname(import.meta.filename)}`;
  const compiled = getCompileCacheDir();
  const thread = new Worker(new URL(program, import.meta.url), {
    // Frames pass through and are not kept, so a small heap is enough (architecture 15).
    resourceLimits: { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 4 },
    // A thread looks for the compiled code of the last start only where its environment says.
    ...(compiled === undefined ? {} : { env: { NODE_COMPILE_CACHE: compiled } }),
  });
  thread.unref();
  return thread;
}
