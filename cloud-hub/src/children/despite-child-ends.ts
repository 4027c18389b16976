import { Backoff, messageChain, type Clock, type Log, type Random } from "@millwright/kit";

import type { KeptChild } from "./kept-child.ts";

/** The longest time that a database takes to come back and read its log again, and some room. */
const backMsMax = 90_000;
/**
 * A connection breaks the moment a program is killed; the word of its end comes through the event loop, later. So often it is
 * looked for: a hub that stands still for a while has not looked meanwhile.
 */
const looksMax = 100;
const lookEveryMs = 20;
/** A child that ends so often while the hub comes up is no accident. */
const triesMax = 10;

/**
 * Does `join`, and once more when it failed because a child ended meanwhile: its keeper starts it again on the same
 * port, as it does later on. A failure while all children ran the whole time is nobody's end and is thrown.
 */
export async function despiteChildEnds<T>(
  children: readonly Pick<KeptChild, "ends" | "serving">[],
  join: () => Promise<T>,
  { clock, random, log }: { readonly clock: Clock; readonly random: Random; readonly log: Log },
  signal: AbortSignal,
): Promise<T> {
  const backoff = new Backoff(100, 2_000, random);
  for (;;) {
    const before = endsOf(children);
    try {
      return await join();
    } catch (failure) {
      const ended = (): boolean => endsOf(children) !== before || !areServing(children);
      for (let look = 0; !ended() && look < looksMax; look++)
        await clock.sleep(lookEveryMs, signal);
      if (!ended() || backoff.tries === triesMax) throw failure;
      log.warn("hub.child-ended-at-start", { reason: messageChain(failure) });
      const endMs = clock.monotonicMs() + backMsMax;
      do {
        if (clock.monotonicMs() > endMs) throw failure;
        await clock.sleep(backoff.nextMs(), signal);
      } while (!areServing(children));
    }
  }
}

function endsOf(children: readonly Pick<KeptChild, "ends">[]): number {
  return children.reduce((sum, { ends }) => sum + ends, 0);
}

function areServing(children: readonly Pick<KeptChild, "serving">[]): boolean {
  return children.every(({ serving }) => serving);
}
