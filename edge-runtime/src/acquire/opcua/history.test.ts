import assert from "node:assert/strict";
import { test } from "node:test";

import { silentLog } from "@millwright/kit";
import fc from "fast-check";

import { fillHoles, sliceHoles, type Hole } from "./history.ts";
import { loadLibrary, type opcua } from "./library.ts";
import type { Session } from "./session.ts";

const library = await loadLibrary(silentLog);
const startMs = Date.UTC(2026, 0, 1);
const startUs = startMs * 1_000;

/** A server that answers in pieces and grants continuation points, of which it counts those that are out. */
class PagedServer {
  readonly points = new Set<string>();
  /** Values that it has of each node, one each second. */
  readonly values: number;
  readonly page: number;
  /** Goes on for ever, granting points and giving nothing. */
  readonly endless: boolean;

  constructor(values: number, page: number, endless = false) {
    this.values = values;
    this.page = page;
    this.endless = endless;
  }

  call(request: opcua.HistoryReadRequest): Promise<opcua.HistoryReadResponse> {
    const results = (request.nodesToRead ?? []).map((node) => {
      const point = node.continuationPoint as Buffer | null;
      const key = (point?.length ?? 0) === 0 ? undefined : point?.toString("latin1");
      if (key !== undefined) this.points.delete(key);
      if (request.releaseContinuationPoints) return new library.HistoryReadResult({});
      const from = key === undefined ? 0 : Number(key.split("/")[1]);
      const until = Math.min(this.values, from + this.page);
      const more = this.endless || until < this.values;
      const name = `${node.nodeId.toString()}/${until}`;
      if (more) this.points.add(name);
      const dataValues = Array.from({ length: until - from }, (_value, at) => ({
        sourceTimestamp: new Date(startMs + (from + at) * 1_000),
        value: { dataType: library.DataType.Double, value: from + at },
      }));
      return new library.HistoryReadResult({
        historyData: new library.HistoryData({ dataValues }),
        ...(more ? { continuationPoint: Buffer.from(name, "latin1") } : {}),
      });
    });
    return Promise.resolve(new library.HistoryReadResponse({ results }));
  }

  session(): Session {
    // Nothing else of a session takes part in reading history.
    return this as unknown as Session;
  }
}

function holesOf(count: number, seconds = 4_000): readonly Hole[] {
  return Array.from({ length: count }, (_hole, item) => ({
    item,
    nodeId: new library.NodeId(library.NodeId.NodeIdType.NUMERIC, item + 1, 2),
    fromUs: startUs - 1,
    toUs: startUs + seconds * 1_000_000,
  }));
}

async function fill(
  server: PagedServer,
  holes: readonly Hole[],
): Promise<{ read: number; restedMs: number; unfilled: Awaited<ReturnType<typeof fillHoles>> }> {
  let read = 0;
  let restedMs = 0;
  const unfilled = await fillHoles(
    library,
    server.session(),
    holes,
    2,
    (_item, values) => {
      read += values.length;
      return Promise.resolve();
    },
    (ms) => {
      restedMs += ms;
      return Promise.resolve();
    },
  );
  return { read, restedMs, unfilled };
}

test("continuation points are followed to their end, and none is left with the server", async () => {
  const server = new PagedServer(2_500, 1_000);
  const { read, unfilled } = await fill(server, holesOf(3));
  assert.equal(read, 3 * 2_500);
  assert.deepEqual(unfilled, []);
  assert.equal(server.points.size, 0);
});

test("history is read no faster than a controller can bear", async () => {
  const { restedMs } = await fill(new PagedServer(20_000, 1_000), holesOf(1, 30_000));
  assert.equal(Math.round(restedMs), 2_000);
});

test("a server that grants points without an end is given up, and its points are released", async () => {
  const server = new PagedServer(10, 10, true);
  const { unfilled } = await fill(server, holesOf(1));
  assert.deepEqual(unfilled, [{ item: 0, fromUs: startUs + 9_000_000 }]);
  assert.equal(server.points.size, 0);
});

test("a reading that breaks off leaves no point with the server", async () => {
  const server = new PagedServer(5_000, 1_000);
  const holes = holesOf(1);
  await assert.rejects(
    fillHoles(
      library,
      server.session(),
      holes,
      2,
      () => Promise.reject(new Error("the conversation ends")),
      () => Promise.resolve(),
    ),
    /conversation ends/,
  );
  assert.equal(server.points.size, 0);
});

test("what is asked for together is read for at most twice as long as each is missing", () => {
  const nodeId = new library.NodeId(library.NodeId.NodeIdType.NUMERIC, 1, 2);
  // Values of which the last one was measured between 10 ms and ten years ago.
  const ages = fc.array(fc.double({ min: 4, max: 14.5, noNaN: true }), { maxLength: 400 });
  fc.assert(
    fc.property(ages, fc.integer({ min: 1, max: 100 }), (powers, atOnce) => {
      const holes = powers.map((power, item): Hole => {
        return { item, nodeId, fromUs: startUs - 10 ** power, toUs: startUs };
      });
      const slices = sliceHoles(holes, atOnce);
      const asked = slices.flat().map(({ item }) => item);
      assert.deepEqual(
        asked.toSorted((one, other) => one - other),
        holes.map(({ item }) => item),
        "each once",
      );
      for (const slice of slices) {
        assert.ok(slice.length <= atOnce);
        const fromUs = Math.min(...slice.map((hole) => hole.fromUs));
        for (const hole of slice) {
          const ownUs = hole.toUs - hole.fromUs;
          assert.ok(hole.fromUs - fromUs <= Math.max(ownUs, 10_000_000));
        }
      }
      // Each doubling of the age begins one more request at most, from 10 s to ten years.
      assert.ok(slices.length <= Math.ceil(holes.length / atOnce) + 26);
    }),
  );
});

test("a value that has not changed for weeks does not have weeks of the others read with it", async () => {
  const weekUs = 7 * 86_400_000_000;
  const [still, moving] = holesOf(2, 60);
  assert.ok(still !== undefined && moving !== undefined);
  const ranges = new Map<string, number>();
  const server = new PagedServer(0, 1_000);
  const call = server.call.bind(server);
  server.call = (request) => {
    const { startTime, endTime } = request.historyReadDetails as opcua.ReadRawModifiedDetails;
    for (const { nodeId } of request.nodesToRead ?? []) {
      ranges.set(nodeId.toString(), (Number(endTime) - Number(startTime)) / 1_000);
    }
    return call(request);
  };
  await fill(server, [{ ...still, fromUs: still.fromUs - 3 * weekUs }, moving]);
  const secondsOf = (hole: Hole): number => Math.round(ranges.get(hole.nodeId.toString()) ?? NaN);
  assert.equal(secondsOf(moving), 60);
  assert.equal(secondsOf(still), 3 * 7 * 86_400 + 60);
});
