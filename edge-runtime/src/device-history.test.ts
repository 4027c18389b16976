import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock } from "@millwright/kit";
import {
  makeDictionary,
  type DeviceId,
  type GatewayOrder,
  type TagId,
} from "@millwright/wire-contract";

import { createBatchBuilder } from "./acquire/batch-builder.ts";
import type { HistoryWish, ReadingBatch } from "./acquire/driver.ts";
import { tag } from "./buffer/test-rig.ts";
import { createDeviceHistory, historyRunsOf, type HistorySettings } from "./device-history.ts";
import type { DeviceHistory } from "./hand-over.ts";

const hourUs = 3_600_000_000;
const beginUs = 490_000 * hourUs;
const never = new AbortController().signal;

/** Two devices of two tags each; the second tag of each is stamped by the gateway. */
const dictionary = makeDictionary(
  ["plc/a", "plc/b", "oven/a", "oven/b"].map((id, index) => ({
    ...tag(id, {
      device: id.split("/")[0] as DeviceId,
      clock: index % 2 === 0 ? "device" : "gateway",
    }),
    ...{ index, revision: 1 },
  })),
);
const settingsOf = (device: string): HistorySettings => ({
  id: device as DeviceId,
  clockPolicy: "auto",
  tags: dictionary.tags.filter((tag) => tag.device === device).map((tag) => ({ tag })),
});

class Plant {
  readonly clock = new PlayedClock();
  readonly wishes: (HistoryWish & { readonly device: string })[] = [];
  /** What the journal has, by dictionary index: it takes in what is delivered. */
  readonly journal = new Map<number, Set<number>>();
  readonly thinned = new Set<number>();
  keepsTime = true;
  room = true;
  readonly history: DeviceHistory;

  constructor() {
    this.history = createDeviceHistory({
      settings: ["plc", "oven"].map(settingsOf),
      devices: ["plc", "oven"].map((id) => this.#deviceOf(id)),
      book: dictionary.book,
      readSamples: (tag, fromUs, toUs) => {
        const own = [...(this.journal.get(tag) ?? [])].filter((us) => us >= fromUs && us < toUs);
        const count = own.length;
        return Promise.resolve({
          ...{ count, tag: new Int32Array(count).fill(tag), measuredUs: Float64Array.from(own) },
          ...{ value: new Float64Array(count), status: new Uint32Array(count) },
        });
      },
      thinnedHours: (_tag, from) => Promise.resolve(this.thinned.has(from) ? [from] : []),
      hasRoom: () => this.room,
      clock: this.clock,
    });
  }

  /** A device that has a value each ten minutes. */
  #deviceOf(id: string) {
    const keepsTime = (): boolean => this.keepsTime;
    return {
      status: { device: id as DeviceId },
      get keepsTime() {
        return keepsTime();
      },
      readHistory: async (
        wish: HistoryWish,
        choose: (batch: ReadingBatch) => Promise<ReadingBatch>,
      ): Promise<readonly number[]> => {
        this.wishes.push({ ...wish, device: id });
        const builder = createBatchBuilder(1_000);
        for (const point of wish.points) {
          for (let us = wish.fromUs; us < wish.toUs; us += hourUs / 6)
            builder.push(point, us, 1, 0);
        }
        const { count, point, measuredUs } = await choose(builder.take(0));
        for (let row = 0; row < count; row++) {
          const index = dictionary.byId(`${id}/${point[row] === 0 ? "a" : "b"}`)?.index ?? -1;
          const own = this.journal.get(index) ?? new Set();
          this.journal.set(index, own.add(measuredUs[row] ?? NaN));
        }
        return [];
      },
    };
  }

  /** Piece by piece to the end. */
  async fetchAll(order: GatewayOrder): Promise<{ samples: number; unread: readonly string[] }> {
    let at = { tag: 0, atUs: order.fromUs };
    let samples = 0;
    const unread = new Set<string>();
    for (;;) {
      const piece = await this.history.fetch(order, at, never);
      samples += piece.samples;
      for (const tag of piece.unread) unread.add(tag);
      if (piece.last) return { samples, unread: [...unread] };
      at = piece;
    }
  }
}

function order(tags: readonly string[], hours: number): GatewayOrder {
  return {
    ...{ id: 1, kind: "repair", source: "device", bytesPerSMax: 1e6, mayAnswer: true },
    ...{ tags: tags as readonly TagId[], fromUs: beginUs, toUs: beginUs + hours * hourUs },
  };
}

test("an order is read device by device and hour by hour, and each value is taken once", async () => {
  const plant = new Plant();
  plant.journal.set(0, new Set([beginUs, beginUs + hourUs / 6]));
  const wanted = order(["plc/a", "gone", "oven/a"], 3);
  assert.deepEqual(await plant.fetchAll(wanted), { samples: 2 * 18 - 2, unread: [] });
  assert.deepEqual(
    plant.wishes.map(({ device, fromUs }) => [device, (fromUs - beginUs) / hourUs]),
    ["plc", "oven"].flatMap((device) => [0, 1, 2].map((hour) => [device, hour])),
  );
  assert.deepEqual(await plant.fetchAll(wanted), { samples: 0, unread: [] }, "read once more");
});

test("what would be counted once more is not read: by another clock, or of samples that have gone", async () => {
  const plant = new Plant();
  plant.thinned.add(beginUs / hourUs);
  const wanted = order(["plc/a", "plc/b"], 2);
  assert.deepEqual(await plant.fetchAll(wanted), {
    samples: 6,
    unread: ["plc/b", "plc/a"].toSorted(),
  });
  plant.keepsTime = false;
  const corrected = await plant.fetchAll(order(["oven/a"], 2));
  assert.deepEqual(corrected, { samples: 0, unread: ["oven/a"] });
});

test("a journal without room is waited for", async () => {
  const plant = new Plant();
  plant.room = false;
  const reading = plant.fetchAll(order(["plc/a"], 1));
  await plant.clock.advance(5_000);
  assert.equal(plant.journal.size, 0);
  plant.room = true;
  await plant.clock.advance(100);
  assert.equal((await reading).samples, 6);
});

test("tags are told in runs of their indices, those alone that are known again by their time", () => {
  const device = {
    clockPolicy: "auto" as const,
    tags: [0, 1, 2, 3, 4].map((at) => ({
      tag: { id: `t${at}` as TagId, clock: at === 3 ? ("gateway" as const) : ("device" as const) },
    })),
  };
  const indices = Int32Array.of(7, 8, 9, 10, 11);
  assert.deepEqual(historyRunsOf(device, indices, [0, 1, 2, 3, 4]), [
    [7, 9],
    [11, 11],
  ]);
  assert.deepEqual(historyRunsOf({ ...device, clockPolicy: "ignore" }, indices, [0, 1]), []);
});
