/** Reads points once with our Modbus driver, the way the runtime does. */
import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import type { ValueType } from "@millwright/wire-contract";

import type {
  DriverContext,
  DriverSession,
  PointSettings,
} from "../../edge-runtime/src/acquire/driver.ts";
import { modbusDriver } from "../../edge-runtime/src/acquire/modbus/modbus-driver.ts";

const context: DriverContext = {
  device: "peer",
  clock: systemClock,
  random: seededRandom("interop"),
  log: silentLog,
  queueMax: 1_000,
  stateFolder: "",
  due: () => undefined,
  lost: () => undefined,
  proven: () => undefined,
  note: () => undefined,
  badge: () => undefined,
};

export function pointOf(
  address: string,
  type: ValueType,
  options: Readonly<Record<string, string>> = {},
): PointSettings {
  return { tag: address, address, type, everyMs: 100, options };
}

export function openModbus(
  port: number,
  points: readonly PointSettings[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<DriverSession> {
  const settings = modbusDriver.settings.parse({
    framing: "tcp",
    host: "127.0.0.1",
    port,
    ...more,
  });
  return modbusDriver.open(settings, points, context, new AbortController().signal);
}

export interface Value {
  readonly value: number;
  readonly status: number;
}

/** One value of each point, in their order. */
export async function readAll(session: DriverSession, count: number): Promise<readonly Value[]> {
  const stop = new AbortController();
  const seen = new Map<number, Value>();
  for await (const batch of session.readings(stop.signal)) {
    for (let row = 0; row < batch.count; row++) {
      const wide = batch.wide?.get(row);
      seen.set(batch.point[row] ?? -1, {
        value: wide === undefined ? (batch.value[row] ?? NaN) : Number(wide),
        status: batch.status[row] ?? 0,
      });
    }
    if (seen.size === count) stop.abort();
  }
  return Array.from({ length: count }, (_, point) => seen.get(point) ?? { value: NaN, status: -1 });
}
