/** Our Modbus client against the distribution's pymodbus server. Ends with one line: version, cases, result. */
import assert from "node:assert/strict";
import test from "node:test";

import { status } from "@millwright/wire-contract";

import { openModbus, pointOf, readAll } from "./modbus-reading.ts";
import { contents, pymodbusVersion, startPymodbus } from "./pymodbus-server.ts";

const version = pymodbusVersion();
const never = new AbortController().signal;

const cases: Readonly<Record<string, (port: number) => Promise<void>>> = {
  async "all four tables read as they are"(port) {
    const points = [
      ...Array.from({ length: 64 }, (_, at) => pointOf(`coil:${at}`, "bool")),
      ...Array.from({ length: 64 }, (_, at) => pointOf(`discrete:${at}`, "bool")),
      ...Array.from({ length: 200 }, (_, at) => pointOf(`holding:${at}`, "uint16")),
      ...Array.from({ length: 200 }, (_, at) => pointOf(`input:${at}`, "uint16")),
    ];
    await using session = await openModbus(port, points);
    const values = await readAll(session, points.length);
    assert.ok(values.every((one) => one.status === status.good));
    const wanted = [
      ...Array.from({ length: 64 }, (_, at) => Number(contents.coil(at))),
      ...Array.from({ length: 64 }, (_, at) => Number(contents.discrete(at))),
      ...Array.from({ length: 200 }, (_, at) => contents.holding(at)),
      ...Array.from({ length: 200 }, (_, at) => contents.input(at)),
    ];
    assert.deepEqual(
      values.map((one) => one.value),
      wanted,
    );
  },

  async "eight requests under way at once are answered to the right askers"(port) {
    const points = Array.from({ length: 100 }, (_, at) => pointOf(`holding:${at * 2}`, "uint16"));
    await using session = await openModbus(port, points, { concurrent: 8 });
    const values = await readAll(session, points.length);
    values.forEach((one, at) => assert.equal(one.value, contents.holding(at * 2)));
  },

  async "an address beyond the server's end is bad alone"(port) {
    const points = [pointOf("holding:198", "uint16"), pointOf("holding:199", "uint16")];
    points.push(pointOf(`holding:${contents.registers + 1}`, "uint16"));
    points.push(pointOf("input:3", "uint16"));
    await using session = await openModbus(port, points, { gapMax: 5 });
    const values = await readAll(session, points.length);
    assert.deepEqual(
      values.map((one) => one.status),
      [status.good, status.good, status.badNodeIdUnknown, status.good],
    );
  },

  async "what is written with functions 5, 6, 16 and 22 is read back"(port) {
    const points = [
      pointOf("coil:1", "bool"),
      pointOf("holding:100", "int16"),
      pointOf("holding:102", "float32", { order: "CDAB" }),
      pointOf("holding:110", "bool", { bit: "4" }),
      pointOf("holding:110", "uint16"),
    ];
    await using session = await openModbus(port, points);
    assert.deepEqual(await session.write(4, 0x0103, never), { kind: "accepted" });
    assert.deepEqual(await session.write(0, true, never), { kind: "accepted" });
    assert.deepEqual(await session.write(1, -7, never), { kind: "accepted" });
    assert.deepEqual(await session.write(2, 1.5, never), { kind: "accepted" });
    assert.deepEqual(await session.write(3, true, never), { kind: "accepted" });
    // A second conversation: the first one's opening read was made before the writes.
    await using again = await openModbus(port, points);
    const values = await readAll(again, points.length);
    assert.deepEqual(
      values.map((one) => one.value),
      [1, -7, 1.5, 1, 0x0113],
    );
  },
};

test(
  "our Modbus client and pymodbus understand each other",
  version === undefined ? { skip: "pymodbus is not installed" } : {},
  async (t) => {
    const server = await startPymodbus();
    let passed = 0;
    try {
      for (const [name, run] of Object.entries(cases)) {
        await t.test(name, async () => {
          await run(server.port);
          passed++;
        });
      }
    } finally {
      await server.stop();
      const count = Object.keys(cases).length;
      const result = passed === count ? "all passed" : `${count - passed} failed`;
      console.log(`interop modbus: pymodbus ${version ?? ""}: ${count} cases, ${result}`);
    }
  },
);

if (version === undefined) console.log("interop modbus: pymodbus: not reachable here");
