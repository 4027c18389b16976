import { seededRandom } from "@millwright/kit";
import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import { newFleet } from "../machines/fleet.ts";
import { ProcessImage } from "../process-image.ts";
import { trueSensor } from "../faults/sensors.ts";
import { crc16, rtuFraming, tcpFraming } from "./frames.ts";
import { ovenMap } from "./oven-map.ts";
import { answerPdu } from "./pdu.ts";
import { width, type ModbusPoint, type Table } from "./point-map.ts";
import { pressMap } from "./press-map.ts";
import { toRegisters, toValue } from "./registers.ts";
import { ModbusUnit } from "./unit.ts";

const orders = ["ABCD", "CDAB", "BADC", "DCBA"] as const;

function place(type: ModbusPoint["type"], rest: Partial<ModbusPoint> = {}): ModbusPoint {
  return { path: "x", table: "holding", address: 0, type, ...rest };
}

test("every value comes back from its registers in every order", () => {
  const cases: readonly (readonly [ModbusPoint["type"], fc.Arbitrary<number | bigint>])[] = [
    ["int16", fc.integer({ min: -32_768, max: 32_767 })],
    ["uint16", fc.integer({ min: 0, max: 65_535 })],
    ["uint32", fc.integer({ min: 0, max: 2 ** 32 - 1 })],
    ["int32", fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })],
    ["float32", fc.float()],
    ["float64", fc.double()],
    ["uint64", fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })],
  ];
  for (const [type, values] of cases) {
    fc.assert(
      fc.property(values, fc.constantFrom(...orders), (value, order) => {
        const point = place(type, { order });
        assert.deepEqual(toValue(point, toRegisters(point, value, 0)), value);
      }),
    );
  }
});

test("12.5 in the four orders lies in the registers as manuals print it", () => {
  // 12.5 is 0x41480000.
  const inOrder = (order: (typeof orders)[number]): readonly number[] => [
    ...toRegisters(place("float32", { order }), 12.5, 0),
  ];
  assert.deepEqual(inOrder("ABCD"), [0x4148, 0x0000]);
  assert.deepEqual(inOrder("CDAB"), [0x0000, 0x4148]);
  assert.deepEqual(inOrder("BADC"), [0x4841, 0x0000]);
  assert.deepEqual(inOrder("DCBA"), [0x0000, 0x4841]);
});

test("special encodings: BCD, sign and magnitude, bits, swapped strings, sentinels", () => {
  assert.deepEqual([...toRegisters(place("uint16", { encoding: "bcd" }), 1_205, 0)], [0x1205]);
  const signed = place("int16", { encoding: "sign-magnitude", scale: 0.1 });
  assert.deepEqual([...toRegisters(signed, -12, 0)], [0x8078]);
  assert.equal(toValue(signed, Uint16Array.of(0x8078)), -12);
  assert.deepEqual([...toRegisters(place("bool", { bit: 3 }), true, 1)], [9]);
  assert.deepEqual([...toRegisters(place("bool", { bit: 3 }), false, 9)], [1]);
  const name = place("string", { length: 2, order: "BADC" });
  assert.deepEqual([...toRegisters(name, "ABC", 0)], [0x4241, 0x0043]);
  assert.equal(toValue(name, Uint16Array.of(0x4241, 0x0043)), "ABC");
  assert.deepEqual([...toRegisters(place("int16", { sentinel: -32_768 }), undefined, 0)], [0x8000]);
});

test("no two points of a register list overlap, but for bits of one word", () => {
  for (const map of [pressMap, ovenMap]) {
    const taken = new Map<string, ModbusPoint>();
    for (const point of map) {
      for (let at = point.address; at < point.address + width(point); at++) {
        const other = taken.get(`${point.table}:${at}`);
        const bitsOfOne =
          other?.bit !== undefined && point.bit !== undefined && other.bit !== point.bit;
        assert.ok(other === undefined || bitsOfOne, `${point.path} and ${other?.path ?? ""}`);
        taken.set(`${point.table}:${at}`, point);
      }
    }
  }
});

test("every point of the press and the oven has a place in the registers", () => {
  const fleet = newFleet(4, seededRandom(1));
  for (const [id, map] of [
    ["press-1", pressMap],
    ["oven-1", ovenMap],
  ] as const) {
    const machine = fleet.find((other) => other.id === id);
    assert.deepEqual(
      map.map(({ path }) => path).sort(),
      machine?.points.map(({ path }) => path).sort(),
    );
  }
});

