import type { Clock } from "./clock.ts";
import type { Service } from "./service.ts";

/**
 * Does a work again and again, `everyMs` after each time, until it is stopped. The start does not wait for the first time, and a
 * stop waits for what is under way. What the work throws breaks the service: what may fail is for the work to handle.
 *
 * @param firstMs from the start to the first time; with 0 it begins with the start
 */
export function recurring(
  name: string,
  clock: Clock,
  { everyMs, firstMs }: { readonly everyMs: number; readonly firstMs: number },
  work: () => void | Promise<void>,
): Service {
  const stopping = new AbortController();
  const { promise: broken, reject: fail } = Promise.withResolvers<never>();
  broken.catch(() => undefined);
  let running: Promise<void> = Promise.resolve();
  const run = async (stop: AbortSignal): Promise<void> => {
    if (firstMs > 0) await clock.sleep(firstMs, stop).catch(() => undefined);
    while (!stop.aborted) {
      await work();
      await clock.sleep(everyMs, stop).catch(() => undefined);
    }
  };
  return {
    name,
    broken,
    start() {
      running = run(stopping.signal).catch(fail);
      return Promise.resolve();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
