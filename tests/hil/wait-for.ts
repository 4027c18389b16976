import { setTimeout as sleep } from "node:timers/promises";

import { messageChain } from "@millwright/kit";

/** Asked so often: seldom enough to leave two cores to the processes under test. */
const everyMs = 100;

/**
 * Waits until `ask` answers with something true, and returns that. What it throws counts as "not yet": the process that
 * it asks may just have been killed.
 *
 * @param msMax a bound for when it never comes, generous: nothing waits for it when all is well
 */
export async function waitFor<T>(
  what: string,
  msMax: number,
  ask: () => T | Promise<T>,
): Promise<Exclude<T, undefined | null | false>> {
  const endMs = performance.now() + msMax;
  let last: unknown = "not yet";
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== null && answer !== false) {
        return answer as Exclude<T, undefined | null | false>;
      }
      last = "not yet";
    } catch (failure) {
      last = failure;
    }
    if (performance.now() > endMs) {
      throw new Error(`${what}: not within ${msMax} ms (${messageChain(last)})`);
    }
    await sleep(everyMs);
  }
}
