import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { Scalar, ValueType } from "@millwright/wire-contract";

import { isRefused, parsePoint, type ModbusPoint } from "./addresses.ts";
import { decodeAllWays } from "./decode-all-ways.ts";
import { modbusDriver } from "./modbus-driver.ts";
import { lineOf, modbusSettings } from "./settings.ts";
import { pointOf } from "./test-points.ts";
import { planWrite } from "./writing.ts";

const tcp = modbusSettings.parse({ framing: "tcp", host: "plc" });

function parsed(
  address: string,
  type: ValueType,
  options: Readonly<Record<string, string>> = {},
): ModbusPoint {
  const point = parsePoint(tcp, pointOf(address, type, 1_000, options), 0);
  assert.ok(!isRefused(point), isRefused(point) ? point.reason : "");
  return point;
}

describe("settings", () => {
  test("defaults make a short form complete", () => {
    assert.deepEqual(tcp, {
      framing: "tcp",
      host: "plc",
      port: 502,
      unit: 1,
      timeoutMs: 1_000,
      order: "ABCD",
      registersMax: 125,
      coilsMax: 2_000,
      gapMax: 0,
      concurrent: 1,
    });
  });

  test("unknown keys, unknown framings and broadcast on a line are refused", () => {
    for (const wrong of [
      { framing: "tcp", host: "plc", parity: "even" },
      { framing: "ascii", path: "/dev/ttyS0" },
      { framing: "rtu", path: "/dev/ttyS0", unit: 0 },
      { framing: "tcp" },
    ]) {
      assert.equal(modbusSettings.safeParse(wrong).success, false);
    }
  });

  test("devices of one host and port, or of one serial port, share a line", () => {
    assert.equal(lineOf(tcp), "tcp plc:502");
    const rtu = modbusSettings.parse({ framing: "rtu", path: "/dev/ttyUSB0", unit: 9 });
    assert.equal(lineOf(rtu), "serial /dev/ttyUSB0");
  });
});

describe("addresses", () => {
  test("are counted from 0 in four tables", () => {
    const point = parsed("input:30", "float32", { order: "cdab", unit: "7", together: "pose" });
    assert.deepEqual(
      [point.table, point.address, point.count, point.unit, point.together],
      ["input", 30, 2, 7, "pose"],
    );
  });

  test("what cannot be understood is refused in words", () => {
    const cases: [string, ValueType, Readonly<Record<string, string>>, RegExp][] = [
      ["40001", "uint16", {}, /holding:N/],
      ["holding:65535", "uint32", {}, /beyond the last address/],
      ["coil:1", "uint16", {}, /of type bool/],
      ["coil:1", "bool", { order: "ABCD" }, /no meaning/],
      ["holding:1", "uint16", { order: "ACBD" }, /"order" is one of/],
      ["holding:1", "uint16", { bit: "16" }, /least significant/],
      ["holding:1", "bool", { bit: "1-3" }, /one bit/],
      ["holding:1", "float32", { encoding: "bcd" }, /whole numbers/],
      ["holding:1", "uint16", { sentinel: "0x18000" }, /does not fit/],
      ["holding:1", "uint16", { sentinel: "none" }, /raw values/],
      ["holding:1", "string", {}, /needs "length"/],
      ["holding:1", "uint16", { unit: "300" }, /unit is a number/],
      ["holding:1", "uint16", { scale_register: "x" }, /scale_register/],
      ["holding:1", "int64", { scale_register: "2" }, /round a 64-bit/],
      ["holding:1", "uint16", { byteorder: "ABCD" }, /no option "byteorder"/],
      ["holding:1", "time", { time_unit: "h" }, /time_unit/],
    ];
    for (const [address, type, options, words] of cases) {
      const refused = modbusDriver.checkPoint(tcp, pointOf(address, type, 1_000, options));
      assert.match(refused?.reason ?? "accepted", words);
    }
  });

  test("a sentinel may be written as the number that it looks like", () => {
    const { decoding } = parsed("holding:1", "int16", { sentinel: "-32768; 0xFFFF" });
    assert.ok(decoding.kind === "number");
    assert.deepEqual(decoding.sentinels, [0x8000n, 0xffffn]);
  });
});

describe("writing", () => {
  const planned = (point: ModbusPoint, value: Scalar, power = NaN): string => {
    const plan = planWrite(point, value, power);
    if ("kind" in plan) return plan.reason;
    return plan.map(({ pdu }) => Buffer.from(pdu).toString("hex")).join(" or ");
  };

  test("each kind of value has its question", () => {
    assert.equal(planned(parsed("coil:3", "bool"), true), "050003ff00 or 0f000300010101");
    assert.equal(planned(parsed("holding:1", "int16"), -1), "060001ffff or 1000010001" + "02ffff");
    assert.equal(planned(parsed("holding:1", "uint32"), 1), "1000010002" + "0400000001");
    assert.equal(planned(parsed("holding:1", "uint16", { bit: "4-5" }), 2), "160001ffcf0020");
    assert.equal(
      planned(parsed("holding:1", "bool", { bit: "0", order: "BADC" }), true),
      "160001feff0100",
    );
    assert.equal(
      planned(parsed("holding:1", "uint16", { encoding: "bcd" }), 42).slice(0, 10),
      "0600010042",
    );
    assert.equal(
      planned(parsed("holding:1", "int16", { scale_register: "2" }), 23.1, -1).slice(0, 10),
      "06000100e7",
    );
    assert.equal(
      planned(parsed("holding:1", "string", { length: "3", swap: "yes" }), "abc"),
      "1000010002" + "0462610063",
    );
  });

  test("what cannot be written as it is meant is refused", () => {
    assert.match(planned(parsed("input:1", "uint16"), 1), /only be read/);
    assert.match(planned(parsed("holding:1", "uint16"), 70_000), /not from 0 to 65535/);
    assert.match(planned(parsed("holding:1", "uint32", { bit: "3" }), 1), /single register/);
    assert.match(planned(parsed("holding:1", "uint16", { bit: "0-1" }), 4), /0 to 3/);
    assert.match(
      planned(parsed("holding:1", "int16", { sentinel: "0x8000" }), -32_768),
      /not there/,
    );
    assert.match(planned(parsed("holding:1", "int16", { scale_register: "2" }), 1), /not read yet/);
    assert.match(planned(parsed("coil:1", "bool"), "on"), /true or false/);
  });
});

test("the picker shows the registers in all orders and types, with both neighbours", () => {
  // 1.5 as a float in CDAB at address 11.
  const data = Uint8Array.of(0, 9, 0, 0, 0x3f, 0xc0, 0, 0, 0, 0, 0, 0);
  const shown = decodeAllWays("holding", 10, data, 11);
  const found = shown.find(
    (way) => way.type === "float32" && way.order === "CDAB" && way.value === "1.5",
  );
  assert.equal(found?.address, "holding:11");
  assert.deepEqual(
    [...new Set(shown.map((way) => way.address))],
    ["holding:11", "holding:10", "holding:12"],
  );
  assert.equal(
    shown.find((way) => way.address === "holding:10" && way.type === "uint16")?.value,
    "9",
  );
});
