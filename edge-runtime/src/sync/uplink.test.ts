import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";
import { type Epoch, type RoadLane, type TagId } from "@millwright/wire-contract";

import { toHex } from "./messages.ts";
import type { ReleaseRule } from "./release-rule.ts";
import { TestHub } from "./test-hub.ts";
import { TestOrders } from "./test-orders.ts";
import { about, quietBeat, TestOutbox } from "./test-outbox.ts";
import { createUplink, type LinkToHub } from "./uplink.ts";

interface Rig {
  readonly clock: PlayedClock;
  readonly hub: TestHub;
  readonly outbox: TestOutbox;
  readonly uplink: LinkToHub;
}

const unmetered = { bytesPerSMax: Infinity, historyShare: 1 };

async function newRig(
  context: TestContext,
  releaseRule?: ReleaseRule,
  link = unmetered,
): Promise<Rig> {
  const clock = new PlayedClock();
  const hub = new TestHub(clock);
  const outbox = new TestOutbox();
  outbox.nowUs = clock.nowUs();
  const uplink = createUplink({
    outbox,
    orders: new TestOrders(),
    road: hub,
    gateway: about,
    clock,
    random: seededRandom("uplink"),
    log: silentLog,
    beat: () => quietBeat(clock),
    link,
    ...(releaseRule === undefined ? {} : { releaseRule }),
  });
  await uplink.start();
  context.after(() => uplink.stop(AbortSignal.timeout(1_000)));
  return { clock, hub, outbox, uplink };
}

const seqs = (hub: TestHub, lane: RoadLane): number[] => hub.stored(lane).map((head) => head.seq);

test("frames reach the hub in order, and what it has safely is released", async (context) => {
  const { clock, hub, outbox, uplink } = await newRig(context);
  outbox.seal("critical", 2);
  outbox.seal("live", 3);
  await clock.advance(100);
  hub.store();
  await clock.advance(100);
  assert.deepEqual(seqs(hub, "live"), [1, 2, 3]);
  assert.deepEqual(seqs(hub, "critical"), [1, 2]);
  assert.deepEqual(outbox.waiting().frames, 0);
  const live = (await outbox.lanes()).find(({ lane }) => lane === "live");
  assert.equal(live?.baseSeq, 3);
  assert.equal(uplink.link.state, "in sync");
  assert(outbox.link);
});

test("with the hub away at start the uplink waits and goes on when it comes", async (context) => {
  const { clock, hub, outbox, uplink } = await newRig(context);
  hub.reachable = false;
  hub.cut();
  await clock.advance(600_000);
  outbox.seal("live", 2);
  assert.equal(uplink.link.state, "unreachable");
  hub.reachable = true;
  hub.answersHello = false;
  await clock.advance(60_000);
  assert.equal(uplink.link.state, "unreachable");
  assert.equal(outbox.link, false);
  hub.answersHello = true;
  await clock.advance(31_000);
  hub.store();
  await clock.advance(100);
  assert.deepEqual(seqs(hub, "live"), [1, 2]);
});

test("the hub is away since it was last heard, and not since that was noticed", async (context) => {
  const { clock, hub, uplink } = await newRig(context);
  await clock.advance(100);
  assert.equal(uplink.link.state, "in sync");
  await clock.advance(5_000);
  hub.publishMarks();
  const heardUs = clock.nowUs();
  hub.reachable = false;
  await clock.advance(5_000);
  assert.equal(uplink.link.state, "in sync");
  // The connection holds: its pings stay open for half a minute before it is given up.
  await clock.advance(1_000);
  assert.equal(uplink.link.state, "unreachable");
  assert.equal(uplink.link.sinceUs, heardUs);
  await clock.advance(20_000);
  hub.cut();
  await clock.advance(2_000);
  assert.equal(uplink.link.state, "unreachable");
  assert.equal(uplink.link.sinceUs, heardUs);
});

test("after a hello history waits for the critical frames that were there, at most a minute", async (context) => {
  const { clock, hub, outbox } = await newRig(context);
  await clock.advance(100);
  hub.refusals.set("critical", "maximum bytes exceeded");
  hub.cut();
  outbox.seal("critical", 1);
  outbox.seal("history", 2);
  outbox.seal("live", 1);
  await clock.advance(50_000);
  hub.store();
  await clock.advance(100);
  assert.deepEqual(seqs(hub, "live"), [1]);
  assert.deepEqual(seqs(hub, "history"), []);
  await clock.advance(15_000);
  hub.store();
  await clock.advance(100);
  assert.deepEqual(seqs(hub, "history"), [1, 2]);
});

