/**
 * A hub that stores at once, for `bench drain`: it checks each frame and its chain, and says every few milliseconds the
 * marks that have moved. A process of its own, so that its processor time is not counted to the gateway. At its end it prints how
 * late live samples were, and with `distinct` how many samples it has, each counted once.
 *
 * `node drain-hub.ts URL GATEWAY [distinct]`
 */
import { systemClock } from "@millwright/kit";
import {
  fitsChain,
  isGatewayId,
  parseFrame,
  roadLanes,
  subjects,
  type Hello,
  type LaneMark,
  type RoadLane,
} from "@millwright/wire-contract";
import { connect } from "@nats-io/transport-node";

import { subscribeBarely } from "./bare-subscriber.ts";
import { DistinctSamples } from "./distinct-samples.ts";
import { percentile } from "./medians.ts";

const marksEveryMs = 10;
const incarnation = "bench";

const [url, gateway, counts] = process.argv.slice(2);
if (url === undefined || gateway === undefined || !isGatewayId(gateway)) {
  throw new Error("usage: drain-hub.ts URL GATEWAY");
}

interface Lane {
  mark: LaneMark;
  /** As it was said last. */
  told?: LaneMark;
  chain: bigint;
}

function take(name: RoadLane, bytes: Uint8Array): void {
  const frame = parseFrame(bytes);
  if (frame.kind !== "frame") {
    wanting++;
    return;
  }
  const { head } = frame;
  const lane = laneOf(head.epoch, name);
  if (head.seq !== lane.mark.storedSeq + 1) return;
  if (!fitsChain(frame, lane.chain)) {
    wanting++;
    return;
  }
  lane.chain = head.chain;
  const chain = head.chain.toString(16).padStart(16, "0");
  lane.mark = { ...lane.mark, storedSeq: head.seq, safeSeq: head.seq, chain };
  samples += head.sampleCount;
  if (name === "live" && head.sealedUs > startedUs)
    lateMs.push((systemClock.nowUs() - head.firstUs) / 1_000);
  // Its bytes are ours only for now.
  distinct?.take({ ...frame, body: frame.body.slice() });
}

const connection = await connect({ servers: url });
const lanes = new Map<string, Lane>();
/** Of each live frame that was sealed since: how long ago its oldest sample was measured, ms. */
const startedUs = systemClock.nowUs();
const lateMs: number[] = [];
const distinct = counts === "distinct" ? new DistinctSamples() : undefined;
let samples = 0;
let wanting = 0;

function laneOf(epoch: LaneMark["epoch"], lane: LaneMark["lane"]): Lane {
  const key = `${epoch}/${lane}`;
  let found = lanes.get(key);
  if (found === undefined) {
    const chain = "0".repeat(16);
    found = { mark: { epoch, lane, storedSeq: 0, safeSeq: 0, chain }, chain: 0n };
    lanes.set(key, found);
  }
  return found;
}

const frames = await subscribeBarely(
  url,
  roadLanes.map((name) => subjects.frame(name, gateway)),
  (laneIndex, bytes) => {
    const name = roadLanes[laneIndex];
    if (name !== undefined) take(name, bytes);
  },
);
connection.subscribe(subjects.hello(gateway), {
  callback: (failure, message) => {
    if (failure !== null) return;
    const hello = message.json<Hello>();
    for (const { epoch, lanes: held } of hello.epochs) {
      for (const { lane } of held) laneOf(epoch, lane);
    }
    message.respond(
      JSON.stringify({
        version: 1,
        session: 1,
        incarnation,
        hubNowUs: systemClock.nowUs(),
        marks: [...lanes.values()].map(({ mark }) => mark),
      }),
    );
  },
});
const timer = setInterval(() => {
  const moved = [...lanes.values()].filter(({ mark, told }) => mark !== told);
  if (moved.length === 0) return;
  const marks = moved.map((lane) => (lane.told = lane.mark));
  connection.publish(subjects.mark(gateway), JSON.stringify({ version: 1, incarnation, marks }));
}, marksEveryMs);
await connection.flush();
process.send?.({ ready: true });

process.once("SIGTERM", () => {
  clearInterval(timer);
  frames.close();
  const late = { p50: percentile(lateMs, 50), p99: percentile(lateMs, 99), frames: lateMs.length };
  process.stdout.write(
    `${JSON.stringify({ samples, wanting, late, ...(distinct === undefined ? {} : { distinct: distinct.count() }) })}\n`,
  );
  void connection.close();
});
