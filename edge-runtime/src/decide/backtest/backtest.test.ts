import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { PlayedClock, seededRandom, silentLog, type Random } from "@millwright/kit";
import { status, type DeviceId, type GatewayId, type TagId } from "@millwright/wire-contract";
import { toJsonScalar, type EventRecord } from "@millwright/wire-contract/events";

import { MemoryEventBook } from "../../buffer/events/memory-book.ts";
import { openJournalCore, type JournalCore } from "../../buffer/journal.ts";
import type { DeclaredTag, SampleBatch } from "../../hand-over.ts";
import type { Decision } from "../rules/scan.ts";
import { RuleService } from "../rules/rule-service.ts";
import { plantOf, ruleBook } from "../rules/test-rules.ts";
import { playPast, startsIn, type Past, type Start, type Stretch } from "./past.ts";
import { PlayedRules } from "./played-rules.ts";

const secondUs = 1_000_000;
const tagIds = ["temp", "load", "count"];
const book = ruleBook(
  plantOf({ temp: "float64", load: "float64", count: "int32" }),
  `
- { id: R-1, version: 1, title: plain, inputs: { t: temp }, when: t > 70.0, deadBand: { t: 10 }, then: [{ notify: hot }] }
- { id: R-2, version: 1, title: both, inputs: { t: temp, l: load }, when: t > 40.0 && l < 60.0, for: 2500 ms, then: [{ notify: both }] }
- { id: R-3, version: 1, title: whole, inputs: { n: count, l: load }, when: n % 3 == 1 || l / 10.0 > 8.0, until: n == 0, atMostEvery: 10 s, then: [{ notify: whole }] }
- { id: R-4, version: 1, title: lost, inputs: { t: temp }, when: t > 99.0, onUnknown: { after: 3 s, then: [{ notify: lost }] }, then: [{ notify: never }] }
`,
);
const devices = [
  { id: "plc" as DeviceId, tags: [0, 2] },
  { id: "drive" as DeviceId, tags: [1] },
];

function declared(at: number): DeclaredTag {
  return {
    ...{
      id: (tagIds[at] ?? "") as TagId,
      name: tagIds[at] ?? "",
      device: (at === 1 ? "drive" : "plc") as DeviceId,
    },
    ...{ type: at === 2 ? "int32" : "float64", kind: "measurement", unit: "", decimals: 1 },
    ...{ scale: 1, offset: 0, clock: "gateway", expectedMs: 1_000, low: NaN, high: NaN },
    ...{ asset: "", texts: new Map<number, string>(), filteredAtSource: "" },
  };
}

interface Live {
  readonly past: Past;
  readonly time: Stretch;
  /** What the gateway said of its rules while it ran. */
  readonly said: readonly string[];
}

/** A gateway of two devices with their own rhythm, silences and bad readings, and a restart in the middle. */
async function live(t: TestContext, random: Random): Promise<Live> {
  const folder = mkdtempSync(join(tmpdir(), "backtest-"));
  const clock = new PlayedClock();
  const events = new MemoryEventBook();
  const fromUs = clock.nowUs();
  let journal: JournalCore | undefined;
  t.after(async () => {
    await journal?.close();
    rmSync(folder, { recursive: true });
  });
  const nextMs = [0, 0];
  for (const run of [1, 2]) {
    journal = openJournalCore({
      ...{ folder, gateway: "press-hall" as GatewayId, commitEveryMs: 1_000, keepRawHours: 72 },
      ...{ tellEveryMs: 1_000, bytesMax: 256 * 2 ** 20, clock, random, log: silentLog },
      onBroken: (failure) => {
        throw failure;
      },
    });
    await journal.adoptTags(tagIds.map((_id, at) => declared(at)));
    const rules = serviceOf(clock, events);
    await rules.start();
    const untilMs = clock.monotonicMs() + 90_000;
    while (clock.monotonicMs() < untilMs) {
      for (const [at, device] of devices.entries()) {
        if (clock.monotonicMs() < (nextMs[at] ?? 0)) continue;
        const batch = batchOf(device.id, device.tags, clock.nowUs(), random);
        assert.ok(journal.append(batch));
        rules.watch(batch);
        const silence = random.next() < 0.02 ? 8_000 + Math.floor(random.next() * 9_000) : 0;
        nextMs[at] = clock.monotonicMs() + 200 + Math.floor(random.next() * 800) + silence;
      }
      const waitMs = Math.max(1, Math.min(...nextMs) - clock.monotonicMs());
      await clock.advance(waitMs);
      if (random.next() < 0.03) await journal.commit();
    }
    await clock.advance(5);
    await rules.stop(AbortSignal.timeout(1_000));
    if (run === 1) {
      await journal.close();
      await clock.advance(7_000);
    }
  }
  await journal?.commit();
  const of = journal as JournalCore;
  const records = await events.list({ kind: "rule", max: 100_000 });
  return {
    past: pastOf(of, startsIn(records)),
    time: { fromUs, toUs: clock.nowUs() },
    said: records.toReversed().flatMap(eventLine),
  };
}