test("a void waits until what explains it is stored, and what lies before it does not", async (context) => {
  const { clock, hub, outbox } = await newRig(context);
  await clock.advance(100);
  outbox.seal("critical", 1);
  outbox.seal("live", 2);
  outbox.sealVoid("live");
  outbox.seal("live", 1);
  await clock.advance(10_000);
  hub.store();
  assert.deepEqual(seqs(hub, "live"), [1, 2]);
  await clock.advance(100);
  hub.store();
  assert.deepEqual(seqs(hub, "live"), [1, 2, 3, 4]);
});

test("a void whose explanation the broker does not take waits a minute at most", async (context) => {
  const { clock, hub, outbox } = await newRig(context);
  await clock.advance(100);
  hub.refusals.set("critical", "maximum bytes exceeded");
  outbox.seal("critical", 1);
  outbox.sealVoid("live");
  outbox.seal("live", 1);
  outbox.seal("history", 1);
  await clock.advance(50_000);
  hub.store();
  assert.deepEqual([seqs(hub, "live"), seqs(hub, "history")], [[], [1]]);
  await clock.advance(15_000);
  hub.store();
  assert.deepEqual(seqs(hub, "live"), [1, 2]);
});

test("control: a frame that is no void does not wait for critical frames", async (context) => {
  const { clock, hub, outbox } = await newRig(context);
  await clock.advance(100);
  hub.refusals.set("critical", "maximum bytes exceeded");
  outbox.seal("critical", 1);
  outbox.seal("live", 2);
  await clock.advance(100);
  hub.store();
  assert.deepEqual(seqs(hub, "live"), [1, 2]);
});

test("a metered link carries no more than it may, and what happens now before what was", async (context) => {
  const { clock, hub, outbox } = await newRig(context, undefined, {
    bytesPerSMax: 4_000,
    historyShare: 0.5,
  });
  outbox.seal("history", 100);
  await clock.advance(10_000);
  outbox.seal("live", 2);
  await clock.advance(1_000);
  hub.store();
  await clock.advance(100);
  assert.deepEqual(seqs(hub, "live"), [1, 2]);
  const sent = seqs(hub, "history").length;
  assert(sent > 20 && sent < 90, `${sent} frames of some 300 bytes in 11 s at half of 4 kB/s`);
});

test("what somebody looks at on the hub is told to the journal", async (context) => {
  const { clock, hub, outbox } = await newRig(context);
  await clock.advance(100);
  hub.watched = ["pump-1/pressure" as TagId];
  outbox.seal("live", 1);
  await clock.advance(100);
  hub.store();
  await clock.advance(100);
  assert.deepEqual(outbox.watched, ["pump-1/pressure"]);
});

test("a gateway whose name another one has says so on its pages and with every beat, and sends on", async (context) => {
  const { clock, hub, outbox, uplink } = await newRig(context);
  await clock.advance(2_000);
  assert.equal("fenced" in uplink.link, false);
  assert.equal("fenced" in hub.lastSent, false);
  hub.fences = true;
  hub.cut();
  await clock.advance(60_000);
  outbox.seal("live", 1);
  await clock.advance(2_000);
  hub.store();
  assert.equal(uplink.link.fenced, true);
  assert("fenced" in hub.lastSent);
  assert.deepEqual(seqs(hub, "live"), [1]);
  hub.fences = false;
  hub.cut();
  await clock.advance(60_000);
  assert.equal("fenced" in uplink.link, false);
  assert.equal("fenced" in hub.lastSent, false);
});

test("a hello says how the run before had ended", async (context) => {
  const { clock, hub } = await newRig(context);
  await clock.advance(100);
  assert.deepEqual(
    hub.hellos.map(({ before }) => before),
    ["program"],
  );
});

test("a name that another one takes right after the hello leads to another hello, once", async (context) => {
  const { clock, hub } = await newRig(context);
  await clock.advance(100);
  assert.equal(hub.hellos.length, 1);
  hub.running = "f".repeat(32) as Epoch;
  hub.publishMarks();
  await clock.advance(100);
  assert.equal(hub.hellos.length, 1, "too soon");
  for (let repeat = 0; repeat < 10; repeat++) {
    await clock.advance(2_000);
    hub.publishMarks();
  }
  await clock.advance(100);
  assert.equal(hub.hellos.length, 2);
});

