import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { silentLog } from "@millwright/kit";
import { DataType, standardUnits, VariantArrayType, type UAObject } from "node-opcua";

import type { OfferedPoint } from "../driver.ts";
import { browse, type BrowseCaps } from "./browse.ts";
import { loadLibrary } from "./library.ts";
import { opcuaDriver } from "./opcua-driver.ts";
import type { ServerFacts } from "./server-facts.ts";
import type { Session } from "./session.ts";
import { TestContext, testSettings, withStateFolder } from "./test-client.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const never = new AbortController().signal;

describe("opcua browse", () => {
  let device: TestServer;
  before(async () => {
    device = await startTestServer();
  });
  after(() => device.stop());

  let said = "";
  async function offered(folder: string, max = 1_000): Promise<OfferedPoint[]> {
    assert.ok(opcuaDriver.browse !== undefined);
    const points: OfferedPoint[] = [];
    const settings = testSettings(device.wire.url);
    const context = new TestContext(folder);
    for await (const found of opcuaDriver.browse(settings, context, max, never)) {
      points.push(found);
    }
    said = context.noteText;
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
      assert.equal(said, "browsing ended early, at 7 points; the device has more");
      assert.equal(device.server.engine.currentSessionCount, 0, "no session stays");
    }));
});

describe("opcua browse of a server that never ends", () => {
  /** Every node has as many children as are asked for, level below level, and always one continuation more. */
  async function walk(caps: Partial<BrowseCaps>): Promise<{
    readonly points: number;
    readonly calls: number;
    readonly note: string;
  }> {
    const library = await loadLibrary(silentLog);
    let nodes = 0;
    let calls = 0;
    const children = () => ({
      continuationPoint: Buffer.from("more"),
      references: Array.from({ length: 10 }, () => ({
        nodeId: library.coerceExpandedNodeId(`ns=1;i=${++nodes}`),
        nodeClass: library.NodeClass.Variable,
        browseName: { name: `n${nodes}` },
        displayName: { text: "x".repeat(10_000) },
      })),
    });
    const answer = (request: unknown): unknown => {
      calls++;
      if (request instanceof library.BrowseRequest) {
        const results = (request.nodesToBrowse ?? []).map(children);
        return new library.BrowseResponse({ results });
      }
      if (request instanceof library.BrowseNextRequest) {
        return new library.BrowseNextResponse({ results: [children()] });
      }
      if (request instanceof library.ReadRequest) {
        const value = { value: { dataType: library.DataType.Double, value: 1 } };
        return new library.ReadResponse({ results: (request.nodesToRead ?? []).map(() => value) });
      }
      assert.ok(request instanceof library.TranslateBrowsePathsToNodeIdsRequest);
      const results = (request.browsePaths ?? []).map(() => ({}));
      return new library.TranslateBrowsePathsToNodeIdsResponse({ results });
    };
    const session = {
      call: (request: unknown) => Promise.resolve(answer(request)),
    } as unknown as Session;
    const limits = { read: 100, write: 100, browse: 10, translate: 100, items: 100, history: 100 };
    const facts: ServerFacts = {
      namespaces: ["http://opcfoundation.org/UA/", "urn:endless"],
      startTimeUs: NaN,
      currentTimeUs: NaN,
      serviceLevel: undefined,
      limits,
    };
    const generous = { pointsMax: 1e6, nodesMax: 1e6, depthMax: 1e6, referencesMax: 30 };
    let note = "";
    const say = { log: silentLog, note: (text: string) => (note = text) };
    let points = 0;
    for await (const point of browse(
      library,
      session,
      facts,
      { ...generous, ...caps },
      say,
      never,
    )) {
      points++;
      assert.ok(point.path.length <= 20 * 210, "texts are cut");
    }
    return { points, calls, note };
  }

  test("each cap ends it by itself, and says so", async () => {
    const byPoints = await walk({ pointsMax: 50 });
    assert.equal(byPoints.points, 50);
    assert.match(byPoints.note, /ended early, at 50 points/);
    const byNodes = await walk({ nodesMax: 500 });
    assert.ok(byNodes.points <= 500 && byNodes.calls < 500, JSON.stringify(byNodes));
    assert.match(byNodes.note, /ended early, at 500 nodes/);
    const byDepth = await walk({ depthMax: 2 });
    assert.equal(byDepth.points, 30 + 30 * 30, "thirty references of each node are looked at");
    assert.match(byDepth.note, /ended early, at 2 levels/);
  });
});
