/** What tests of this folder write again and again: settings of the test device, points, a context that counts. */
import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import type { LossReason, Scalar, ValueType } from "@millwright/wire-contract";

import type { DriverContext, DriverSession, PointSettings, ReadingBatch } from "../driver.ts";
import { modbusSettings, type ModbusSettings } from "./settings.ts";
import type { TestDevice } from "./test-device.ts";

export function settingsFor(
  device: TestDevice,
  more: Readonly<Record<string, unknown>> = {},
): ModbusSettings {
  // Loopback answers within a millisecond, on a machine that stands still in some seconds. Who tests silence says how long it is.
  const common = { framing: device.framing, unit: 1, timeoutMs: 30_000 };
  switch (device.framing) {
    case "tcp":
      return modbusSettings.parse({ ...common, host: "127.0.0.1", port: device.port, ...more });
    case "rtu-over-tcp":
      return modbusSettings.parse({
        ...common,
        host: "127.0.0.1",
        port: device.port,
        baudRate: 115_200,
        turnaroundMs: 20,
        ...more,
      });
    case "rtu":
      return modbusSettings.parse({
        ...common,
        path: device.path,
        baudRate: 115_200,
        turnaroundMs: 20,
        parity: "none",
        ...more,
      });
  }
}

export function pointOf(
  address: string,
  type: ValueType,
  everyMs: number,
  options: Readonly<Record<string, string>> = {},
): PointSettings {
  return { tag: `t ${address}`, address, type, everyMs, options };
}

/** What a driver told its ledger. */
export class Told {
  due = 0;
  readonly lost: { point: number; count: number; reason: LossReason }[] = [];
  note = "";

  get lostCount(): number {
    return this.lost.reduce((sum, loss) => sum + loss.count, 0);
  }

  /**
   * What the device or the line is blamed for. A busy machine stands still for longer than an interval of 50 ms here
   * and there, and what it then misses is charged as well: to the schedule, or to whoever came late to the readings.
   */
  get blamed(): { point: number; count: number; reason: LossReason }[] {
    return this.lost.filter(
      ({ reason }) => reason !== "device overload" && reason !== "queue full",
    );
  }

  get context(): DriverContext {
    return {
      device: "device-1",
      clock: systemClock,
      random: seededRandom("modbus"),
      log: silentLog,
      queueMax: 1_000,
      stateFolder: "",
      due: (count) => {
        this.due += count;
      },
      lost: (point, count, reason) => {
        this.lost.push({ point, count, reason });
      },
      proven: () => undefined,
      note: (text) => {
        this.note = text;
      },
      badge: () => undefined,
    };
  }
}

export interface Row {
  readonly point: number;
  readonly value: Scalar;
  readonly status: number;
}

export function rowsOf(batch: ReadingBatch): Row[] {
  return Array.from({ length: batch.count }, (_, row) => ({
    point: batch.point[row] ?? -1,
    value: batch.wide?.get(row) ?? batch.value[row] ?? NaN,
    status: batch.status[row] ?? 0,
  }));
}

/** Reads until `enough`, then ends the readings; returns all rows in their order. */
export async function readUntil(
  session: DriverSession,
  enough: (rows: readonly Row[]) => boolean,
): Promise<Row[]> {
  const stop = new AbortController();
  const rows: Row[] = [];
  for await (const batch of session.readings(stop.signal)) {
    rows.push(...rowsOf(batch));
    if (enough(rows)) stop.abort();
  }
  return rows;
}
