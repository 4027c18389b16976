/** The same value of many machines: from frames in a database to what the console is answered. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { join } from "node:path";

import { silentLog } from "@millwright/kit";
import { ValueTable } from "@millwright/live-feed";
import type { DeviceId, PeerAnswer, TagDefinition } from "@millwright/wire-contract";
import { Hono } from "hono";

import { openHistory, type History } from "./history/history.ts";
import { peerColumns } from "./history/peers/peer-columns.ts";
import { TestGateway, testTag } from "./ingest/test-gateway.ts";
import { machinesMax, peersOf, type PeerSources } from "./peer-desk.ts";
import { addPeerRoutes } from "./serve/peer-routes.ts";
import { openTestHistory, testDayUs, type TestHistory } from "./test-history.ts";
import type { PeerGateway } from "./twin/find-peers.ts";

const secondUs = 1e6;
const hourUs = 3_600 * secondUs;
const nowUs = testDayUs + 2 * hourUs;
const tag = (change: Partial<TagDefinition> = {}): TagDefinition =>
  testTag(0, { name: "Bearing", unit: "Cel", ...change });

/** Five pumps of one site at 40, 41, 42, 43 and 60 °C, of which the last cools down after an hour, and one in Fahrenheit. */
const gateways = Array.from(
  { length: 6 },
  (_, at) =>
    new TestGateway(`gw-${at}`, [
      tag({ asset: `Pump ${at}`, ...(at === 5 ? { unit: "[degF]" } : {}) }),
    ]),
);
const temperatureOf = (at: number, second: number): number =>
  at === 4 && second < 3_600 ? 60 : 40 + at;
/** The third says nothing from a quarter past on. */
const sampledAt = (at: number): readonly number[] =>
  Array.from({ length: 720 }, (_, sample) => sample * 10).filter(
    (second) => at !== 2 || second < 900,
  );

let opened: TestHistory;
let history: History;
let app: Hono;

before(async () => {
  opened = await openTestHistory();
  history = openHistory(
    { databaseUrl: opened.url, folder: join(opened.folder, "lake"), logLevel: "error" },
    opened.store,
    silentLog,
  );
  for (const [at, gateway] of gateways.entries()) {
    const rows = sampledAt(at).map(
      (second) => [0, temperatureOf(at, second), testDayUs + second * secondUs] as const,
    );
    const ledger =
      at === 2
        ? [
            gateway.ledger([
              {
                ...{ number: 1, reason: "device unreachable" },
                scope: { kind: "device", device: "plc-1" as DeviceId },
                ...{ fromUs: testDayUs + 900 * secondUs, toUs: testDayUs + 2 * hourUs },
                count: { kind: "scheduled", samples: 630 },
              },
            ]),
          ]
        : [];
    await opened.take(gateway, gateway.dictionaryFrame(), gateway.samples(rows), ...ledger);
  }
  await opened.sorter.sortAll(new AbortController().signal);
  app = appOf(sourcesOf(gateways));
});
after(async () => {
  await history[Symbol.asyncDispose]();
  await opened[Symbol.asyncDispose]();
});

function appOf(sources: PeerSources): Hono {
  const made = new Hono();
  addPeerRoutes(made, { peers: (asked, signal) => peersOf(sources, asked, signal) });
  return made;
}

function sourcesOf(all: readonly TestGateway[]): PeerSources {
  const tables = new Map(
    all.map(({ gateway, dictionary }, at) => {
      const table = new ValueTable(dictionary.book);
      // The second has been silent for a minute.
      const heardUs = nowUs - (at === 1 ? 60 : 1) * secondUs;
      table.set(0, temperatureOf(at, 7_200), undefined, 0, heardUs, heardUs);
      return [String(gateway), table];
    }),
  );
  return {
    gateways: () =>
      all.map(({ gateway, dictionary }): PeerGateway => ({
        ...{ gateway, name: `Line ${gateway}`, site: "Brno" },
        dictionary,
      })),
    table: (gateway) => tables.get(gateway),
    means: history.means.bind(history),
    gaps: history.gaps.bind(history),
    nowUs: () => nowUs,
    minutesFromUs: () => testDayUs,
  };
}

async function ask(query: string, of = app): Promise<PeerAnswer> {
  const response = await of.request(`/api/gateways/${query}`);
  assert.equal(response.status, 200);
  return (await response.json()) as PeerAnswer;
}

const twoHours = `from=${testDayUs}&to=${nowUs}&columns=8`;

test("at each time the band is that of the machines which say something then, and who is unlike them stands first", async () => {
  const found = await ask(`gw-4/peers?tag=pump/t0&${twoHours}`);
  assert.equal(found.tier, "minutes");
  assert.equal(found.stepUs, 900 * secondUs);
  assert.deepEqual(found.counts, [5, 4, 4, 4, 4, 4, 4, 4]);
  assert.deepEqual(found.own, [60, 60, 60, 60, 44, 44, 44, 44]);
  // Of 40, 41, 42, 43, 60, then of 40, 41, 43, 60, and at last of 40, 41, 43, 44.
  assert.deepEqual(found.median, [42, 42, 42, 42, 42, 42, 42, 42]);
  assert.equal(found.low[0], 40.4);
  assert.equal(found.high[0], 43 + 0.6 * 17);
  assert.equal(found.high[7], 43 + 0.7);
  assert.deepEqual([found.found, found.unlike], [5, 1]);
  const [worst] = found.machines;
  assert.equal(
    worst?.asset,
    "Pump 4",
    "another one is below the band all the time, and not so far from it",
  );
  const own = found.machines.find(({ gateway }) => gateway === "gw-4");
  assert.deepEqual(own, {
    ...{ gateway: "gw-4", name: "Line gw-4", site: "Brno", asset: "Pump 4", tag: "pump/t0" },
    ...{ columns: 8, above: 8, below: 0, away: (4 * 18 + 4 * 2) / 8, now: 44 },
  });
});