test("an ack of the broker releases nothing: what it lost is sent again under a new round", async (context) => {
  const { clock, hub, outbox } = await newRig(context);
  await clock.advance(10);
  outbox.seal("live", 3);
  await clock.advance(100);
  hub.loseBroker();
  hub.store();
  await clock.advance(20_000);
  assert.deepEqual(seqs(hub, "live"), []);
  assert.equal(outbox.waiting().frames, 3);
  await clock.advance(15_000);
  hub.store();
  await clock.advance(100);
  assert.deepEqual(seqs(hub, "live"), [1, 2, 3]);
});

test("control: releasing on the ack loses what the broker loses", async (context) => {
  const releaseOnAck: ReleaseRule = (evidence) => {
    if (evidence.kind === "mark") return evidence.mark;
    const { epoch, lane, seq, chain } = evidence.frame;
    return { epoch, lane, storedSeq: seq, safeSeq: seq, chain: toHex(chain) };
  };
  const { clock, hub, outbox } = await newRig(context, releaseOnAck);
  await clock.advance(10);
  outbox.seal("live", 3);
  await clock.advance(100);
  hub.loseBroker();
  await clock.advance(60_000);
  hub.store();
  assert.deepEqual(seqs(hub, "live"), []);
  assert.equal(outbox.waiting().frames, 0, "nobody has them any more");
});

test("after a cut the hello tells both sides where to go on", async (context) => {
  const { clock, hub, outbox } = await newRig(context);
  outbox.seal("live", 2);
  await clock.advance(100);
  hub.store();
  await clock.advance(100);
  hub.cut();
  outbox.seal("live", 2);
  await clock.advance(2_000);
  hub.store();
  await clock.advance(100);
  assert.deepEqual(seqs(hub, "live"), [1, 2, 3, 4]);
  assert.equal(hub.hellos.length, 2);
  const [epoch] = hub.hellos[1]?.epochs ?? [];
  assert.equal(epoch?.lanes.find(({ lane }) => lane === "live")?.baseSeq, 2);
});

test("a refused lane stops alone, and goes on when the broker takes it again", async (context) => {
  const { clock, hub, outbox } = await newRig(context);
  hub.refusals.set("live", "maximum bytes exceeded");
  await clock.advance(10);
  outbox.seal("live", 3);
  outbox.seal("critical", 1);
  await clock.advance(5_000);
  hub.store();
  await clock.advance(100);
  assert.deepEqual(seqs(hub, "critical"), [1]);
  assert.deepEqual(seqs(hub, "live"), []);
  hub.refusals.clear();
  await clock.advance(31_000);
  hub.store();
  await clock.advance(100);
  assert.deepEqual(seqs(hub, "live"), [1, 2, 3]);
});

test("marks of another incarnation are not taken before both sides have met again", async (context) => {
  const { clock, hub, outbox } = await newRig(context);
  outbox.seal("live", 3);
  await clock.advance(100);
  hub.store();
  await clock.advance(100);
  hub.restoreEmpty();
  outbox.seal("live", 1);
  await clock.advance(6_000);
  hub.publishMarks();
  await clock.advance(1_000);
  assert.equal(outbox.incarnation(), "one+");
  assert.deepEqual(
    hub.hellos.map(({ incarnation }) => incarnation),
    [undefined, "one", "one+"],
    "a hub that is another one is asked once more, also for epochs that were released",
  );
  assert.deepEqual(
    outbox.rewinds.map(({ lane, storedSeq }) => ({ lane, storedSeq })),
    [{ lane: "live", storedSeq: 0 }],
  );
});

test("no more than a window of unstored frames is on the road, and critical frames pass it", async (context) => {
  const { clock, hub, outbox } = await newRig(context);
  await clock.advance(10);
  const mebibyte = 2 ** 20;
  outbox.seal("live", 40, mebibyte / 2);
  await clock.advance(100);
  outbox.seal("critical", 1);
  await clock.advance(100);
  hub.store();
  const stored = seqs(hub, "live").length;
  assert(stored >= 15 && stored <= 17, `${stored} frames of half a MiB`);
  assert.deepEqual(seqs(hub, "critical"), [1]);
  for (let turn = 0; turn < 3; turn++) {
    await clock.advance(100);
    hub.store();
  }
  assert.equal(seqs(hub, "live").length, 40);
});

