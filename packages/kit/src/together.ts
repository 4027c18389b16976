import type { Service } from "./service.ts";

/**
 * Services of which none needs another, as one: they are started in their order, and stopped at the same time, so that the
 * slowest of them is all that is waited for.
 */
export function together(name: string, services: readonly Service[]): Service {
  const running: Service[] = [];
  const stopAll = async (deadline: AbortSignal): Promise<void> => {
    const ends = await Promise.allSettled(running.splice(0).map((one) => one.stop(deadline)));
    const failures = ends.flatMap((end): unknown[] =>
      end.status === "rejected" ? [end.reason] : [],
    );
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, `${name} did not end cleanly`);
  };
  const broken = Promise.race(services.map((one) => one.broken));
  broken.catch(() => undefined);
  return {
    name,
    broken,
    async start() {
      for (const service of services) {
        try {
          await service.start();
        } catch (failure) {
          // What cannot begin holds nothing open, and says why it could not.
          await stopAll(AbortSignal.abort()).catch(() => undefined);
          throw failure;
        }
        running.push(service);
      }
    },
    stop: stopAll,
  };
}
