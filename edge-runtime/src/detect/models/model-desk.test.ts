import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { seededRandom, silentLog, systemClock, type Clock } from "@millwright/kit";
import { makeSample, writeSample, type SampleBundle } from "@millwright/model-bundle/sample";
import type { DeviceId, TagDefinition, TagId } from "@millwright/wire-contract";
import type { ModelEvent } from "@millwright/wire-contract/events";

import { MemoryEventBook } from "../../buffer/events/memory-book.ts";
import { findIsolation } from "../host/isolation.ts";
import { mainFile, slowSample } from "../host/test-models.ts";
import type { AssetFile } from "../settings.ts";
import type { WatchedState } from "./bundle-watch.ts";
import { ModelDesk } from "./model-desk.ts";
import type { BundleUseFile } from "./settings.ts";

const properties = ["vibration", "temperature"];
const secondUs = 1_000_000;
const startUs = 1_767_225_600 * secondUs;

/** Waits a fiftieth of what it is asked to: the desk looks at its folder every 5 s. */
const hurried: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms / 50, signal),
};

interface Scored {
  readonly asset: string;
  readonly detector: string;
  readonly atUs: number;
  readonly score: number;
}

interface DeskRig {
  readonly desk: ModelDesk;
  readonly folder: string;
  readonly scored: readonly Scored[];
  /** One sample of every property of every asset, a second after the last; of all but those that are left out. */
  sample(value?: (asset: string, property: string) => number, leftOut?: string): void;
  /** The device proves what it said last. */
  prove(): void;
  /** Events as "what bundle version". */
  events(): Promise<readonly ModelEvent[]>;
  told(what: ModelEvent["what"], times?: number): Promise<ModelEvent>;
  /** Gives samples until it holds. */
  until(condition: () => boolean): Promise<void>;
}

function sampleOf(name: string, version: string): SampleBundle {
  return makeSample({ name, version, inputs: properties, gridMs: 1_000 });
}