test("frames are found however the bytes are cut, and garbage between them is dropped", () => {
  const pdu = Uint8Array.of(3, 0, 0, 0, 5);
  for (const framing of [tcpFraming, rtuFraming]) {
    const frame = framing.frame(7, 1, pdu);
    const two = Buffer.concat([frame, frame]);
    assert.equal(framing.requests(two).found.length, 2);
    assert.deepEqual(framing.requests(frame.subarray(0, -1)).found, []);
    assert.deepEqual([...(framing.requests(frame).found[0]?.pdu ?? [])], [...pdu]);
  }
  const noisy = Buffer.concat([Uint8Array.of(0xff, 0x80, 0x00), rtuFraming.frame(0, 1, pdu)]);
  assert.equal(rtuFraming.requests(noisy).found.length, 1);
  // The example of the serial line guide, 6.2.2: 0x02 0x07 has CRC 0x1241, low byte 0x41 first.
  assert.equal(crc16(Uint8Array.of(0x02, 0x07)), 0x1241);
});

interface Rig {
  readonly unit: ModbusUnit;
  readonly image: ProcessImage;
}

function press(): Rig {
  const machine = newFleet(4, seededRandom(1))[2];
  assert.ok(machine);
  const image = new ProcessImage(machine);
  image.scan(0, trueSensor);
  const unit = new ModbusUnit(image, pressMap, {
    via: "test",
    nowUs: () => 0,
    served: () => undefined,
  });
  return { unit, image };
}

function ask(unit: ModbusUnit, code: number, ...words: readonly number[]): readonly number[] {
  const bytes = words.flatMap((word) => [word >> 8, word & 0xff]);
  return [...answerPdu(unit, Uint8Array.of(code, ...bytes))];
}

test("illegal function, address and count are refused with their own exceptions", () => {
  const { unit } = press();
  assert.deepEqual(ask(unit, 0x41), [0xc1, 1]);
  assert.deepEqual(ask(unit, 4, 8, 5), [0x84, 2], "the gap behind register 9");
  assert.deepEqual(ask(unit, 4, 0, 126), [0x84, 3]);
  assert.deepEqual(ask(unit, 4, 0, 0), [0x84, 3]);
  assert.deepEqual(ask(unit, 6, 100, 1), [0x86, 2], "a counter may not be written");
  assert.deepEqual(ask(unit, 6, 107, 999), [0x86, 3], "beyond the range of the setpoint");
});

test("a written setpoint is taken by the machine and read back, whole or by mask", () => {
  const { unit, image } = press();
  assert.deepEqual(ask(unit, 6, 107, 150), [6, 0, 107, 0, 150]);
  assert.equal(image.values[image.indexOf("Ram.ForceSetpoint")], 150);
  assert.deepEqual(ask(unit, 22, 107, 0xff00, 0x0064), [22, 0, 107, 0xff, 0, 0, 100]);
  assert.equal(image.values[image.indexOf("Ram.ForceSetpoint")], 100);
  // 30.0 as CDAB float in two registers by function 16.
  const bytes = [0, 105, 0, 2, 4, 0x00, 0x00, 0x41, 0xf0];
  assert.deepEqual([...answerPdu(unit, Uint8Array.of(16, ...bytes))], [16, 0, 105, 0, 2]);
  assert.equal(image.values[image.indexOf("Stroke.RateSetpoint")], 30);
  assert.deepEqual(ask(unit, 5, 0, 0), [5, 0, 0, 0, 0]);
  assert.equal(image.values[image.indexOf("Automatic")], false);
});

test("the counter of served readings has no gap when each read covers it", () => {
  const { unit } = press();
  const served = Array.from({ length: 20 }, () => {
    const [, , , , high = 0, low = 0] = ask(unit, 4, 0, 2);
    return high * 256 + low;
  });
  assert.deepEqual(
    served,
    Array.from({ length: 20 }, (_unused, index) => index + 1),
  );
  const tables: readonly Table[] = ["coil", "discrete"];
  for (const table of tables) unit.read(table, 0, 1);
  assert.equal(ask(unit, 4, 0, 2).at(-1), 21);
});

test("whatever bytes a request has, the answer is a PDU of legal length", () => {
  const { unit } = press();
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 253 }), (bytes) => {
      const answer = answerPdu(unit, bytes);
      assert.ok(answer.length >= 2 && answer.length <= 253);
    }),
    { numRuns: 2_000 },
  );
});
