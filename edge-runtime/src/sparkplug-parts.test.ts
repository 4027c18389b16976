/** A whole gateway that publishes what it measures of itself, and is started again. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import { decodePayload, type SparkplugPayload } from "@millwright/sparkplug-b";

import { startTestBroker } from "./acquire/mqtt/test-broker.ts";
import type { PublishState } from "./hand-over.ts";
import { runRuntime } from "./runtime.ts";
import { loadSettings } from "./settings/load-settings.ts";

interface Answer {
  readonly sparkplug?: PublishState;
}

test("a gateway is a Sparkplug node where its settings say so, says how it is, and goes on after a restart", async (t) => {
  const broker = await startTestBroker();
  t.after(() => broker.stop());
  const births: SparkplugPayload[] = [];
  const devices: SparkplugPayload[] = [];
  broker.onPublish((topic, bytes) => {
    if (topic === "spBv1.0/Brno/NBIRTH/gw-1") births.push(decodePayload(bytes));
    if (topic === "spBv1.0/Brno/DBIRTH/gw-1/gateway") devices.push(decodePayload(bytes));
  });
  const folder = mkdtempSync(join(tmpdir(), "millwright-publish-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, "gateway.yaml");
  writeFileSync(
    file,
    `gateway: { id: gw-1, name: Gateway 1 }
journal: { folder: journal, mebibytesMax: 64, commitEveryMs: 20 }
hmi: { port: 0 }
publish: { sparkplug: { url: "${broker.url}", group: Brno, tags: ["gateway/*"] } }
`,
  );
  let starts = 0;
  /** Runs the gateway until its node is as it is to be. */
  const run = async (isDone: (answer: Answer) => boolean): Promise<Answer> => {
    const end = new AbortController();
    const ready = Promise.withResolvers<string>();
    const running = runRuntime(
      {
        ...{ settings: loadSettings(file), software: "test", clock: systemClock, log: silentLog },
        random: seededRandom(`start ${++starts}`),
        ready: ({ hmi }) => {
          ready.resolve(hmi);
        },
      },
      end.signal,
    );
    try {
      const url = await Promise.race([ready.promise, running.then(() => "")]);
      for (;;) {
        const answer = (await (await fetch(`${url}/api/publish`)).json()) as Answer;
        if (isDone(answer)) return answer;
        await sleep(50);
      }
    } finally {
      end.abort();
      await running;
    }
  };
  const isLive =
    (least: number) =>
    ({ sparkplug }: Answer) =>
      sparkplug?.state === "live" && sparkplug.waiting === 0 && sparkplug.delivered >= least;
  const first = await run(isLive(1));
  assert.equal(first.sparkplug?.node, "Brno/gw-1");
  assert.equal(first.sparkplug.lost, 0);
  const names = devices[0]?.metrics.map(({ name }) => name) ?? [];
  assert.equal(names.length, first.sparkplug.tags);
  assert.ok(names.includes("memory.used"), names.join(" "));

  const second = await run(isLive(first.sparkplug.delivered + 1));
  assert.equal(second.sparkplug?.lost, 0);
  assert.deepEqual(
    births.map(({ metrics }) => metrics[0]?.value?.value),
    [0n, 1n],
  );
});
