/** What the supervisor does when the runtime has ended. Pure. */
import { exitCodes } from "../exit-codes.ts";

export interface SupervisedState {
  /** Ends in a row that came soon after the start. */
  readonly restarts: number;
  readonly startedMs: number;
  /** Since when the first start has met a journal that another process has; absent: it has not. */
  readonly inUseSinceMs?: number;
}

export interface RuntimeEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** The end was asked for. */
  readonly ending: boolean;
  readonly nowMs: number;
}

/** How many MB of old space the runtime gets. */
export interface Heap {
  readonly mb: number;
  /** It was not enough, and there is no more to give. */
  readonly exhausted: boolean;
}

/**
 * 96 MB hold a runtime with 100,000 Modbus tags (`bench growth`); a protocol whose library keeps objects for each value
 * takes more. The bound is half of the memory of the smallest box, 0.5 GB (field practice 74): a runtime that needs more
 * has too many tags, or leaks.
 */
export const firstHeap: Heap = { mb: 96, exhausted: false };
const heapMbMax = 256;

/** The heap of the next start. V8 aborts when it has no room left, and nothing else of ours does. */
export function heapAfter(
  heap: Heap,
  { signal, ending }: Pick<RuntimeEnd, "signal" | "ending">,
): Heap {
  if (signal !== "SIGABRT" || ending) return heap;
  const mb = Math.min(heap.mb * 2, heapMbMax);
  return { mb, exhausted: mb === heap.mb };
}

export type SupervisorStep =
  | { readonly kind: "end"; readonly exitCode: number }
  | { readonly kind: "restart"; readonly waitMs: number; readonly state: SupervisedState };

/** A runtime that lived a minute was healthy: its end is news, not one of a row. */
const healthyMs = 60_000;
/** The first start again is at once, because each second without a runtime is a second of samples in the ledger. */
const waitsMs = [0, 500, 1_000, 2_000, 5_000, 10_000] as const;
/** Faulty settings and an unusable disk need a person; starting again would only hide the message. */
const needsPerson = [exitCodes.refused, exitCodes.disk] as const;
/** As faulty settings: they ask for more than there is. */
const tooLarge = exitCodes.refused;
/** A runtime whose supervisor was killed ends by itself within its 12 s; who has the journal after that stays. */
const inUseMsMax = 20_000;
const inUseWaitMs = 500;

/** The runtime says every second that its loop turns; ten missed are no slow disk any more. */
const silentMsMax = 10_000;
/**
 * Before it is ready it reads its program, its settings and its journal, a second's work, and with 100,000 tags a dozen. On a
 * small box that is busy with other things it takes many, some of them without a word, and a runtime that is killed each time
 * before it is ready never is.
 */
const startMsMax = 120_000;

/** @param sinceMs time since the runtime's last word, or since its start when it has not said any */
export function isSilent(isReady: boolean, sinceMs: number): boolean {
  return sinceMs >= (isReady ? silentMsMax : startMsMax);
}

/** @param cannotFit the runtime has never been ready, and its heap cannot be made larger */
export function nextStep(
  state: SupervisedState,
  end: RuntimeEnd,
  cannotFit = false,
): SupervisorStep {
  if (end.ending) return { kind: "end", exitCode: end.code ?? exitCodes.done };
  if (cannotFit) return { kind: "end", exitCode: tooLarge };
  const early = state.restarts === 0;
  if (early && end.code === exitCodes.journalInUse) return waitForJournal(state, end.nowMs);
  const person = needsPerson.find((code) => code === end.code);
  // Only at the first start: a disk that fails later may come back, and the gateway shall be there when it does.
  if (person !== undefined && early) return { kind: "end", exitCode: person };
  const row = end.nowMs - state.startedMs >= healthyMs ? 0 : state.restarts;
  const waitMs = waitsMs[Math.min(row, waitsMs.length - 1)] ?? 0;
  return {
    kind: "restart",
    waitMs,
    state: { restarts: row + 1, startedMs: state.startedMs },
  };
}

/** The first start finds the last runtime still at its end: it is waited for, for a while. */
function waitForJournal(state: SupervisedState, nowMs: number): SupervisorStep {
  const inUseSinceMs = state.inUseSinceMs ?? nowMs;
  if (nowMs - inUseSinceMs >= inUseMsMax) return { kind: "end", exitCode: exitCodes.disk };
  return { kind: "restart", waitMs: inUseWaitMs, state: { ...state, inUseSinceMs } };
}
