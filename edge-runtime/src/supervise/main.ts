/**
 * The small process that outlives a bad runtime: it starts the runtime, listens for its heartbeat, and starts it again
 * when it ends or falls silent. It imports nothing of the runtime, so that nothing in there can keep it from working.
 */
import { fork, type ChildProcess } from "node:child_process";
import { extname, join } from "node:path";

import {
  firstHeap,
  heapAfter,
  isSilent,
  nextStep,
  type SupervisedState,
} from "./restart-policy.ts";

/** A planned end: last commit, settling, goodbye. Past it the runtime is killed; the journal bears that. */
const endMsMax = 12_000;
/**
 * Memory is the scarce thing on a gateway: the old space is bounded (`restart-policy.ts`), and a runtime that needs more is
 * started anew instead of filling the box. The young generation is 4 MB: with 1 MB the messages of one second outgrew it
 * and were moved among the old, and half of the processor time went into collecting them; each MB more takes 7 to 12 MB
 * of memory. `bench edge-10k` with 4 MB: 191 MB, 4 % of a core.
 */
const runtimeFlags = [
  "--max-semi-space-size=4",
  // So little is collected by one thread sooner than four can be woken. On a gateway that is busy the others also let it wait:
  // 1 ms for a collection in place of 13, both with twelve other processes on two cores.
  "--no-parallel-scavenge",
  // `url.parse` in libraries. Node says nothing of it in their own folders, but they are part of the built program.
  "--disable-warning=DEP0169",
];

/** Built or from source: the runtime is beside us in the same form. */
const program = join(import.meta.dirname, `../gateway${extname(import.meta.filename)}`);
let state: SupervisedState = { restarts: 0, startedMs: performance.now() };
/** Undefined while none runs. */
let runtime: ChildProcess | undefined;
let nextStart: NodeJS.Timeout | undefined;
let lastAliveMs = performance.now();
let isReady = false;
let hasBeenReady = false;
let heap = firstHeap;
let ending = false;

function say(level: string, event: string, fields: object): void {
  const line = { level, time: new Date().toISOString(), part: "supervisor", ...fields, event };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

/** @param nextMb what it gets now; undefined when it has the most already */
function sayOutOfMemory(mb: number, nextMb: number | undefined): void {
  say(nextMb === undefined ? "error" : "warn", "supervise.out-of-memory", {
    what: `the runtime was aborted, as when ${mb} MB of heap do not hold what the settings ask for`,
    heapMb: nextMb ?? mb,
    hint:
      nextMb === undefined
        ? "This is the most that a gateway gives itself. Divide the devices among two gateways, or take tags out; `millwright plan` counts them by device."
        : "It is started again with more.",
  });
}

function startRuntime(): void {
  lastAliveMs = performance.now();
  isReady = false;
  state = { ...state, startedMs: lastAliveMs };
  let started: ChildProcess;
  try {
    started = fork(program, ["run", ...process.argv.slice(2)], {
      execArgv: [...runtimeFlags, `--max-old-space-size=${heap.mb}`],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
  } catch (failure) {
    sayNotStarted(failure);
    goOn(null, null);
    return;
  }
  started.on("error", (failure) => {
    // Of one that runs: a message or a signal did not reach it, and its silence or its end is told otherwise.
    if (started.pid !== undefined) return;
    sayNotStarted(failure);
    goOn(null, null);
  });
  if (started.pid === undefined) return;
  runtime = started;
  started.on("message", (message) => {
    lastAliveMs = performance.now();
    if (message === "alive") return;
    // What it says beside is that values can flow.
    isReady = true;
    hasBeenReady = true;
    process.send?.(message);
  });
  started.once("exit", (code, signal) => {
    runtime = undefined;
    goOn(code, signal);
  });
}

/** A box without memory, processes or files to spare has some again, as a rule, when others have ended. */
function sayNotStarted(failure: unknown): void {
  const reason = failure instanceof Error ? failure.message : String(failure);
  say("error", "supervise.runtime-not-started", { reason });
}

/** The runtime has ended, or could not be started: both null. */
function goOn(code: number | null, signal: NodeJS.Signals | null): void {
  const ended = { code, signal, ending, nowMs: performance.now() };
  const next = heapAfter(heap, ended);
  const cannotFit = next.exhausted && !hasBeenReady;
  if (next !== heap) sayOutOfMemory(heap.mb, next.exhausted ? undefined : next.mb);
  heap = next;
  const step = nextStep(state, ended, cannotFit);
  if (step.kind === "end") {
    // What comes now, as the word that the parent has been left, changes nothing of why it ended.
    ending = true;
    process.exitCode = step.exitCode;
    clearInterval(watch);
    if (process.connected) process.disconnect();
    return;
  }
  const waitedFor = step.state.inUseSinceMs;
  if (waitedFor !== undefined && state.inUseSinceMs === undefined) {
    say("warn", "supervise.waits-for-journal", { why: "another process has it" });
  }
  state = step.state;
  say("warn", "supervise.runtime-ended", { code, signal, againInMs: step.waitMs });
  nextStart = setTimeout(startRuntime, step.waitMs);
}

const watch = setInterval(() => {
  if (runtime === undefined) return;
  if (!isSilent(isReady, performance.now() - lastAliveMs)) return;
  say("error", "supervise.runtime-silent", { pid: runtime.pid });
  runtime.kill("SIGKILL");
  lastAliveMs = performance.now();
}, 1_000);

function end(): void {
  if (ending) return;
  ending = true;
  if (runtime === undefined) {
    // A runtime that is started now would only be killed.
    clearTimeout(nextStart);
    goOn(null, null);
    return;
  }
  runtime.kill("SIGTERM");
  setTimeout(() => {
    runtime?.kill("SIGKILL");
  }, endMsMax).unref();
}
process.on("SIGINT", end);
process.on("SIGTERM", end);
// A supervisor whose parent is gone must not leave a gateway behind that nobody looks after.
process.on("disconnect", end);

startRuntime();
