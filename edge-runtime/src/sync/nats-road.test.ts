import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test, type TestContext } from "node:test";

import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { streamNames, subjects, type GatewayId, type RoadLane } from "@millwright/wire-contract";

import { HubUnreachable } from "./faults.ts";
import { createNatsRoad } from "./nats-road.ts";
import type { RoadSession } from "./road.ts";

const gateway = "press-hall" as GatewayId;
const never = new AbortController().signal;

interface Server {
  readonly url: string;
  readonly client: NatsConnection;
  kill(): Promise<void>;
}

/** A real server on a free port, with its store in a folder that goes with the test. */
async function startServer(context: TestContext): Promise<Server> {
  const folder = mkdtempSync(path.join(tmpdir(), "nats-road-"));
  const child = spawn(
    "nats-server",
    ["-js", "-sd", folder, "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", folder],
    { stdio: "ignore" },
  );
  const ended = once(child, "exit");
  const url = await until(() => portsIn(folder));
  const client = await connect({ servers: url });
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  context.after(async () => {
    await client.close();
    await kill();
    rmSync(folder, { recursive: true, force: true });
  });
  return { url, client, kill };
}

function portsIn(folder: string): string | undefined {
  const name = readdirSync(folder).find((file) => file.endsWith(".ports"));
  if (name === undefined) return undefined;
  try {
    const ports = JSON.parse(readFileSync(path.join(folder, name), "utf8")) as { nats: string[] };
    return ports.nats[0];
  } catch {
    // Being written.
    return undefined;
  }
}

/** Two minutes on a machine that does nothing else. */
const turnsMax = 12_000;

async function until<T>(look: () => T | undefined): Promise<T> {
  for (let turn = 0; turn < turnsMax; turn++) {
    const found = look();
    if (found !== undefined) return found;
    await sleep(10);
  }
  throw new Error(`it did not come in ${turnsMax} turns`);
}

async function addStream(client: NatsConnection, lane: RoadLane, max = -1): Promise<void> {
  const manager = await jetstreamManager(client);
  await manager.streams.add({
    name: streamNames[lane],
    subjects: [subjects.frames(lane)],
    discard: "new",
    max_msgs: max,
  });
}

interface Heard {
  readonly session: RoadSession;
  readonly acks: { readonly lane: RoadLane; readonly round: number; readonly refusal?: string }[];
  readonly marks: string[];
  publish(lane: RoadLane, seq: number, round?: number): void;
}

async function openRoad(context: TestContext, url: string): Promise<Heard> {
  const acks: Heard["acks"] = [];
  const marks: string[] = [];
  const session = await createNatsRoad({ servers: [url], gateway }).connect(
    {
      acked: (lane, round, refusal) =>
        acks.push({ lane, round, ...(refusal === undefined ? {} : { refusal }) }),
      orders: () => undefined,
      mark: (bytes) => marks.push(new TextDecoder().decode(bytes)),
    },
    never,
  );
  context.after(() => session.close().catch(() => undefined));
  return {
    session,
    acks,
    marks,
    publish(lane, seq, round = 1) {
      const subject = subjects.frame(lane, gateway);
      session.publish(lane, round, subject, `${seq}/${round}`, new Uint8Array(20));
    },
  };
}

test("large frames arrive whole, and their memory is given back", async (context) => {
  const { url, client } = await startServer(context);
  await addStream(client, "history");
  const subject = subjects.frame("history", gateway);
  const came: Uint8Array[] = [];
  client.subscribe(subject, {
    callback: (_failure, message) => {
      came.push(Uint8Array.from(message.data));
    },
  });
  await client.flush();
  const road = await openRoad(context, url);
  const sizes = [200_000, 50, 180_000, 16_384, 200_000];
  const frames = sizes.map((size, at) => new Uint8Array(size).fill(at + 1));
  const expected = frames.map((frame) => frame.slice());
  // A view of memory that holds something else, too.
  const shared = new Uint8Array(100_000).fill(9);
  frames.push(shared.subarray(0, 50_000));
  expected.push(shared.slice(0, 50_000));
  for (const [at, frame] of frames.entries()) {
    road.session.publish("history", 1, subject, `${at}/1`, frame);
  }
  await until(() => (road.acks.length === frames.length ? true : undefined));
  await until(() => (came.length === frames.length ? true : undefined));
  assert.deepEqual(came, expected);
  const left = frames.map(({ length }) => length);
  assert.deepEqual(left, [0, 50, 0, 0, 0, 50_000], "what is small or shared stays");
});

