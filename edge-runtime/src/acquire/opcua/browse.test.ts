import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { DataType, standardUnits, VariantArrayType, type UAObject } from "node-opcua";

import type { OfferedPoint } from "../driver.ts";
import { opcuaDriver } from "./opcua-driver.ts";
import { TestContext, testSettings, withStateFolder } from "./test-client.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const never = new AbortController().signal;

describe("opcua browse", () => {
  let device: TestServer;
  before(async () => {
    device = await startTestServer();
  });
  after(() => device.stop());

  async function offered(folder: string, max = 1_000): Promise<OfferedPoint[]> {
    assert.ok(opcuaDriver.browse !== undefined);
    const points: OfferedPoint[] = [];
    const settings = testSettings(device.wire.url);
    for await (const found of opcuaDriver.browse(settings, new TestContext(folder), max, never)) {
      points.push(found);
    }
    return points;
  }

  test("points are offered with address, path, type, unit, range and live value", () =>
    withStateFolder(async (folder) => {
      const pump = device.namespace.addObject({ browseName: "Pump1", componentOf: device.folder });
      device.namespace.addAnalogDataItem({
        componentOf: pump,
        browseName: "Temperature",
        nodeId: "s=Pump1.Temperature",
        dataType: "Double",
        engineeringUnits: standardUnits.degree_celsius,
        engineeringUnitsRange: { low: -20, high: 120 },
        value: { dataType: DataType.Double, value: 61.5 },
      });
      device.add("Energy", DataType.UInt64, [1, 0]);
      device.add("Curve", DataType.Double, 0, {
        valueRank: 1,
        value: { dataType: DataType.Double, arrayType: VariantArrayType.Array, value: [1, 2] },
      });
      const points = await offered(folder);
      const temperature = points.find((found) => found.name === "Temperature");
      assert.deepEqual(temperature, {
        address: "nsu=urn:millwright:test;s=Pump1.Temperature",
        path: "Machine / Pump1 / Temperature",
        name: "Temperature",
        type: "float64",
        unit: "°C",
        value: 61.5,
        status: 0,
        low: -20,
        high: 120,
        writable: true,
      });
      assert.equal(points.find((found) => found.name === "Energy")?.value, 2n ** 32n);
      assert.equal(
        points.find((found) => found.name === "Curve"),
        undefined,
      );
      assert.ok(points.every((found) => !found.path.startsWith("Server")));
      for (const found of points) {
        const point = {
          tag: "t",
          address: found.address,
          type: found.type,
          everyMs: 1,
          options: {},
        };
        assert.equal(opcuaDriver.checkPoint(testSettings(device.wire.url), point), undefined);
      }
    }));

  test("a graph with cycles and a node with thousands of references come to an end", () =>
    withStateFolder(async (folder) => {
      const ring: UAObject[] = [];
      for (let index = 0; index < 5; index++) {
        ring.push(
          device.namespace.addObject({
            browseName: `Ring${index}`,
            ...(index === 0 ? { componentOf: device.folder } : { componentOf: ring[index - 1] }),
          } as Parameters<typeof device.namespace.addObject>[0]),
        );
      }
      const [first] = ring;
      const last = ring.at(-1);
      assert.ok(first !== undefined && last !== undefined);
      last.addReference({ referenceType: "Organizes", nodeId: first.nodeId });
      last.addReference({ referenceType: "Organizes", nodeId: last.nodeId });
      for (let index = 0; index < 2_500; index++) {
        device.namespace.addVariable({
          browseName: `Many${index}`,
          organizedBy: last,
          dataType: "Int32",
          value: { dataType: DataType.Int32, value: index },
        });
      }
      const points = await offered(folder, 10_000);
      assert.equal(points.filter((found) => found.name.startsWith("Many")).length, 2_500);
      assert.equal(new Set(points.map((found) => found.address)).size, points.length);
      assert.equal((await offered(folder, 7)).length, 7);
      assert.equal(device.server.engine.currentSessionCount, 0, "no session stays");
    }));
});
