import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { PlayedClock, seededRandom, silentLog, systemClock, type Clock } from "@millwright/kit";
import { makeSample, writeSample } from "@millwright/model-bundle/sample";
import { status, type DeviceId } from "@millwright/wire-contract";

import { MemoryEventBook } from "../../buffer/events/memory-book.ts";
import { openJournalCore, type JournalCore } from "../../buffer/journal.ts";
import { playPast } from "../../decide/backtest/past.ts";
import { findIsolation } from "../../detect/host/isolation.ts";
import { mainFile } from "../../detect/host/test-models.ts";
import { ModelDesk } from "../../detect/models/model-desk.ts";
import type { SampleBatch } from "../../hand-over.ts";
import { loadSettings, type Settings } from "../../settings/load-settings.ts";
import { backtestCommand } from "./backtest.ts";
import { openBundle } from "./bundle-subject.ts";

const secondUs = 1_000_000;
const properties = ["temp", "load"];

function settingsIn(folder: string): Settings {
  const sample = makeSample({ name: "mill-health", version: "1.0.0", inputs: properties });
  const manifest = {
    ...sample.manifest,
    assetType: "mill",
    features: { ...sample.manifest.features, holdMs: 2_000 },
    limits: { on: 2, off: 1, persistence: { k: 2, n: 3 }, budgetPerDay: 3 },
  };
  mkdirSync(join(folder, "models"));
  writeSample(join(folder, "models", "mill-health"), { ...sample, manifest });
  const file = join(folder, "gateway.yaml");
  writeFileSync(
    file,
    `gateway: { id: line-1, name: Line 1 }
journal: { folder: journal }
devices:
  - id: cnc
    protocol: modbus
    connection: { framing: tcp, host: 127.0.0.1, port: 502, unit: 1 }
    everyMs: 1000
    tags:
      - { id: cnc/temp, address: "holding:1", type: float64, asset: CNC 1 }
      - { id: cnc/load, address: "holding:5", type: float64, asset: CNC 1 }
assets:
  - { id: CNC 1, type: mill, tags: { temp: cnc/temp, load: cnc/load } }
models: { folder: models, bundles: [{ bundle: mill-health }] }
`,
  );
  return loadSettings(file);
}

/** Five minutes of two tags, with trouble, bad readings and silences. */
function batchesFrom(beganUs: number): readonly SampleBatch[] {
  const random = seededRandom("bundle backtest");
  const batches: SampleBatch[] = [];
  for (let second = 1; second <= 300; second++) {
    const silent = random.next() < 0.02;
    const bad = random.next() < 0.02;
    const trouble = second % 100 > 80 ? 4 : 0;
    const values = [0.5 + 0.2 * random.normal() + trouble, 0.5 + 0.2 * random.normal()];
    if (silent) continue;
    const measuredUs = beganUs + second * secondUs;
    batches.push({
      ...{ device: "cnc" as DeviceId, receivedUs: measuredUs, late: false, count: 2 },
      tag: Int32Array.of(0, 1),
      measuredUs: new Float64Array(2).fill(measuredUs),
      value: Float64Array.from(values, (value) => (bad ? NaN : value)),
      status: new Uint32Array(2).fill(bad ? status.badNoCommunication : status.good),
    });
  }
  return batches;
}

interface Rig {
  readonly settings: Settings;
  readonly folder: string;
  readonly clock: PlayedClock;
  readonly journal: JournalCore;
  readonly batches: readonly SampleBatch[];
}