test("captures go last: while history waits for its window none is sent, and then two pieces at a time", async (context) => {
  const { clock, hub, outbox } = await newRig(context);
  outbox.seal("capture", 6, 128 * 1_024);
  // More than one window of history: it waits for the mark, and the road is idle meanwhile.
  outbox.seal("history", 12, 900_000);
  await clock.advance(100);
  hub.store();
  assert.deepEqual(seqs(hub, "capture"), []);
  assert(seqs(hub, "history").length < 12);
  await clock.advance(100);
  hub.store();
  assert.deepEqual(seqs(hub, "history").length, 12);
  assert.deepEqual(seqs(hub, "capture"), [1, 2], "what is in a socket goes before an alarm");
  outbox.seal("live", 1);
  for (let turn = 0; turn < 4; turn++) {
    await clock.advance(100);
    hub.store();
  }
  assert.deepEqual(seqs(hub, "live"), [1]);
  assert.deepEqual(seqs(hub, "capture"), [1, 2, 3, 4, 5, 6]);
});

test("the link is behind when the oldest waiting frame is older than 10 s", async (context) => {
  const { clock, hub, outbox, uplink } = await newRig(context);
  await clock.advance(10);
  outbox.nowUs = clock.nowUs();
  outbox.seal("live", 1);
  const stateAfter = async (seconds: number): Promise<string> => {
    for (let second = 0; second < seconds; second++) {
      await clock.advance(1_000);
      hub.publishMarks();
    }
    return uplink.link.state;
  };
  assert.equal(await stateAfter(9), "in sync");
  assert.equal(await stateAfter(2), "behind");
  assert.equal(uplink.link.waitingFrames, 1);
});

test("what the broker took is counted as told, and what it refused is not", async (context) => {
  const { clock, hub, outbox, uplink } = await newRig(context);
  await clock.advance(100);
  hub.refusals.set("history", "maximum bytes exceeded");
  outbox.seal("history", 2);
  outbox.seal("live", 3);
  await clock.advance(100);
  assert.equal(uplink.toldSamples, 3, "one for each frame of the lane that went");
  hub.store();
  hub.refusals.clear();
  await clock.advance(2_000);
  assert.equal(uplink.toldSamples, 5);
});

test("a beat is sent once a second while connected", async (context) => {
  const { clock, hub } = await newRig(context);
  await clock.advance(500);
  const before = hub.beats;
  await clock.advance(10_000);
  assert.equal(hub.beats - before, 10);
});

test("a long history drains with a piece read ahead: each frame once and in order, also over a cut", async (context) => {
  const { clock, hub, outbox } = await newRig(context);
  const frames = 60;
  // Five of them are a piece; the window holds eight pieces.
  outbox.seal("history", frames, 200_000);
  await clock.advance(100);
  hub.store();
  await clock.advance(100);
  const before = seqs(hub, "history").length;
  assert.ok(before > 0 && before < frames, `${before} frames before the cut`);
  hub.cut();
  for (let turn = 0; turn < 100 && seqs(hub, "history").length < frames; turn++) {
    await clock.advance(1_000);
    hub.store();
  }
  assert.deepEqual(
    seqs(hub, "history"),
    Array.from({ length: frames }, (_, at) => at + 1),
  );
});

/** What is asked of the journal while so much drains that it takes several pieces, in order. */
async function askedWhileDraining(
  context: TestContext,
  link: Parameters<typeof newRig>[2],
): Promise<string> {
  const { clock, hub, outbox } = await newRig(context, undefined, link);
  const asked: string[] = [];
  const lanes = outbox.lanes.bind(outbox);
  const framesAfter = outbox.framesAfter.bind(outbox);
  outbox.lanes = () => {
    asked.push("lanes");
    return lanes();
  };
  outbox.framesAfter = (...question) => {
    asked.push("frames");
    return framesAfter(...question);
  };
  outbox.seal("history", 20, 200_000);
  await clock.advance(1_000);
  hub.store();
  await clock.advance(1_000);
  return asked.join(" ");
}

test("where a backlog drains, the next piece is asked before the one at hand is sent; a metered link asks for each when it may go", async (context) => {
  const unbound = await askedWhileDraining(context, unmetered);
  assert.match(unbound, /lanes frames frames lanes/);
  const metered = await askedWhileDraining(context, { bytesPerSMax: 1e6, historyShare: 0.5 });
  assert.match(metered, /lanes frames lanes/);
  assert.doesNotMatch(metered, /frames frames/);
});
