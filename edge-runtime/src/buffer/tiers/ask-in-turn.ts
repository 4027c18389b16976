import type { StoreDoor } from "../questions.ts";

/**
 * Charts ask the thread of the journal for one slice at a time, however many are drawn: a commit waits for one of them
 * and not for one of each. They take turns, so that tags that share rows are read from the same opened ones. What waits
 * is bounded by the requests that are open, each of which waits for one answer.
 */
export function askInTurn(ask: StoreDoor["ask"]): StoreDoor["ask"] {
  let last: Promise<unknown> = Promise.resolve();
  return (name, ...asked) => {
    const answered = last.then(() => ask(name, ...asked));
    last = answered.catch(() => undefined);
    return answered;
  };
}
