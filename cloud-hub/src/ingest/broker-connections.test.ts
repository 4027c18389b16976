/** What a real broker says of connections that ended in each way, and what is concluded from it. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";

import { systemClock } from "@millwright/kit";
import { connect } from "@nats-io/transport-node";

import { makeDataFolder, removeDataFolder, testBroker, until } from "../children/test-children.ts";
import type { BrokerConnection } from "../hand-over.ts";
import { judgeSilence } from "../silence/judge-silence.ts";
import { NatsConnections } from "./broker-connections.ts";

const system = { user: "system", password: "system-secret" };
const gateway = { user: "gateway", password: "gateway-secret" };
const never = new AbortController().signal;

let folder: string;
let broker: ChildProcess;
let port: string;
let asked: NatsConnections;

/** As the hub's own, but that it gives up who says nothing for two seconds, and who says no name for one. */
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "broker-"));
  const file = join(folder, "nats-server.conf");
  writeFileSync(
    file,
    `listen: "127.0.0.1:-1"\nports_file_dir: ${JSON.stringify(folder)}\nping_interval: "1s"\nping_max: 1
accounts { $SYS { users: [{ user: ${system.user}, password: ${system.password} }] } }
authorization { timeout: 1, users: [{ user: ${gateway.user}, password: ${gateway.password} }] }\n`,
  );
  broker = spawn("nats-server", ["-c", file], { stdio: "ignore" });
  await until("the broker listens", () => portIn(folder) !== undefined);
  port = portIn(folder) ?? "";
  asked = new NatsConnections({ url: urlOf(), credentials: system, clock: systemClock });
});
after(async () => {
  await asked[Symbol.asyncDispose]();
  const ended = once(broker, "exit");
  broker.kill("SIGKILL");
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

function portIn(place: string): string | undefined {
  const name = readdirSync(place).find((one) => one.endsWith(".ports"));
  const text = name === undefined ? "" : readFileSync(join(place, name), "utf8");
  return /:(\d+)"/.exec(text)?.[1];
}

const urlOf = (): string => `nats://127.0.0.1:${port}`;

/** A gateway as a process of its own, which says something ten times a second, as one that is heard does. */
async function startGateway(context: TestContext, name: string): Promise<ChildProcess> {
  const options = { servers: urlOf(), name, user: gateway.user, pass: gateway.password };
  const child = spawn(
    process.execPath,
    [
      "--input-type=module",
      "--eval",
      `import { connect } from "@nats-io/transport-node";
       const connection = await connect(${JSON.stringify(options)});
       connection.subscribe("mark");
       setInterval(() => connection.publish("beat"), 100);
       process.on("SIGTERM", () => connection.drain().then(() => process.exit()));
       process.stdout.write("connected");`,
    ],
    { stdio: ["ignore", "pipe", "inherit"], cwd: import.meta.dirname },
  );
  context.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

async function endOf(name: string): Promise<BrokerConnection> {
  let found: BrokerConnection | undefined;
  await until(`the broker tells the end of ${name}`, async () => {
    const { connections } = await asked.ended();
    found = connections.find((one) => one.name === name);
    return found !== undefined;
  });
  assert.ok(found !== undefined);
  return found;
}

/** @param lastBeatUs when it was heard last */
function likelyOf(connection: BrokerConnection, lastBeatUs: number): readonly string[] {
  return judgeSilence({
    nowUs: lastBeatUs + 40e6,
    gateway: {
      ...{ gateway: connection.name, site: "", presence: "silent" },
      ...{ sinceUs: lastBeatUs, lastBeatUs },
    },
    ...{ others: [], listeningUs: 0, cutOffUs: undefined, notAsked: undefined },
    connections: [{ ...connection, by: "name" }],
  }).likely;
}

test("of a program that is killed its machine closes the connection: the program", async (t) => {
  const child = await startGateway(t, "gw-killed");
  const killedUs = systemClock.nowUs();
  child.kill("SIGKILL");
  const end = await endOf("gw-killed");
  assert.ok(Math.abs((end.endedUs ?? 0) - killedUs) < 30e6, "by the clock of who asks");
  assert.equal(end.address, "127.0.0.1");
  assert.equal(likelyOf(end, killedUs)[0], "program", end.reason);
});

test("a machine that stands still says no good-bye, and the broker gives its connection up: network or power", async (t) => {
  const child = await startGateway(t, "gw-still");
  child.kill("SIGSTOP");
  const stoppedUs = systemClock.nowUs();
  const held = (await asked.open()).find(({ name }) => name === "gw-still");
  assert.ok(held !== undefined && held.endedUs === undefined);
  assert.deepEqual(likelyOf(held, stoppedUs), ["network", "power"]);
  const end = await endOf("gw-still");
  assert.equal(end.reason, "Stale Connection");
  assert.deepEqual(likelyOf(end, stoppedUs), ["network", "power"]);
});

test("who comes with another password is told by the name that it said", async () => {
  const beatUs = systemClock.nowUs() - 60e6;
  const wrong = { servers: urlOf(), name: "gw-refused", user: gateway.user, pass: "old" };
  await assert.rejects(connect({ ...wrong, reconnect: false }), /Authorization/);
  const end = await endOf("gw-refused");
  assert.equal(end.reason, "Authentication Failure");
  assert.deepEqual(likelyOf(end, beatUs), ["credentials"]);
});

test("one that leaves as it should has closed its connection", async (t) => {
  const child = await startGateway(t, "gw-left");
  child.kill("SIGTERM");
  assert.equal((await endOf("gw-left")).reason, "Client Closed");
});

test("one that comes and says nothing, as where nothing of the broker arrives, has no name", async (t) => {
  const socket = createConnection({ host: "127.0.0.1", port: Number(port) });
  t.after(() => socket.destroy());
  await once(socket, "data");
  const end = await endOf("");
  assert.equal(end.reason, "Authentication Timeout");
});

test("ends that were kept are not told again, and new ones are, page by page", async () => {
  const options = { url: urlOf(), credentials: system, clock: systemClock };
  const one = new NatsConnections(options);
  try {
    (await one.ended()).kept();
    // More than one page of them.
    const names = Array.from({ length: 600 }, (_, index) => `gw-page-${index}`);
    const { user, password: pass } = gateway;
    for (let at = 0; at < names.length; at += 50) {
      const some = await Promise.all(
        names.slice(at, at + 50).map((name) => connect({ servers: urlOf(), name, user, pass })),
      );
      await Promise.all(some.map((connection) => connection.close()));
    }
    const told = new Set<string>();
    await until("all are told", async () => {
      const { connections } = await one.ended();
      for (const { name } of connections) told.add(name);
      return told.size >= names.length;
    });
    const ended = await one.ended();
    ended.kept();
    assert.deepEqual(
      names.filter((name) => !told.has(name)),
      [],
    );
    assert.ok(!told.has("gw-killed"), "what was kept before is not told again");
    assert.ok((await one.ended()).connections.length < 600);
  } finally {
    await one[Symbol.asyncDispose]();
  }
});

test("a user that is not of the system account, a wrong password and no user at all are told apart", async () => {
  const why = async (credentials: typeof system | undefined): Promise<string> => {
    const one = new NatsConnections({ url: urlOf(), credentials, clock: systemClock });
    try {
      await one.ended();
      return "answered";
    } catch (failure) {
      return failure instanceof Error ? failure.message : String(failure);
    } finally {
      await one[Symbol.asyncDispose]();
    }
  };
  assert.match(await why(gateway), /^the user of .* is not of its system account/);
  assert.match(await why({ ...system, password: "old" }), /^it refuses the user/);
  assert.match(await why(undefined), /^the hub's settings name no user of its system account/);
});

test("the hub's own broker answers", async (t) => {
  const place = makeDataFolder();
  const own = testBroker(place);
  await own.child.start();
  const one = new NatsConnections({
    ...{ url: own.url(), credentials: own.systemCredentials, clock: systemClock },
  });
  t.after(async () => {
    await one[Symbol.asyncDispose]();
    await own.child.stop(never);
    removeDataFolder(place);
  });
  const { user, password: pass } = own.credentials;
  const client = await connect({ servers: own.url(), name: "gw-own", user, pass });
  assert.ok((await one.open()).some(({ name }) => name === "gw-own"));
  await client.close();
  await until("its end is told", async () => {
    const { connections } = await one.ended();
    return connections.some(({ name, reason }) => name === "gw-own" && reason === "Client Closed");
  });
});
