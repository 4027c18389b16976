import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock, silentLog } from "@millwright/kit";
import {
  makeDictionary,
  type DeviceId,
  type GatewayId,
  type TagDefinition,
  type TagId,
} from "@millwright/wire-contract";
import { toEventLine, type EpisodeEvent } from "@millwright/wire-contract/events";

import type { HubEvent } from "../hand-over.ts";
import { EpisodeOrders, tagsOf, windowsOf } from "./episode-orders.ts";
import type { OrderRow } from "./order-store.ts";

const secondUs = 1_000_000;
const aroundUs = 10 * secondUs;
const dictionary = makeDictionary([
  tag(0, "p/vibration", "Pump 1", "swinging-door"),
  tag(1, "p/speed", "Pump 1"),
  tag(2, "p/flow", "Pump 1", "dead-band"),
  tag(3, "x/force", "Press 1", "dead-band"),
]);

test("around the begin and, when it is known, around the peak, no time is asked for twice", () => {
  const of = (beginS: number, peakS: number, endS?: number): string[] =>
    windowsOf(
      {
        beginUs: beginS * secondUs,
        peakUs: peakS * secondUs,
        ...(endS === undefined ? {} : { endUs: endS * secondUs }),
      },
      aroundUs,
    ).map(({ part, fromUs, toUs }) => `${part} ${fromUs / secondUs}..${toUs / secondUs}`);
  assert.deepEqual(of(100, 160), ["begin 90..110"], "it lasts, and may grow");
  assert.deepEqual(of(100, 160, 200), ["begin 90..110", "peak 150..170"]);
  assert.deepEqual(of(100, 105, 200), ["begin 90..110", "peak 110..115"]);
  assert.deepEqual(of(100, 100, 200), ["begin 90..110"]);
});

test("tags of the machine that are told within a bound are fetched, those that contribute first", () => {
  const { contributions } = episode(0, "began");
  assert.deepEqual(tagsOf({ contributions }, "Pump 1", dictionary), ["p/vibration", "p/flow"]);
  assert.deepEqual(tagsOf({ contributions: [] }, "Press 1", dictionary), ["x/force"]);
  assert.deepEqual(tagsOf({ contributions }, "Pump 1", undefined), []);
});

test("an episode is fetched once, after its ten seconds, whoever asks and however often it is told", async () => {
  const rig = rigOf();
  rig.tell(episode(rig.nowUs(), "began"));
  await rig.orders.look();
  assert.equal(rig.added.length, 0, "the time after the begin is not over");
  await rig.pass(20);
  await rig.orders.look();
  await rig.orders.look();
  // A hub that starts anew remembers nothing.
  await rig.another().look();
  assert.deepEqual(
    rig.added.map(({ kind, tags, resolution }) => [kind, tags, resolution]),
    [["repair", ["p/vibration", "p/flow"], "samples"]],
  );
  const [first] = rig.added;
  assert.ok(first !== undefined && first.toUs - first.fromUs === 2 * aroundUs);

  await rig.pass(100);
  rig.tell(episode(first.fromUs + aroundUs, "ended", rig.nowUs() - 60 * secondUs, rig.nowUs()));
  await rig.orders.look();
  await rig.another().look();
  assert.equal(rig.added.length, 2);
  assert.equal((rig.added[1]?.toUs ?? 0) - (rig.added[1]?.fromUs ?? 0), 2 * aroundUs);
});

test("people's orders find room: of one gateway half of what it takes is ordered, and the rest when there is room", async () => {
  const rig = rigOf();
  for (let at = 0; at < 12; at++) rig.tell(episode(rig.nowUs(), "began"), `E-${at}`);
  await rig.pass(20);
  await rig.orders.look();
  assert.equal(rig.added.length, 8);
  rig.open.splice(0, 3);
  await rig.orders.look();
  assert.equal(rig.added.length, 11);
});

test("with nothing around them, nothing is looked for", async () => {
  const rig = rigOf(0);
  rig.tell(episode(rig.nowUs(), "began"));
  await rig.pass(20);
  await rig.orders.run(AbortSignal.abort());
  assert.equal(rig.added.length, 0);
});

function tag(
  index: number,
  id: string,
  asset: string,
  rule?: "dead-band" | "swinging-door",
): TagDefinition {
  return {
    ...{ index, id: id as TagId, name: id, device: "d" as DeviceId, type: "float64" },
    ...{ kind: "measurement", unit: "", decimals: 1, scale: 1, offset: 0, revision: 0 },
    ...{ clock: "gateway", expectedMs: 1_000, low: 0, high: 1, asset, texts: new Map() },
    filteredAtSource: "",
    ...(rule === undefined ? {} : { telling: { rule, error: 1, heartbeatMs: 60_000 } }),
  };
}

function episode(
  beginUs: number,
  what: "began" | "ended",
  peakUs = beginUs,
  endUs?: number,
): EpisodeEvent {
  const part = { actual: 1, expected: 0, within: 1 };
  return {
    ...{ what, beginUs, peakUs, score: 2, severity: 0.5, class: "drift", levels: ["model"] },
    ...(endUs === undefined ? {} : { endUs }),
    contributions: [
      { tag: "p/speed", share: 0.6, ...part },
      { tag: "p/vibration", share: 0.4, ...part },
    ],
    ...{ detectors: ["pump-health 1.0.0"], verdict: "open" },
  };
}

interface OrdersRig {
  readonly orders: EpisodeOrders;
  readonly added: readonly Omit<OrderRow, "healed">[];
  readonly open: Omit<OrderRow, "healed">[];
  /** Beside the first, on the same database. */
  another(): EpisodeOrders;
  nowUs(): number;
  pass(s: number): Promise<void>;
  tell(event: EpisodeEvent, subject?: string): void;
}

function rigOf(around = aroundUs): OrdersRig {
  const clock = new PlayedClock();
  const events: HubEvent[] = [];
  const added: Omit<OrderRow, "healed">[] = [];
  const open: Omit<OrderRow, "healed">[] = [];
  const another = (): EpisodeOrders =>
    new EpisodeOrders({
      store: {
        open: () => Promise.resolve(open.map((order) => ({ ...order, healed: 0 }))),
        addOnce(order) {
          if (added.some(({ id }) => id === order.id)) return Promise.resolve(false);
          added.push(order);
          open.push(order);
          return Promise.resolve(true);
        },
      },
      reader: {
        events: () => Promise.resolve(events),
        newestDictionary: () => Promise.resolve(dictionary),
      },
      aroundUs: around,
      ...{ clock, log: silentLog },
    });
  return {
    ...{ added, open, another, orders: another(), nowUs: () => clock.nowUs() },
    pass: (s: number) => clock.advance(s * 1_000),
    tell(event: EpisodeEvent, subject = "E-1") {
      events.unshift({
        id: events.length,
        gateway: "gw" as GatewayId,
        journalUs: 1,
        line: toEventLine(
          { kind: "episode", atUs: clock.nowUs(), asset: "Pump 1", subject, body: event },
          events.length + 1,
        ),
      });
    },
  };
}
