/**
 * The world failed: a cable is out, a disk is full, a hub is away. A fault is thrown, carries its cause, and is
 * handled once, where something can be done. A refusal is a value (`Refused`); a defect is a failed assertion.
 */
export abstract class Fault extends Error {
  /** For programs and manuals, `step.what-happened`. */
  abstract readonly code: string;
  /** `soon`: try again with back-off. `never`: trying again cannot help before a person has acted. */
  abstract readonly retry: "soon" | "never";
  /** For the person in front of the machine: one sentence, what to do, no blame. */
  abstract readonly hint: string;
}

/** A request that is answered with no. Not an exception: the caller is there and can act on it. */
export interface Refused {
  readonly kind: "refused";
  readonly reason: string;
}

/** The hint of the outermost fault in the cause chain, if there is one. */
export function hintOf(failure: unknown): string | undefined {
  for (let at = failure; at instanceof Error; at = at.cause) {
    if (at instanceof Fault) return at.hint;
  }
  return undefined;
}

/** The messages of an error and its causes, outermost first, joined by ": "; a message does not repeat its cause. */
export function messageChain(failure: unknown): string {
  if (failure instanceof AggregateError && failure.message === "") {
    return failure.errors.map(messageChain).join("; ");
  }
  if (!(failure instanceof Error)) return String(failure);
  const cause = failure.cause === undefined ? "" : `: ${messageChain(failure.cause)}`;
  return `${failure.message}${cause}`;
}
