import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { LineUser, PlanLine, PointSettings } from "../driver.ts";
import { isRefused, parsePoint } from "./addresses.ts";
import { lineLoad } from "./line-load.ts";
import { modbusDriver } from "./modbus-driver.ts";
import { modbusSettings, type ModbusSettings } from "./settings.ts";
import { pointOf } from "./test-points.ts";

const tcp = modbusSettings.parse({ framing: "tcp", host: "plc" });

describe("the load of a line", () => {
  const many = (everyMs: number, count: number): readonly PointSettings[] =>
    Array.from({ length: count }, (_, at) => pointOf(`holding:${at}`, "uint16", everyMs));
  const user = (
    device: string,
    everyMs: number,
    connection: Readonly<Record<string, unknown>> = {},
  ): LineUser<ModbusSettings> => ({
    device,
    settings: modbusSettings.parse({
      framing: "rtu",
      path: "/dev/ttyS0",
      baudRate: 9_600,
      ...connection,
    }),
    points: many(everyMs, 125),
  });
  const line = (...users: readonly LineUser<ModbusSettings>[]): readonly PlanLine[] =>
    modbusDriver.planLine?.(users) ?? [];

  test("125 registers at 9,600 baud take 0.3 s", () => {
    const settings = modbusSettings.parse({ framing: "rtu", path: "/dev/ttyS0", baudRate: 9_600 });
    const points = Array.from({ length: 125 }, (_, at) => {
      const point = parsePoint(settings, pointOf(`holding:${at}`, "uint16", 1_000), at);
      assert.ok(!isRefused(point));
      return point;
    });
    const { share, requestsPerSecond } = lineLoad(settings, points);
    assert.ok(Math.abs(share - 0.314) < 0.002, String(share));
    assert.equal(requestsPerSecond, 1);
  });

  test("is told, warned of above 60 % and refused above 90 %", () => {
    assert.deepEqual(line(user("a", 1_000)), [
      { severity: "info", text: "busy 31 % of its time at 9600 baud" },
    ]);
    assert.equal(line(user("a", 500))[0]?.severity, "warning");
    assert.equal(line(user("a", 300))[0]?.severity, "refused");
    assert.match(line(user("a", 300))[0]?.text ?? "", /105 %/);
  });

  test("is that of all its devices together, and the heaviest is named first", () => {
    const [two] = line(user("meter", 1_000), user("drive", 800, { unit: 2 }));
    assert.equal(two?.severity, "warning");
    assert.match(two.text, /^busy 71 % of its time at 9600 baud \(drive 39 %, meter 31 %\)/);
    const three = line(...[1, 2, 3].map((unit) => user(`meter-${unit}`, 1_000, { unit })));
    assert.equal(three[0]?.severity, "refused", "three times 31 % is 94 %");
    assert.match(
      modbusDriver.plan(user("a", 1_000).settings, many(1_000, 125))[0]?.text ?? "",
      /31 % of the line's time/,
    );
  });

  test("devices that write one line differently are refused before anything is opened", () => {
    const [odd] = line(user("meter", 1_000), user("drive", 1_000, { unit: 2, baudRate: 19_200 }));
    assert.equal(odd?.severity, "refused");
    assert.match(odd.text, /meter is written with rtu, 9600 baud.*drive with rtu, 19200 baud/);
  });

  test("behind a gateway is counted when its speed is written, and asked for when several units answer", () => {
    const gateway = (
      device: string,
      unit: number,
      baudRate?: number,
    ): LineUser<ModbusSettings> => ({
      device,
      settings: modbusSettings.parse({ framing: "tcp", host: "gw", unit, baudRate }),
      points: many(1_000, 125),
    });
    assert.deepEqual(line(gateway("plc", 1)), [], "one unit is a device that speaks TCP itself");
    const [asked] = line(gateway("a", 1), gateway("b", 2));
    assert.equal(asked?.severity, "warning");
    assert.match(asked.text, /2 units .* at 9600 baud .* busy 63 %.*Write its baudRate/);
    const known = line(gateway("a", 1, 19_200), gateway("b", 2));
    assert.deepEqual(
      known.map(({ severity, text }) => [severity, text.slice(0, 41)]),
      [["info", "busy 32 % of its time at 19200 baud (a 16"]],
    );
    assert.equal(line(gateway("a", 1, 4_800), gateway("b", 2))[0]?.severity, "refused");
  });

  test("is not known of a device that speaks TCP: its groups and requests are told", () => {
    const plan = modbusDriver.plan(tcp, [
      pointOf("holding:1", "uint16", 100),
      pointOf("coil:1", "bool", 100),
    ]);
    assert.deepEqual(plan, [
      { severity: "info", text: "2 points in 2 requests of 1 to 1, 20 requests/s on tcp plc:502" },
    ]);
  });

  test("a point that cannot be understood refuses the plan", () => {
    assert.equal(modbusDriver.plan(tcp, [pointOf("x:1", "uint16", 100)])[0]?.severity, "refused");
  });
});
