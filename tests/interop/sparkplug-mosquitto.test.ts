/**
 * Our Sparkplug node at Eclipse Mosquitto: what Mosquitto's own client hears of it, decoded by a Python program that was
 * written from the specification's field numbers alone. Ends with one line: version, cases, result.
 */
import assert from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";

import { until } from "../../edge-runtime/src/acquire/contract-reader.ts";
import { TestGateway } from "../../edge-runtime/src/publish/sparkplug/test-gateway.ts";
import {
  asksPassword,
  encrypted,
  findProgram,
  mosquittoVersion,
  startMosquitto,
  type Mosquitto,
} from "./mosquitto.ts";

const run = promisify(execFile);

/** Protocol Buffers as bytes: a key of field number and wire type, then a varint, 4 or 8 bytes, or a length and bytes. */
const decoder = `
import json, struct, sys

def varint(data, at):
    value, shift = 0, 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at

def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 1:
            value, at = data[at:at + 8], at + 8
        elif wire == 5:
            value, at = data[at:at + 4], at + 4
        elif wire == 2:
            length, at = varint(data, at)
            value, at = data[at:at + length], at + length
        else:
            raise ValueError(f"wire type {wire}")
        yield number, value
    assert at == len(data), "cut short"

def metric(data):
    made = {}
    for number, value in fields(data):
        if number == 1: made["name"] = value.decode()
        elif number == 2: made["alias"] = value
        elif number == 3: made["timestamp"] = value
        elif number == 4: made["datatype"] = value
        elif number == 5: made["historical"] = value == 1
        elif number == 7: made["null"] = value == 1
        elif number in (10, 11): made["value"] = value
        elif number == 13: made["value"] = struct.unpack("<d", value)[0]
        elif number == 14: made["value"] = value == 1
    return made

for line in sys.stdin:
    topic, hexa = line.split()
    made = {"topic": topic, "metrics": []}
    for number, value in fields(bytes.fromhex(hexa)):
        if number == 1: made["timestamp"] = value
        elif number == 2: made["metrics"].append(metric(value))
        elif number == 3: made["seq"] = value
    print(json.dumps(made), flush=True)
`;

interface Message {
  readonly topic: string;
  readonly seq?: number;
  readonly metrics: readonly Readonly<Record<string, unknown>>[];
}

const mosquitto = await findProgram("mosquitto");
const subscriber = await findProgram("mosquitto_sub");
const publisher = await findProgram("mosquitto_pub");
// Without it the client keeps its lines to itself until there are 4 KiB of them.
const lines = await findProgram("stdbuf");
const missing = [mosquitto, subscriber, publisher, lines].includes(undefined)
  ? "mosquitto with its clients, stdbuf"
  : spawnSync("python3", ["--version"]).status === 0
    ? undefined
    : "python3";

test("a Sparkplug node is heard over Mosquitto, decoded by another program", async (t) => {
  if (missing !== undefined) {
    t.diagnostic(`sparkplug node: Mosquitto, Python: not reachable here (no ${missing})`);
    t.skip(`no ${missing} here`);
    return;
  }
  const broker = await startMosquitto(mosquitto ?? "");
  t.after(() => broker.remove());
  const heard = await listen(t, broker);
  const gateway = new TestGateway(t, `mqtt://127.0.0.1:${broker.port}`, { primaryHost: "scada" });
  await gateway.start();
  const past = await gateway.keep(40);
  await until("the node waits", () => gateway.node.state().state === "waiting-for-host");
  assert.equal(heard.length, 0, "nobody is told before the host is there");
  const state = JSON.stringify({ online: true, timestamp: 1 });
  await run(publisher ?? "", [
    ...["-p", String(broker.port), "-t", "spBv1.0/STATE/scada", "-q", "1", "-r", "-m", state],
  ]);
  await until("the node is live", () => gateway.node.state().delivered === past.length);
  const present = await gateway.keep(3);
  await until("all is told", () => gateway.node.state().delivered === past.length + 3);
  await gateway.kill();
  await until("the broker tells the will", () => heard.at(-1)?.topic.includes("/NDEATH/") === true);

  assert.deepEqual(
    heard.slice(0, 2).map(({ topic, seq }) => [topic, seq]),
    [
      ["spBv1.0/Brno/NBIRTH/gw-1", 0],
      ["spBv1.0/Brno/DBIRTH/gw-1/press-1", 1],
    ],
  );
  assert.deepEqual(
    heard[0]?.metrics.map(({ name, datatype, value }) => [name, datatype, value]),
    [
      ["bdSeq", 8, 0],
      ["Node Control/Rebirth", 11, false],
    ],
  );
  assert.deepEqual(
    heard[1]?.metrics.map(({ name, alias, datatype, null: none }) => [name, alias, datatype, none]),
    [
      ["force", 1, 10, undefined],
      ["count", 2, 8, true],
    ],
  );
  const data = heard.filter(({ topic }) => topic === "spBv1.0/Brno/DDATA/gw-1/press-1");
  assert.deepEqual(
    data.map(({ seq }) => seq),
    data.map((_message, at) => at + 2),
  );
  assert.deepEqual(
    data.flatMap(({ metrics }) => metrics),
    [
      ...past.map((ms) => ({
        name: "force",
        timestamp: ms,
        historical: true,
        value: ms % 100_000,
      })),
      ...present.map((ms) => ({ alias: 1, timestamp: ms, value: ms % 100_000 })),
    ],
  );
  const death = heard.at(-1);
  assert.equal(death?.topic, "spBv1.0/Brno/NDEATH/gw-1");
  assert.deepEqual([death.seq, death.metrics[0]?.["value"]], [undefined, 0]);
  const python = spawnSync("python3", ["--version"], { encoding: "utf8" }).stdout.trim();
  t.diagnostic(
    `sparkplug node: Mosquitto ${await mosquittoVersion(mosquitto ?? "")}, ${python}: births, history, data and death read digit by digit`,
  );
});

