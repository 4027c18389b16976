/**
 * A question that is asked again and again: one at a time, and given up after a while. What is wanted while one is under way
 * is one more, afterwards, however often it was wanted, and as it was wanted last.
 *
 * @param ask handles its failures itself; `given` aborts when it has taken too long
 * @param restMs between two questions
 */
export function oneAtATime<Args extends readonly unknown[]>(
  ask: (given: AbortSignal, ...args: Args) => Promise<void>,
  giveUpAfterMs: number,
  restMs = 0,
): (...args: Args) => Promise<void> {
  let asks = false;
  const wanted: Args[] = [];
  return async (...args) => {
    wanted[0] = args;
    if (asks) return;
    asks = true;
    try {
      for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
        const given = new AbortController();
        const timer = setTimeout(() => given.abort(), giveUpAfterMs);
        await ask(given.signal, ...next).finally(() => clearTimeout(timer));
        if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
      }
    } finally {
      // A defect in a question must not keep the next from being asked: a screen would stand still and say nothing.
      asks = false;
    }
  };
}
