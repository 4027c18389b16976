import type { Driver, DriverContext, OfferedPoint, PointSettings } from "../../acquire/driver.ts";

/** What a device said of one chosen point. */
export interface Look {
  readonly point: PointSettings;
  readonly value: OfferedPoint["value"];
  readonly status: number;
}

/**
 * Opens the device with the chosen points, exactly as the gateway will, and reads until each has spoken or time is up:
 * nobody saves a decoding that was never seen.
 *
 * @param waitMs for so long a device that stands may keep silent
 * @returns one look for each point that spoke, in the order of `points`
 */
export async function lookAt(
  driver: Driver<unknown>,
  connection: unknown,
  points: readonly PointSettings[],
  context: DriverContext,
  waitMs: number,
  signal: AbortSignal,
): Promise<readonly (Look | undefined)[]> {
  const looks: (Look | undefined)[] = points.map(() => undefined);
  const session = await driver.open(connection, points, context, signal);
  const enough = new AbortController();
  const until = AbortSignal.any([signal, enough.signal, AbortSignal.timeout(waitMs)]);
  try {
    for await (const batch of session.readings(until)) {
      for (let row = 0; row < batch.count; row++) {
        const at = batch.point[row] ?? -1;
        const point = points[at];
        if (point === undefined) continue;
        const value = batch.wide?.get(row) ?? batch.value[row];
        looks[at] = { point, value, status: batch.status[row] ?? 0 };
      }
      if (looks.every((look) => look !== undefined)) break;
    }
  } catch (failure) {
    // The time is up: what has spoken until now is what there is to see.
    if (!hasAborted(until)) throw failure;
  } finally {
    enough.abort();
    await session.end(AbortSignal.timeout(2_000)).catch(() => undefined);
    await session[Symbol.asyncDispose]();
  }
  return looks;
}

function hasAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