test("what is newest counts where it is proven, as the live values do", async () => {
  const found = await ask(`gw-4/peers?tag=pump/t0&${twoHours}`);
  assert.equal(found.machines.find(({ gateway }) => gateway === "gw-1")?.now, null);
  assert.deepEqual(found.now, { count: 4, low: 40.6, median: 42.5, high: 43.7 });
});

test("a machine of which something is missing says so, and does not count meanwhile", async () => {
  const found = await ask(`gw-2/peers?tag=pump/t0&${twoHours}`);
  assert.deepEqual(found.own, [42, null, null, null, null, null, null, null]);
  assert.deepEqual(
    found.gaps.map(({ reason }) => reason),
    ["device unreachable"],
  );
});

test("means are those of the aggregates, from minutes and from hours", async () => {
  const span = [testDayUs, nowUs] as const;
  const place = { gateway: "gw-4", tag: "pump/t0" };
  for (const [tier, asked] of [
    ["minutes", 8],
    ["hours", 2],
  ] as const) {
    const columns = peerColumns(...span, asked, testDayUs);
    assert.equal(columns.tier.table.name, `rollup_${tier}`);
    const { signal } = new AbortController();
    const [line] = await history.means([place], columns, signal);
    const buckets = await history.aggregates(
      gateways[4]?.gateway ?? never(),
      "pump/t0",
      ...span,
      tier,
    );
    const wanted = Array.from({ length: columns.count }, (_, at) => {
      const beginUs = columns.fromUs + at * columns.stepUs;
      const mine = buckets.filter(
        ({ startUs }) => startUs >= beginUs && startUs < beginUs + columns.stepUs,
      );
      const held = mine.reduce((sum, { goodShare }) => sum + goodShare, 0);
      return mine.reduce((sum, { mean = 0, goodShare }) => sum + mean * goodShare, 0) / held;
    });
    assert.deepEqual(
      [...(line ?? [])].map((value) => value.toFixed(6)),
      wanted.map((value) => value.toFixed(6)),
    );
  }
});

function never(): never {
  throw new Error("there are six gateways");
}

test("a time of which minutes are not kept any more is compared by its hours, as a chart shows it", async () => {
  const sources = { ...sourcesOf(gateways), minutesFromUs: () => testDayUs + hourUs };
  const found = await ask(`gw-4/peers?tag=pump/t0&${twoHours}`, appOf(sources));
  assert.deepEqual([found.tier, found.stepUs, found.own], ["hours", hourUs, [60, 44]]);
});

test("who has gone is not worked for any more", async () => {
  const gone = new AbortController();
  let questions = 0;
  const sources = sourcesOf(gateways);
  const counted = appOf({
    ...sources,
    means: (places, columns, signal) => {
      questions++;
      gone.abort();
      return sources.means(places, columns, signal);
    },
  });
  const response = await counted.request(
    new Request(`http://hub/api/gateways/gw-4/peers?tag=pump/t0&${twoHours}`, {
      signal: gone.signal,
    }),
  );
  assert.equal(response.status, 408);
  assert.equal(questions, 1);
});

test("of more machines than are read while somebody waits the nearest are compared, and all are counted", async () => {
  const many = Array.from({ length: machinesMax + 3 }, (_, at) =>
    tag({
      ...{ index: at, asset: `Pump ${String(at).padStart(3, "0")}` },
      id: `pump/m${String(at).padStart(3, "0")}` as TagDefinition["id"],
    }),
  );
  const crowd = new TestGateway("gw-crowd", many);
  const found = await ask(
    `gw-crowd/peers?tag=pump/m202&${twoHours}`,
    appOf(sourcesOf([...gateways, crowd])),
  );
  assert.equal(found.found, machinesMax + 3 + 5);
  assert.equal(found.machines.length, machinesMax);
  const compared = found.machines.map(({ asset }) => asset);
  assert.ok(compared.includes("Pump 202"), "the one that was asked for");
  assert.ok(compared.includes("Pump 000") && !compared.includes("Pump 201"));
});

test("what cannot be compared is refused in words", async () => {
  for (const [query, status] of [
    [`gw-4/peers?tag=no/such&${twoHours}`, 404],
    [`gw-9/peers?tag=pump/t0&${twoHours}`, 404],
    ["gw-4/peers?tag=pump/t0&from=2&to=1", 400],
    ["gw-4/peers?tag=pump/t0&from=1&to=2&columns=0", 400],
  ] as const) {
    const response = await app.request(`/api/gateways/${query}`);
    assert.equal(response.status, status, query);
    assert.match(await response.text(), /\w+ \w+/);
  }
});
