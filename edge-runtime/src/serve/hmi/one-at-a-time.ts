/**
 * A question that is asked again and again: one at a time, and given up after a while. What is wanted while one is under way
 * is one more, afterwards, however often it was wanted.
 *
 * @param ask handles its failures itself; `given` aborts when it has taken too long
 * @param restMs between two questions
 */
export function oneAtATime<Args extends readonly unknown[]>(
  ask: (given: AbortSignal, ...args: Args) => Promise<void>,
  giveUpAfterMs: number,
  restMs = 0,
): (...args: Args) => Promise<void> {
  const now = { asks: false, wants: false };
  return async (...args) => {
    now.wants = true;
    if (now.asks) return;
    now.asks = true;
    while (now.wants) {
      now.wants = false;
      const given = new AbortController();
      const timer = setTimeout(() => given.abort(), giveUpAfterMs);
      await ask(given.signal, ...args);
      clearTimeout(timer);
      if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
    }
    now.asks = false;
  };
}
