import { aborted } from "./abort.ts";

/** A part of the process that has a beginning and an end. */
export interface Service {
  readonly name: string;
  /** Resolves when work can flow; rejects when it cannot begin, and then holds nothing open. */
  start(): Promise<void>;
  /** Rejects if the service breaks after it started. Never resolves. */
  readonly broken: Promise<never>;
  /** Finishes what was accepted, then lets go. When `deadline` aborts, lets go at once. */
  stop(deadline: AbortSignal): Promise<void>;
}

/**
 * Runs services until `until` aborts or one breaks, then stops them in the reverse order.
 * Sinks are listed before sources, so nothing is acquired before there is a place to keep it.
 *
 * @param drainMs how long the services together may take to finish what they accepted
 */
export async function runServices(
  services: readonly Service[],
  until: AbortSignal,
  drainMs: number,
): Promise<void> {
  const running: Service[] = [];
  const failures: unknown[] = [];
  try {
    for (const service of services) {
      if (until.aborted) break;
      await service.start();
      running.push(service);
    }
    await Promise.race([aborted(until), ...running.map((service) => service.broken)]);
  } catch (failure) {
    failures.push(failure);
  }

  const deadline = AbortSignal.timeout(drainMs);
  for (const service of running.toReversed()) {
    // One that fails to stop must not keep those beneath it from closing their files.
    await service.stop(deadline).catch((failure: unknown) => failures.push(failure));
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, "the runtime did not end cleanly");
}
