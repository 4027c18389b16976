import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";
import type { DeviceId } from "@millwright/wire-contract";

import { openJournalCore } from "../../buffer/journal.ts";
import { loadSettings } from "../../settings/load-settings.ts";
import { backtestCommand } from "./backtest.ts";

const minuteUs = 60_000_000;

/** Two hours of a bearing that is read each ten seconds, and runs hot for ten minutes in each of them. */
async function makePlant(): Promise<{
  readonly run: (...args: string[]) => Promise<{ readonly code: number; readonly said: string }>;
  readonly folder: string;
  readonly beganUs: number;
}> {
  const folder = mkdtempSync(join(tmpdir(), "millwright-backtest-"));
  after(() => {
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, "gateway.yaml");
  writeFileSync(
    file,
    `gateway: { id: line-1, name: Line 1 }
journal: { folder: journal }
devices:
  - id: cnc
    protocol: modbus
    connection: { framing: tcp, host: 127.0.0.1, port: 502, unit: 1 }
    everyMs: 10000
    tags:
      - { id: cnc/temp, address: "holding:1", type: float32, unit: Cel, asset: CNC 1 }
assets:
  - { id: CNC 1, type: mill, tags: { temp: cnc/temp } }
alarms:
  classes:
    machine: { action: Slow it down, consequence: The bearing seizes, respondWithinMin: 10 }
  list:
    - { id: hot, message: Bearing hot, class: machine, priority: 2, tag: cnc/temp, limits: { H: { at: 80 } } }
rules:
  - id: R-7
    version: 1
    title: Tell when the bearing runs hot
    asset: CNC 1
    inputs: { temp: { asset: CNC 1, property: temp } }
    when: temp > 80.0
    for: 1 min
    then: [{ notify: look at the bearing }]
`,
  );
  const settings = loadSettings(file);
  const clock = new PlayedClock();
  const random = seededRandom("backtest");
  const journal = openJournalCore({
    ...{ folder: settings.journal.folder, gateway: settings.gateway.id, clock, random },
    ...{ commitEveryMs: 60_000, keepRawHours: 72, tellEveryMs: 1_000, bytesMax: 256 * 2 ** 20 },
    ...{ log: silentLog, onBroken: (failure) => assert.ifError(failure) },
  });
  const tags = settings.devices.flatMap((device) => device.tags.map(({ tag }) => tag));
  const { book } = await journal.adoptTags(tags);
  const index = book.indexOf("cnc/temp") ?? -1;
  const beganUs = clock.nowUs();
  for (let minute = 0; minute < 120; minute++) {
    for (let ten = 0; ten < 6; ten++) {
      const receivedUs = clock.nowUs();
      const value = (minute % 60 >= 30 && minute % 60 < 40 ? 90 : 60) + ten;
      journal.append({
        ...{ device: "cnc" as DeviceId, receivedUs, late: false, count: 1 },
        ...{ tag: Int32Array.of(index), measuredUs: Float64Array.of(receivedUs) },
        ...{ value: Float64Array.of(value), status: Uint32Array.of(0) },
      });
      await clock.advance(10_000);
    }
  }
  const label = { failureMode: "bearing", author: "olga", sureness: 1, source: "work" } as const;
  await journal.events.keep(
    [30, 60].map((minute) => ({
      ...{ kind: "label", atUs: clock.nowUs(), asset: "CNC 1", subject: `label-${minute}` },
      body: {
        ...{ fromUs: beganUs + minute * minuteUs, toUs: beganUs + (minute + 5) * minuteUs },
        ...{ ...label, label: "fault" },
      },
    })),
  );
  await journal.close();
  return {
    folder,
    beganUs,
    async run(...args) {
      let said = "";
      const code = await backtestCommand.run(
        ["--settings", file, "--to", join(folder, "out"), "--days", "0.1", ...args],
        {
          ...{ clock, random, log: silentLog, until: new AbortController().signal },
          out: {
            write(text) {
              said += text;
            },
          },
        },
      );
      return { code, said };
    },
  };
}

const plant = makePlant();

test("a rule is tried on what the gateway has kept: its fires, what it missed, a report and a chart", async () => {
  const { run, folder, beganUs } = await plant;
  const { code, said } = await run("--rule", "R-7");
  assert.equal(code, 0);
  assert.match(
    said,
    /rule R-7, version 1: Tell when the bearing runs hot \(temp > 80\.0 for 1 min\)/,
  );
  assert.match(said, /720 samples/);
  assert.match(said, /fired 2 times/);
  assert.match(said, /1 of 2 labelled faults found, half of them within 60 s/);
  assert.match(said, /missed: bearing, .* labelled by olga/);
  assert.match(said, /the same as the running gateway would have decided, to the byte/);
  const report = JSON.parse(readFileSync(join(folder, "out", "R-7.json"), "utf8")) as {
    fired: { fromUs: number; toUs: number }[];
  };
  assert.deepEqual(
    report.fired.map(({ fromUs, toUs }) => [
      (fromUs - beganUs) / minuteUs,
      (toUs - beganUs) / minuteUs,
    ]),
    [
      [31, 40],
      [91, 100],
    ],
  );
  const chart = readFileSync(join(folder, "out", "R-7.svg"), "utf8");
  assert.match(chart, /^<svg [^]*cnc\/temp Cel[^]*<path d="M[^]*<\/svg>\n$/);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes("backtest")),
    [],
    "the copy is gone",
  );
});

test("an alarm and a limit are tried the same way, and a dead-band says what it would save", async () => {
  const { run } = await plant;
  const alarm = await run("--alarm", "hot/H");
  assert.match(alarm.said, /alarm hot\/H: Bearing hot/);
  assert.match(alarm.said, /fired 2 times/);
  const limit = await run("--limit", "cnc/temp=<70");
  assert.match(limit.said, /cnc\/temp < 70/);
  assert.match(limit.said, /fired 3 times/);
  const deadBand = await run("--dead-band", "cnc/temp=50");
  // 121 heartbeats at most: the values never leave the band.
  assert.match(deadBand.said, /dead-band 50 of cnc\/temp: 1\d\d of 720 samples would be told/);
  assert.match(deadBand.said, /none of the others further than 5 /);
});

test("a question that cannot be answered is answered with what there is", async () => {
  const { run } = await plant;
  assert.equal((await run("--rule", "R-8")).code, 2);
  assert.equal((await run("--alarm", "cold")).code, 2);
  assert.equal((await run("--limit", "cnc/temp")).code, 2);
  assert.equal((await run("--rule", "R-7", "--alarm", "hot/H")).code, 2);
});