function openDesk(
  t: TestContext,
  bundles: readonly BundleUseFile[],
  write: (folder: string) => void,
  states: ReadonlyMap<string, WatchedState> = new Map(),
): DeskRig {
  const folder = mkdtempSync(join(tmpdir(), "millwright-desk-"));
  write(folder);
  const assets = ["Pump 1", "Pump 2"].map((id): AssetFile => ({
    id,
    type: "pump",
    tags: Object.fromEntries(properties.map((property) => [property, `${id}.${property}`])),
    context: {},
    detection: { ignore: [], states: ["running"], limits: {} },
  }));
  const tags = assets.flatMap(({ tags: named }) => Object.values(named));
  const book = new MemoryEventBook();
  const scored: Scored[] = [];
  /** The newest of each tag: what came before the bundle did is known, too. */
  const newest = new Map<number, { readonly value: number; readonly measuredUs: number }>();
  let provenUs = 0;
  const desk = new ModelDesk({
    settings: { folder, bundles },
    assets,
    tagOf: (id) => tagOf(id, tags.indexOf(id)),
    program: { node: process.execPath, file: mainFile, isolation: findIsolation() },
    feed: {
      scored(asset, detector, atUs, score) {
        scored.push({ asset, detector, atUs, score });
      },
    },
    stateOf: (asset) => states.get(asset),
    current: {
      value: (index) => newest.get(index)?.value,
      status: () => 0,
      measuredUs: (index) => newest.get(index)?.measuredUs ?? 0,
      confirmedUs: (index) => Math.max(newest.get(index)?.measuredUs ?? 0, provenUs),
      freshForUs: () => 5 * secondUs,
    },
    book,
    clock: hurried,
    random: seededRandom("desk"),
    log: silentLog,
  });
  t.after(async () => {
    await desk.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  let second = 0;
  const rig: DeskRig = {
    desk,
    folder,
    scored,
    sample(value = () => 0.5, leftOut) {
      second++;
      const measuredUs = startUs + second * secondUs;
      const rows = assets
        .flatMap(({ id }) => properties.map((property) => value(id, property)))
        .map((number, index) => ({ number, index }))
        .filter(({ index }) => leftOut === undefined || tags[index]?.endsWith(leftOut) !== true);
      for (const { number, index } of rows) newest.set(index, { value: number, measuredUs });
      desk.watch({
        device: "d" as DeviceId,
        receivedUs: measuredUs,
        late: false,
        count: rows.length,
        tag: Int32Array.from(rows, ({ index }) => index),
        measuredUs: new Float64Array(rows.length).fill(measuredUs),
        value: Float64Array.from(rows, ({ number }) => number),
        status: new Uint32Array(rows.length),
      });
    },
    prove() {
      provenUs = startUs + second * secondUs;
      desk.confirm("d" as DeviceId, provenUs);
    },
    async events() {
      const all = await book.list({ kind: "model", max: 100 });
      return all.flatMap((event) => (event.kind === "model" ? event.body : [])).toReversed();
    },
    async told(what, times = 1) {
      for (;;) {
        const found = (await rig.events()).filter((event) => event.what === what);
        const last = found[times - 1];
        if (last !== undefined) return last;
        await turn();
      }
    },
    async until(condition) {
      while (!condition()) {
        rig.sample();
        await turn();
      }
    },
  };
  return rig;
}

/** The program and its host get to run. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 2));
}

function tagOf(id: string, index: number): TagDefinition | undefined {
  if (index < 0) return undefined;
  return {
    index,
    id: id as TagId,
    name: id,
    device: "d" as DeviceId,
    type: "float64",
    kind: "measurement",
    unit: "",
    decimals: 2,
    scale: 1,
    offset: 0,
    revision: 0,
    clock: "gateway",
    expectedMs: 1_000,
    low: NaN,
    high: NaN,
    asset: "",
    texts: new Map(),
    filteredAtSource: "",
  };
}

test("a live bundle scores the assets of its type, and what leaves the trained range is named, not scored", async (t) => {
  const rig = openDesk(t, [{ bundle: "pump-health", role: "live" }], (folder) => {
    writeSample(join(folder, "pump-health"), sampleOf("pump-health", "1.0.0"));
  });
  await rig.desk.start();
  await rig.told("loaded");
  await rig.until(() => new Set(rig.scored.map(({ asset }) => asset)).size === 2);
  assert.ok(
    rig.scored.every(({ detector, score }) => detector === "pump-health 1.0.0" && score < 1),
  );
  const [row] = rig.desk.state().models;
  assert.deepEqual([row?.state, row?.assets.length], ["runs", 2]);

  rig.sample((asset, property) => (asset === "Pump 2" && property === "temperature" ? 5_000 : 0.5));
  const outside = await rig.told("outside");
  assert.match(outside.reason, /Pump 2\.temperature is outside of what the bundle was trained for/);
  const [, second] = rig.desk.state().models[0]?.assets ?? [];
  assert.match(second?.silence ?? "", /Pump 2\.temperature is outside/);
});

test("a value that came once and does not change is in the windows while its device proves it, and not after", async (t) => {
  const rig = openDesk(t, [{ bundle: "pump-health", role: "live" }], (folder) => {
    writeSample(join(folder, "pump-health"), sampleOf("pump-health", "1.0.0"));
  });
  // As a server tells its values when the conversation begins: before any bundle is there to hear it.
  rig.sample();
  await rig.desk.start();
  await rig.told("loaded");
  const moving = (): void => {
    rig.sample(() => 0.5, "temperature");
  };
  while (rig.scored.length < 40) {
    rig.prove();
    moving();
    await turn();
  }
  assert.equal(rig.desk.state().models[0]?.assets[0]?.silence, "");

  // The proof of before lasts five seconds.
  for (let second = 0; second < 10; second++) moving();
  assert.match(
    rig.desk.state().models[0]?.assets[0]?.silence ?? "",
    /temperature has not come for too long, and its device does not prove that it holds/,
  );
});

test("a constant value outside of the trained range is named for as long as it stays", async (t) => {
  const rig = openDesk(t, [{ bundle: "pump-health", role: "live" }], (folder) => {
    writeSample(join(folder, "pump-health"), sampleOf("pump-health", "1.0.0"));
  });
  rig.sample((_asset, property) => (property === "temperature" ? 5_000 : 0.5));
  await rig.desk.start();
  await rig.told("loaded");
  for (let second = 0; second < 60; second++) {
    rig.prove();
    rig.sample(() => 0.5, "temperature");
  }
  assert.equal(rig.scored.length, 0);
  assert.match(
    rig.desk.state().models[0]?.assets[0]?.silence ?? "",
    /temperature is outside of what the bundle was trained for/,
  );
});

test("a refused bundle gives way to the one before it, with the reason, and the others run", async (t) => {
  const uses: BundleUseFile[] = [
    { bundle: "pump-health-1.1.0", role: "live", previous: "pump-health-1.0.0" },
    { bundle: "pump-wear", role: "shadow" },
  ];
  const rig = openDesk(t, uses, (folder) => {
    writeSample(join(folder, "pump-health-1.0.0"), sampleOf("pump-health", "1.0.0"));
    const next = sampleOf("pump-health", "1.1.0");
    writeSample(join(folder, "pump-health-1.1.0"), {
      ...next,
      manifest: { ...next.manifest, lag: 3 },
    });
    writeSample(join(folder, "pump-wear"), sampleOf("pump-wear", "2.0.0"));
  });
  await rig.desk.start();
  assert.match((await rig.told("refused")).reason, /2 features with lag 3 give 8/);
  const returned = await rig.told("returned");
  assert.deepEqual([returned.bundle, returned.version], ["pump-health", "1.0.0"]);
  await rig.until(() => rig.scored.length > 0);
  // The shadow scores, too, and detection is not told.
  await rig.until(() => rig.desk.state().models[1]?.assets[0]?.score !== undefined);
  assert.ok(rig.scored.every(({ detector }) => detector === "pump-health 1.0.0"));
});

test("a bundle that is stopped while it runs gives way to the one before it", async (t) => {
  const uses: BundleUseFile[] = [{ bundle: "slow", role: "live", previous: "slow-1.0.0" }];
  const rig = openDesk(t, uses, (folder) => {
    const slow = slowSample();
    writeSample(join(folder, "slow"), {
      ...slow,
      manifest: { ...slow.manifest, version: "2.0.0" },
    });
    writeSample(join(folder, "slow-1.0.0"), sampleOf("slow", "1.0.0"));
  });
  await rig.desk.start();
  await rig.told("loaded");
  for (let given = 0; given < 4; given++) rig.sample();
  assert.match((await rig.told("stopped")).reason, /0\.1 ms are declared/);
  assert.match((await rig.told("returned")).reason, /back to slow 1\.0\.0: one window took/);
  await rig.until(() => rig.scored.some(({ detector }) => detector === "slow 1.0.0"));
});

test("a bundle that is put in the place of another takes over between two windows", async (t) => {
  const rig = openDesk(t, [{ bundle: "pump-health", role: "live" }], (folder) => {
    writeSample(join(folder, "pump-health"), sampleOf("pump-health", "1.0.0"));
    writeSample(join(folder, "next", "pump-health"), sampleOf("pump-health", "1.1.0"));
  });
  await rig.desk.start();
  await rig.told("loaded");
  await rig.until(() => rig.scored.length > 0);
  renameSync(join(rig.folder, "pump-health"), join(rig.folder, "old"));
  renameSync(join(rig.folder, "next", "pump-health"), join(rig.folder, "pump-health"));
  await rig.until(() => rig.scored.some(({ detector }) => detector === "pump-health 1.1.0"));
  assert.match((await rig.told("swapped")).reason, /from one window to the next/);

  // Every second from the first score to the last was scored, by the one or by the other.
  const ends = rig.scored.filter(({ asset }) => asset === "Pump 1").map(({ atUs }) => atUs);
  const sorted = ends.toSorted((a, b) => a - b);
  sorted.forEach((atUs, at) => {
    assert.equal(atUs, (sorted[0] ?? 0) + at * secondUs);
  });
  assert.equal(rig.desk.state().windowsLost, 0);
});

test("a canary is in service on its asset, and the bundle that it is to replace is its shadow there", async (t) => {
  const uses: BundleUseFile[] = [
    { bundle: "pump-health", role: "live" },
    { bundle: "pump-health-1.1.0", role: "canary", assets: ["Pump 2"] },
  ];
  const rig = openDesk(t, uses, (folder) => {
    writeSample(join(folder, "pump-health"), sampleOf("pump-health", "1.0.0"));
    writeSample(join(folder, "pump-health-1.1.0"), sampleOf("pump-health", "1.1.0"));
  });
  await rig.desk.start();
  await rig.until(() => new Set(rig.scored.map(({ detector }) => detector)).size === 2);
  const pairs = new Set(rig.scored.map(({ asset, detector }) => `${asset}: ${detector}`));
  assert.deepEqual([...pairs].toSorted(), [
    "Pump 1: pump-health 1.0.0",
    "Pump 2: pump-health 1.1.0",
  ]);
  await rig.until(() => rig.desk.state().models[0]?.assets[1]?.score !== undefined);
});

test("a bundle is silent in states that it was not trained for, and says so", async (t) => {
  const off: WatchedState = { state: "off", sinceUs: 0, settledFromUs: 0 };
  const running: WatchedState = { state: "running", sinceUs: startUs, settledFromUs: startUs };
  const states = new Map([
    ["Pump 1", off],
    ["Pump 2", running],
  ]);
  const write = (folder: string): void => {
    const sample = sampleOf("pump-health", "1.0.0");
    writeSample(join(folder, "pump-health"), {
      ...sample,
      manifest: { ...sample.manifest, states: ["running"], settlingS: 10 },
    });
  };
  const rig = openDesk(t, [{ bundle: "pump-health", role: "live" }], write, states);
  await rig.desk.start();
  await rig.until(() => rig.scored.length > 3);
  assert.ok(
    rig.scored.every(({ asset, atUs }) => asset === "Pump 2" && atUs >= startUs + 10 * secondUs),
  );
  const [first] = rig.desk.state().models[0]?.assets ?? [];
  assert.equal(first?.silence, 'not trained for the state "off"');
});