function serviceOf(clock: PlayedClock, events: MemoryEventBook): RuleService {
  return new RuleService({
    ...{ book, clock, log: silentLog, events, tagCount: 3, deviceOf: () => "plc" },
    commands: { submit: () => Promise.reject(new Error("no rule writes")) },
    alarms: {
      raise: () => false,
      clear: () => false,
      row: () => undefined,
      onChanged: () => () => undefined,
    },
    episodes: { health: () => undefined, episodes: () => [], onChanged: () => () => undefined },
    capture: () => undefined,
  });
}

function pastOf(journal: JournalCore, starts: readonly Start[]): Past {
  return {
    samples: (tag, fromUs, toUs) => journal.readSamples(tag, fromUs, toUs, Infinity),
    starts: () => Promise.resolve(starts),
  };
}

function batchOf(
  device: DeviceId,
  tags: readonly number[],
  receivedUs: number,
  random: Random,
): SampleBatch {
  const bad = random.next() < 0.05;
  return {
    ...{ device, receivedUs, late: false, count: tags.length, tag: Int32Array.from(tags) },
    measuredUs: new Float64Array(tags.length).fill(receivedUs),
    value: Float64Array.from(tags, (tag) =>
      bad ? NaN : tag === 2 ? Math.floor(random.next() * 6) : random.next() * 100,
    ),
    status: new Uint32Array(tags.length).fill(bad ? status.badNoCommunication : status.good),
  };
}

function eventLine(event: EventRecord): readonly string[] {
  assert.ok(event.kind === "rule");
  const { what, operands } = event.body;
  if (what === "started") return [];
  return [JSON.stringify([event.subject, what, event.atUs, operands])];
}

function decisionLine({ rule, what, atUs, operands }: Decision): string {
  const seen = operands.map(({ name, value, measuredUs, status: code }) => ({
    ...{ name, value: value === undefined ? null : toJsonScalar(value), measuredUs, status: code },
  }));
  return JSON.stringify([rule.id, what, Math.round(atUs), seen]);
}

async function played(past: Past, time: Stretch): Promise<readonly string[]> {
  const said: string[] = [];
  const slots = tagIds.map((id) =>
    book.slots.findIndex(({ source }) => source.kind === "tag" && source.tag === id),
  );
  const player = new PlayedRules(book, slots, [], (decision) => said.push(decisionLine(decision)));
  const tags = tagIds.map((_id, index) => ({ index, byDevice: false }));
  await playPast(past, tags, time, player, new AbortController().signal);
  return said;
}

test("a backtest over the gateway's own journal says what the gateway said, to the byte, over a restart as well", async (t) => {
  let compared = 0;
  let unaware = 0;
  for (let seed = 1; seed <= 3; seed++) {
    const { past, time, said } = await live(t, seededRandom(seed));
    assert.deepEqual(await played(past, time), said, `seed ${seed}`);
    compared += said.length;
    // The control: who does not know of the restart goes on with what was in memory then.
    const other = await played({ ...past, starts: () => Promise.resolve([]) }, time);
    if (other.join("\n") !== said.join("\n")) unaware++;
  }
  assert.ok(compared > 100, `${compared} decisions were compared`);
  assert.ok(unaware > 0, "a restart in between makes a difference");
});

test("values that a device's history filled in are not played, as they were not seen live", async () => {
  const seen: number[] = [];
  const fromUs = 1_767_225_600 * secondUs;
  const us = [0, 1, 2, 0.5, 1.5, 3].map((at) => fromUs + at * secondUs);
  const past: Past = {
    samples: () =>
      Promise.resolve({
        count: us.length,
        tag: new Int32Array(us.length),
        measuredUs: Float64Array.from(us),
        value: Float64Array.from(us.keys()),
        status: new Uint32Array(us.length),
      }),
    starts: () => Promise.resolve([]),
  };
  await playPast(
    past,
    [{ index: 0, byDevice: true }],
    { fromUs, toUs: fromUs + 10 * secondUs },
    {
      value: (_tag, _at, value) => seen.push(Number(value)),
      restarted: () => undefined,
      upTo: () => undefined,
    },
    new AbortController().signal,
  );
  assert.deepEqual(seen, [0, 1, 2, 5]);
});