test("a Mosquitto that encrypts and asks for a password: what keeps the node out is said, and nothing is lost", async (t) => {
  const openssl = await findProgram("openssl");
  const passwd = await findProgram("mosquitto_passwd");
  if (mosquitto === undefined || openssl === undefined || passwd === undefined) {
    t.diagnostic(
      "sparkplug node over TLS: Mosquitto: not reachable here (no mosquitto, mosquitto_passwd, openssl)",
    );
    t.skip("no Mosquitto with its tools here");
    return;
  }
  const broker = await startMosquitto(mosquitto, async (folder) => [
    ...(await encrypted(openssl, folder)),
    ...(await asksPassword(passwd, folder, "press-hall", "right one")),
  ]);
  t.after(() => broker.remove());
  const url = `mqtts://127.0.0.1:${broker.port}`;
  const passwordFile = join(broker.folder, "password");
  const caFile = join(broker.folder, "ca.pem");
  const right = join(broker.folder, "cert.pem");
  await mkdir(join(broker.folder, "other"));
  await encrypted(openssl, join(broker.folder, "other"));
  await copyFile(join(broker.folder, "other", "cert.pem"), caFile);
  await writeFile(passwordFile, "wrong one\n");
  const gateway = new TestGateway(t, url, {
    broker: {
      ...{ url, clientId: "gw-1-sparkplug", keepAliveSeconds: 30, connectTimeoutMs: 10_000 },
      ...{ user: "press-hall", passwordFile, caFile },
    },
  });
  await gateway.start();
  await gateway.keep(300);
  const state = (): ReturnType<typeof gateway.node.state> => gateway.node.state();
  await until("the certificate is not trusted", () => /not trusted/.test(state().why));
  assert.match(state().hint, /caFile/);
  await copyFile(right, caFile);
  await until("the password is refused", () => /the broker answers/.test(state().why));
  assert.match(state().hint, /password file/);
  await gateway.keep(300);
  await writeFile(passwordFile, "right one\n");
  await until("the node is live", () => state().state === "live" && state().delivered === 600);
  assert.deepEqual([state().why, state().lost, state().waiting], ["", 0, 0]);
  t.diagnostic(
    `sparkplug node over TLS: Mosquitto ${await mosquittoVersion(mosquitto)}: untrusted certificate and wrong password said, 600 samples kept and told afterwards`,
  );
});

/** Everything that Mosquitto's client hears of nodes from now on, as Python decodes it. */
async function listen(t: TestContext, { port }: Mosquitto): Promise<readonly Message[]> {
  const topics = ["NBIRTH", "NDEATH", "DBIRTH", "DDATA", "DDEATH"].flatMap((verb) => [
    "-t",
    `spBv1.0/+/${verb}/#`,
  ]);
  // -d says when the subscription stands.
  const ears = spawn(lines ?? "", [
    ...[
      "-oL",
      subscriber ?? "",
      "-p",
      String(port),
      "-q",
      "1",
      "-d",
      "-F",
      "heard %t %x",
      ...topics,
    ],
  ]);
  const python = spawn("python3", ["-c", decoder], { stdio: ["pipe", "pipe", "inherit"] });
  // Lines that are on their way when both are ended at the end of the test.
  python.stdin.on("error", () => undefined);
  t.after(() => {
    ears.kill("SIGKILL");
    python.kill("SIGKILL");
  });
  let subscribed = 0;
  createInterface(ears.stdout).on("line", (line) => {
    if (line.startsWith("Subscribed")) subscribed++;
    if (line.startsWith("heard ")) python.stdin.write(`${line.slice("heard ".length)}\n`);
  });
  const heard: Message[] = [];
  createInterface(python.stdout).on("line", (line) => heard.push(JSON.parse(line) as Message));
  await until("the listener is there", () => subscribed > 0);
  return heard;
}
