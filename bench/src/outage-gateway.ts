/**
 * Our side of `bench outage-peers`, as a process that can be killed: the journal of a gateway, and its uplink.
 *
 * `node outage-gateway.ts keep FOLDER TICKS`: keeps so many seconds of all tags, says how long that took, and stays.
 * `node outage-gateway.ts drain FOLDER URL`: brings what is there to the hub, says how long that took, and ends.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { openJournal, type Journal } from "@millwright/edge-runtime/journal";
import { createNatsRoad } from "@millwright/edge-runtime/nats-road";
import { createUplink } from "@millwright/edge-runtime/parts";
import { seededRandom, silentLog, systemClock } from "@millwright/kit";

import { makeTags } from "./codec-data.ts";
import { outageGateway, outageTags, outageTicks } from "./outage-data.ts";

const [what, folder = "", argument = ""] = process.argv.slice(2);
const random = seededRandom(`${process.pid}/${process.hrtime.bigint()}`);
const dictionary = makeTags(outageTags, "float64");
const journal = await openJournal({
  ...{ folder, gateway: outageGateway, commitEveryMs: 100, keepRawHours: 72, tellEveryMs: 1_000 },
  ...{ bytesMax: 2 * 2 ** 30, clock: systemClock, random, log: silentLog },
  onBroken(failure) {
    throw failure;
  },
});
await journal.adoptTags(dictionary.tags);
if (what === "keep") {
  const ms = await keep(journal, Number(argument));
  process.send?.({ ms });
  // Until it is killed: a gateway does not end with the outage.
  setInterval(() => undefined, 60_000);
} else {
  const ms = await drain(journal, argument);
  process.send?.({ ms });
  await journal.close();
  process.exit(0);
}

async function keep(into: Journal, ticks: number): Promise<number> {
  const device = dictionary.tags[0]?.device;
  if (device === undefined) throw new Error("there is no tag");
  const fromMs = performance.now();
  const tag = Int32Array.from({ length: outageTags }, (_tag, at) => at);
  for (const { measuredUs, value } of outageTicks(ticks)) {
    const batch = {
      ...{ device, receivedUs: measuredUs, late: false, count: outageTags, tag, value },
      measuredUs: new Float64Array(outageTags).fill(measuredUs),
      status: new Uint32Array(outageTags),
    };
    while (!into.append(batch)) await sleep(1);
  }
  while (into.counters().inMemory > 0) await sleep(1);
  return performance.now() - fromMs;
}

async function drain(from: Journal, url: string): Promise<number> {
  const { outbox, orders } = from;
  const uplink = createUplink({
    ...{ outbox, orders, clock: systemClock, random, log: silentLog },
    link: { bytesPerSMax: Infinity, historyShare: 0.8 },
    road: createNatsRoad({ servers: [url], gateway: outageGateway }),
    gateway: { gateway: outageGateway, name: "Bench", site: "", hmi: "", software: "bench" },
    beat: () => ({
      ...{ version: 1, gateway: outageGateway, nowUs: systemClock.nowUs(), devices: [] },
      ...{ waitingFrames: 0, waitingSamples: 0, oldestWaitingMs: 0, unexplained: 0 },
      stopping: false,
    }),
  });
  const fromMs = performance.now();
  await uplink.start();
  // What the journal had not told when it was killed is told within a second: rest has to last.
  let restMs = Number.NaN;
  for (;;) {
    const rests = uplink.link.state === "in sync" && outbox.waiting().frames === 0;
    const nowMs = performance.now();
    if (!rests) restMs = Number.NaN;
    else if (Number.isNaN(restMs)) restMs = nowMs;
    else if (nowMs - restMs > 3_000) break;
    await sleep(5);
  }
  await uplink.stop(AbortSignal.timeout(5_000));
  return restMs - fromMs;
}
