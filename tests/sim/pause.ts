import type { Clock } from "@millwright/kit";

/**
 * A wait that nothing ends early. Without a signal: one that is never aborted would keep what waits on a clock that stands,
 * and so a whole plant after its story is over.
 */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