async function openRig(t: TestContext): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), "millwright-bundle-backtest-"));
  const settings = settingsIn(folder);
  const clock = new PlayedClock();
  const journal = openJournalCore({
    ...{ folder: settings.journal.folder, gateway: settings.gateway.id, clock },
    ...{ random: seededRandom("journal"), commitEveryMs: 60_000, tellEveryMs: 1_000 },
    ...{ keepRawHours: 72, bytesMax: 256 * 2 ** 20, log: silentLog },
    onBroken: (failure) => {
      throw failure;
    },
  });
  t.after(async () => {
    await journal.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await journal.adoptTags(settings.devices.flatMap(({ tags }) => tags.map(({ tag }) => tag)));
  return { settings, folder, clock, journal, batches: batchesFrom(clock.nowUs()) };
}

/** As text that holds every bit. */
function line(endUs: number, ratio: number): string {
  return `${endUs} ${new BigUint64Array(Float64Array.of(ratio).buffer)[0]?.toString(16)}`;
}

/** What the running gateway tells detection of each window. */
async function live({ settings, batches, journal, clock }: Rig): Promise<readonly string[]> {
  const { book } = await journal.adoptTags(
    settings.devices.flatMap(({ tags }) => tags.map(({ tag }) => tag)),
  );
  const told: string[] = [];
  const events = new MemoryEventBook();
  const desk = new ModelDesk({
    ...{ settings: settings.models, assets: settings.assets, book: events },
    tagOf: (id) => book.byId(id),
    program: { node: process.execPath, file: mainFile, isolation: findIsolation() },
    feed: {
      scored: (_asset, _detector, atUs, ratio) => {
        told.push(line(atUs, ratio));
      },
    },
    stateOf: () => undefined,
    current: {
      ...{ value: () => undefined, status: () => 0, measuredUs: () => 0 },
      ...{ confirmedUs: () => 0, freshForUs: () => 0 },
    },
    ...{ clock: systemClock satisfies Clock, random: seededRandom("desk"), log: silentLog },
  });
  try {
    await desk.start();
    while ((await events.list({ kind: "model", max: 1 })).length === 0) await turn();
    for (const batch of batches) {
      assert.ok(journal.append(batch));
      desk.watch(batch);
      // One window is answered before the next is due, as at one a second.
      const asset = (): { windows: number; unscored: number } => {
        const [row] = desk.state().models[0]?.assets ?? [];
        return { windows: row?.windows ?? 0, unscored: row?.unscored ?? 0 };
      };
      while (told.length < asset().windows - asset().unscored) await turn();
      await clock.advance(Math.max(0, (batch.receivedUs - clock.nowUs()) / 1_000));
    }
  } finally {
    await desk.stop();
  }
  await journal.commit();
  return told;
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1));
}

test("a bundle over the gateway's own journal says what it said live, to the bit", async (t) => {
  const rig = await openRig(t);
  const told = await live(rig);
  const { settings, journal, batches } = rig;
  const { book } = await journal.adoptTags(
    settings.devices.flatMap(({ tags }) => tags.map(({ tag }) => tag)),
  );
  const context = { clock: systemClock, random: seededRandom("scorer") };
  const opened = await openBundle({ bundle: "mill-health" }, settings, book, context);
  if (typeof opened === "string") return assert.fail(opened);
  t.after(() => opened[Symbol.asyncDispose]());
  const [subject] = opened.subjects;
  assert.ok(subject !== undefined);
  // Nothing of the scores: without rules nobody says when the gateway was started.
  assert.ok(subject.inexact.every((why) => why.startsWith("when the gateway was started")));
  const last = batches.at(-1)?.receivedUs ?? 0;
  const time = { fromUs: (batches[0]?.receivedUs ?? 0) - secondUs, toUs: last + secondUs };
  const played: string[] = [];
  const player = subject.player([], time, (endUs, ratio) => played.push(line(endUs, ratio)));
  await playPast(
    {
      samples: (tag, fromUs, toUs) => journal.readSamples(tag, fromUs, toUs, Infinity),
      starts: () => Promise.resolve([]),
    },
    subject.tags,
    time,
    player,
    new AbortController().signal,
  );
  assert.ok(told.length > 200, `${told.length} windows`);
  assert.deepEqual(played, told);
  // It fires in the troubles until the budget of the day is spent, and cannot judge what was bad.
  const { fired, unknown } = player.outcome(time);
  assert.ok(fired.length >= 2, `${fired.length} fires`);
  assert.ok(unknown.length > 3, `${unknown.length} times unknown`);
});

test("millwright backtest tries a bundle on its assets, with report and chart, and says what is wrong with one", async (t) => {
  const { folder, journal, clock, batches, settings } = await openRig(t);
  for (const batch of batches) assert.ok(journal.append(batch));
  await clock.advance(360_000);
  await journal.close();
  let said = "";
  const run = (...args: string[]): Promise<number> =>
    backtestCommand.run(["--settings", settings.file, "--to", join(folder, "out"), ...args], {
      out: {
        write(text) {
          said += text;
        },
      },
      ...{ clock, random: seededRandom("run"), log: silentLog },
      until: new AbortController().signal,
    });
  assert.equal(await run("--bundle", "mill-health", "--days", "0.01"), 0);
  assert.match(said, /bundle mill-health 1\.0\.0 on CNC 1/);
  assert.match(said, /fired \d+ times/);
  const files = readdirSync(join(folder, "out"));
  assert.deepEqual(files.toSorted(), ["mill-health-CNC_1.json", "mill-health-CNC_1.svg"]);
  assert.match(
    readFileSync(join(folder, "out", "mill-health-CNC_1.svg"), "utf8"),
    /score over its limit/,
  );
  assert.equal(await run("--bundle", "mill-health", "--asset", "CNC 9"), 2);
  assert.equal(await run("--bundle", "none-of-these"), 2);
  assert.equal(await run("--asset", "CNC 1"), 2);
});
