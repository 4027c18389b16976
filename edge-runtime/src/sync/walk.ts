/** Goes step by step, each in its time, up to the first that fails. Knows nothing of what the steps do. */
import { messageChain, type Clock } from "@millwright/kit";

import type { ConnectionFindings, ConnectionStep, StepFindings } from "../hand-over.ts";

export interface Step {
  readonly step: ConnectionStep;
  /** Rejects when the way ends here; `StepFailed` with words for a person. */
  readonly take: () => Promise<Pick<StepFindings, "found"> & { readonly unused?: true }>;
  /** What to do when it fails in a way that it has no words for, and when it does not end. */
  readonly hint: string;
}

/** The way ends here, and it is known why. */
export class StepFailed extends Error {
  override readonly name = "StepFailed";
  readonly hint: string;

  constructor(found: string, hint: string) {
    super(found);
    this.hint = hint;
  }
}

/** A step that takes longer is as good as none; a connection of the road has as long. */
const stepMs = 5_000;
/** The page that asked waits for 15 s. */
const allMs = 12_000;

/** Never rejects. What a step that did not end leaves open is the caller's to close. */
export async function walk(
  steps: readonly Step[],
  clock: Clock,
  signal: AbortSignal,
): Promise<ConnectionFindings> {
  const beganMs = clock.monotonicMs();
  const findings: StepFindings[] = [];
  for (const { step, take, hint } of steps) {
    const stepBeganMs = clock.monotonicMs();
    const within = Math.max(0, Math.min(stepMs, beganMs + allMs - stepBeganMs));
    const tookMs = (): number => Math.round(10 * (clock.monotonicMs() - stepBeganMs)) / 10;
    try {
      const { found, unused } = await inTime(take(), within, clock, signal);
      const outcome = unused === true ? "unused" : "passed";
      findings.push({ step, outcome, found, tookMs: tookMs() });
    } catch (failure) {
      findings.push({ step, outcome: "failed", found: messageChain(failure), tookMs: tookMs() });
      return { steps: findings, hint: failure instanceof StepFailed ? failure.hint : hint };
    }
  }
  return { steps: findings };
}

async function inTime<T>(
  work: Promise<T>,
  ms: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([
      work,
      clock.sleep(ms, AbortSignal.any([signal, over.signal])).then(() => {
        throw new Error(`no answer within ${Math.round(ms / 100) / 10} s`);
      }),
    ]);
  } finally {
    over.abort();
  }
}