test("each frame is acknowledged once, by lane and round", async (context) => {
  const server = await startServer(context);
  await addStream(server.client, "live");
  await addStream(server.client, "critical");
  const road = await openRoad(context, server.url);
  for (let seq = 1; seq <= 500; seq++) road.publish("live", seq);
  road.publish("critical", 1, 2);
  await until(() => (road.acks.length >= 501 ? true : undefined));
  assert.equal(road.acks.filter(({ lane, round }) => lane === "live" && round === 1).length, 500);
  assert.deepEqual(
    road.acks.filter(({ lane }) => lane === "critical"),
    [{ lane: "critical", round: 2 }],
  );
});

test("the dedupe window takes a frame once in a round and again in the next", async (context) => {
  const server = await startServer(context);
  await addStream(server.client, "live");
  const road = await openRoad(context, server.url);
  road.publish("live", 1, 1);
  road.publish("live", 1, 1);
  road.publish("live", 1, 2);
  await until(() => (road.acks.length >= 3 ? true : undefined));
  const manager = await jetstreamManager(server.client);
  assert.equal((await manager.streams.info(streamNames.live)).state.messages, 2);
});

test("a lane without a stream, and a full stream, are refusals with a reason", async (context) => {
  const server = await startServer(context);
  await addStream(server.client, "live", 1);
  const road = await openRoad(context, server.url);
  road.publish("critical", 1);
  road.publish("live", 1);
  road.publish("live", 2);
  await until(() => (road.acks.length >= 3 ? true : undefined));
  const refusals = road.acks.map(({ lane, refusal }) => [lane, refusal]);
  assert(refusals.some(([lane, why]) => lane === "critical" && /no stream/.test(why ?? "")));
  assert(refusals.some(([lane, why]) => lane === "live" && /maximum messages/.test(why ?? "")));
  assert(refusals.some(([lane, why]) => lane === "live" && why === undefined));
});

test("a stream that was lost refuses, and takes frames again once it is made anew", async (context) => {
  const server = await startServer(context);
  await addStream(server.client, "live");
  const road = await openRoad(context, server.url);
  road.publish("live", 1);
  await until(() => (road.acks.length >= 1 ? true : undefined));
  const manager = await jetstreamManager(server.client);
  await manager.streams.delete(streamNames.live);
  road.publish("live", 2);
  await until(() => (road.acks.length >= 2 ? true : undefined));
  assert.match(road.acks[1]?.refusal ?? "", /no stream/);
  await addStream(server.client, "live");
  road.publish("live", 2, 2);
  await until(() => (road.acks.length >= 3 ? true : undefined));
  assert.deepEqual(road.acks[2], { lane: "live", round: 2 });
});

test("hello is asked and answered, marks come in, and nobody listening is an error", async (context) => {
  const server = await startServer(context);
  const road = await openRoad(context, server.url);
  const ask = (): Promise<Uint8Array> =>
    road.session.request(subjects.hello(gateway), new TextEncoder().encode("{}"), 2_000);
  await assert.rejects(ask());
  server.client.subscribe(subjects.hellos, {
    callback: (_failure, message) => {
      message.respond("welcome");
      server.client.publish(subjects.mark(gateway), "a mark");
    },
  });
  await server.client.flush();
  assert.equal(new TextDecoder().decode(await ask()), "welcome");
  await until(() => road.marks[0]);
  assert.deepEqual(road.marks, ["a mark"]);
});

test("the connection ends with the server, and a server that is not there is a fault", async (context) => {
  const server = await startServer(context);
  const road = await openRoad(context, server.url);
  await server.client.close();
  await server.kill();
  assert.equal(typeof (await road.session.closed), "string");
  await assert.rejects(openRoad(context, server.url), HubUnreachable);
});
