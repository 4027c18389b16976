import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { freePort, runServices, seededRandom, silentLog, systemClock } from "@millwright/kit";
import {
  messageId,
  subjects,
  type Beat,
  type DeviceId,
  type Hello,
  type HelloAnswer,
  type MarkMessage,
  type OrdersMessage,
  type RoadLane,
  type TagId,
} from "@millwright/wire-contract";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";

import { isRunning } from "./children/process-table.ts";
import { readCredentials } from "./children/secret-file.ts";
import { makeDataFolder, removeDataFolder, until } from "./children/test-children.ts";
import { buildHub, type Hub } from "./hub.ts";
import { testAlarm, testEvent } from "./ingest/test-events.ts";
import { damaged, TestGateway, testTag, type TestFrame } from "./ingest/test-gateway.ts";
import { programFolders } from "./settings/environment.ts";
import { parseSettings } from "./settings/load-settings.ts";
import type { Silence } from "./silence-views.ts";
import type { TimeLine } from "./time-line-views.ts";

const folder = makeDataFolder();
const stopping = new AbortController();
const secondUs = 1_000_000;
let hub: Hub | undefined;
let running: Promise<void> = Promise.resolve();
let road: NatsConnection | undefined;

before(async () => {
  const settings = parseSettings(
    "dataFolder: data\nreleaseBelow: stored\nhttp: { port: 0 }",
    join(folder, "hub.yaml"),
  );
  const built = buildHub(settings, {
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
    programFolders: programFolders(),
  });
  hub = built;
  running = runServices(built.services, stopping.signal, 10_000);
  await until("the hub is ready", () => built.status().console !== "");
  road = await connectAsGateway(built.status().broker, built.status().gatewayCredentials);
});

after(async () => {
  await road?.close();
  stopping.abort();
  await running;
  removeDataFolder(folder);
});

function connectAsGateway(url: string, credentialsFile: string): Promise<NatsConnection> {
  const credentials = readCredentials(credentialsFile);
  assert.ok(credentials !== undefined);
  return connect({ servers: url, user: credentials.user, pass: credentials.password });
}

/** What the gateway does: says hello, publishes, hears marks. */
class Wire {
  readonly gateway: TestGateway;
  readonly marks: MarkMessage[] = [];
  readonly #road: NatsConnection;

  constructor(gateway: TestGateway, connection = road) {
    assert.ok(connection !== undefined);
    this.gateway = gateway;
    this.#road = connection;
    connection.subscribe(subjects.mark(gateway.gateway), {
      callback: (_failure, message) => {
        this.marks.push(message.json<MarkMessage>());
      },
    });
  }

  async hello(change: Partial<Hello> = {}): Promise<HelloAnswer> {
    const said = JSON.stringify(this.gateway.hello(change));
    const answer = await this.#road.request(subjects.hello(this.gateway.gateway), said, {
      timeout: 60_000,
    });
    return answer.json<HelloAnswer>();
  }

  send(frame: TestFrame, bytes = frame.bytes, round = 1, as = this.gateway.gateway): void {
    const head = headers();
    const id = messageId(this.gateway.gateway, frame.epoch, frame.lane, frame.seq, round);
    head.set("Nats-Msg-Id", id);
    this.#road.publish(subjects.frame(frame.lane, as), bytes, { headers: head });
  }

  beat(change: Partial<Beat> = {}): void {
    const beat: Beat = {
      version: 1,
      gateway: this.gateway.gateway,
      nowUs: 0,
      devices: [],
      waitingFrames: 0,
      waitingSamples: 0,
      oldestWaitingMs: 0,
      unexplained: 0,
      stopping: false,
      ...change,
    };
    this.#road.publish(subjects.beat(this.gateway.gateway), JSON.stringify(beat));
  }

  storedSeq(lane: RoadLane): number {
    const marks = this.marks.flatMap((message) => message.marks);
    return marks.findLast((mark) => mark.lane === lane)?.storedSeq ?? 0;
  }

  async stored(lane: RoadLane, seq: number): Promise<void> {
    await until(`the mark of ${lane} is at ${seq}`, () => this.storedSeq(lane) >= seq);
  }
}

function views(): Hub["views"] {
  assert.ok(hub !== undefined);
  return hub.views;
}

test("frames travel from the broker into the twin and the history, and the mark comes back", async () => {
  const wire = new Wire(new TestGateway("gw-way"));
  const { gateway } = wire;
  const changed = new Set<string>();
  const takeBack = views().onChanged((name, tags) => {
    if (name === "gw-way") for (const tag of tags) changed.add(tag);
  });
  const answer = await wire.hello();
  assert.deepEqual(answer.marks, []);
  const startUs = systemClock.nowUs() - 60 * secondUs;
  wire.send(gateway.dictionaryFrame());
  for (let at = 0; at < 50; at++) {
    wire.send(
      gateway.samples([
        [0, at, startUs + at * secondUs],
        [1, 100 + at, startUs + at * secondUs],
      ]),
    );
  }
  await wire.stored("live", 50);
  await wire.stored("critical", 1);
  assert.ok(wire.marks.every((mark) => mark.incarnation === answer.incarnation));

  await until(
    "the twin shows the newest value",
    () => views().values("gw-way", ["pump/t0"])[0]?.v === 49,
  );
  takeBack();
  assert.deepEqual([...changed].toSorted(), ["pump/t0", "pump/t1"]);
  const page = views().page("gw-way");
  assert.equal(page?.name, "Press shop");
  assert.deepEqual(page.overview, ["pump/t0", "pump/t1"]);
  assert.ok(!("commitEveryMs" in page), "nobody has said how often this gateway commits");
  // The same gateway after an update of its software.
  await wire.hello({ commitEveryMs: 250, overview: ["pump/t1"] });
  await until("the page says so", () => views().page("gw-way")?.commitEveryMs === 250);
  assert.deepEqual(views().page("gw-way")?.overview, ["pump/t1"]);

  const end = startUs + 60 * secondUs;
  const [line] = await views().history("gw-way", ["pump/t1"], startUs, end, 600);
  assert.ok(line !== undefined);
  assert.equal(line.times.length, 50);
  assert.deepEqual([line.values[0], line.values[49]], [100, 149]);
  await until("the row counts what is stored", () => rowOf("gw-way")?.storedSamples === 100);
  assert.equal(rowOf("gw-way")?.unexplained, 0);
  assert.equal(views().metrics().unexplained, 0);
  const metrics = await (await fetch(`${hub?.status().console ?? ""}/metrics`)).text();
  assert.match(metrics, /^unexplained_samples 0$/m);
  assert.match(metrics, /^gateways\{presence="reporting"\} \d+$/m);
});

test("a frame that is damaged on the way is not stored, and passes when it is sent again", async () => {
  const wire = new Wire(new TestGateway("gw-damaged"));
  await wire.hello();
  const one = wire.gateway.samples([[0, 1, 1]]);
  const two = wire.gateway.samples([[0, 2, 2]]);
  wire.send(one, damaged(one));
  wire.send(two);
  await until("the quarantine shows it", async () =>
    (await views().quarantine()).some(
      (row) => row.gateway === "gw-damaged" && /CRC/.test(row.reason),
    ),
  );
  assert.equal(wire.storedSeq("live"), 0);
  wire.send(one, one.bytes, 2);
  await wire.stored("live", 2);
});

test("whole bytes that cannot be decoded count as stored and wait in the quarantine", async () => {
  const wire = new Wire(new TestGateway("gw-future"));
  await wire.hello();
  const { gateway } = wire;
  wire.send(gateway.dictionaryFrame());
  await wire.stored("critical", 1);
  const body = new Uint8Array([0xff, 0xff, 0xff]);
  wire.send(gateway.seal("live", "samples", body, { sampleCount: 3 }));
  wire.send(gateway.samples([[0, 7, 7]]));
  await wire.stored("live", 2);
  await until("the quarantine shows it", async () =>
    (await views().quarantine()).some((row) => row.gateway === "gw-future"),
  );
  await until("the row counts it", () => rowOf("gw-future")?.quarantined === 1);
  assert.equal(rowOf("gw-future")?.unexplained, 0);
});

test("a frame under another gateway's subject is refused, and the named gateway gets nothing of it", async () => {
  const wire = new Wire(new TestGateway("gw-forger"));
  const victim = new TestGateway("gw-victim");
  const forgedFrame = victim.samples([[0, 666, 1]]);
  wire.send(forgedFrame);
  await until("the quarantine shows it", async () =>
    (await views().quarantine()).some(
      (row) => row.gateway === "gw-forger" && /of gw-victim was sent by gw-forger/.test(row.reason),
    ),
  );
  assert.equal(rowOf("gw-victim"), undefined);
});

test("samples that come before their dictionary are in the twin as soon as it comes", async () => {
  const wire = new Wire(new TestGateway("gw-early", [testTag(0), testTag(1), testTag(2)]));
  await wire.hello();
  const dictionary = wire.gateway.dictionaryFrame();
  wire.send(wire.gateway.samples([[2, 5, 5]]));
  await wire.stored("live", 1);
  assert.deepEqual(views().values("gw-early", []), []);
  wire.send(dictionary);
  await until("the value is there", () => views().values("gw-early", ["pump/t2"])[0]?.v === 5);
});

test("a beat makes a gateway reporting, behind or sleeping, and proves what its devices prove", async () => {
  const wire = new Wire(new TestGateway("gw-beats"));
  const states: string[] = [];
  const takeBack = views().onState((gateway) => {
    if (gateway === "gw-beats") states.push(gateway);
  });
  await wire.hello();
  const device = {
    device: "plc-1" as DeviceId,
    name: "PLC 1",
    protocol: "opcua",
    state: "live" as const,
    sinceUs: 1,
    confirmedUs: 99,
    note: "",
    badge: "",
  };
  wire.beat({ devices: [device], waitingSamples: 4 });
  await until("it reports", () => rowOf("gw-beats")?.presence === "reporting");
  assert.deepEqual(views().devices("gw-beats"), [device]);
  assert.deepEqual(views().confirmed("gw-beats"), { "plc-1": 99 });
  assert.equal(views().hubLink("gw-beats").state, "in sync");
  wire.beat({ oldestWaitingMs: 60_000 });
  await until("it is behind", () => rowOf("gw-beats")?.presence === "behind");
  wire.beat({ stopping: true });
  await until("it sleeps", () => rowOf("gw-beats")?.presence === "sleeping");
  assert.equal(views().hubLink("gw-beats").state, "off");
  takeBack();
  assert.ok(states.length >= 3);
});

test("marks are repeated every second to a gateway that lives", async () => {
  const wire = new Wire(new TestGateway("gw-repeat"));
  await wire.hello();
  wire.send(wire.gateway.samples([[0, 1, 1]]));
  await wire.stored("live", 1);
  const heard = wire.marks.length;
  await until("the mark is heard again", () => wire.marks.length >= heard + 2);
  assert.equal(wire.marks.at(-1)?.marks[0]?.storedSeq, 1);
});

test("the ledger is shown where it concerns the tag, and breaks its line", async () => {
  const wire = new Wire(new TestGateway("gw-gaps"));
  await wire.hello();
  wire.send(wire.gateway.dictionaryFrame());
  const entry = {
    number: 1,
    reason: "device unreachable",
    fromUs: 10,
    toUs: 20,
    count: { kind: "unknown" },
  } as const;
  wire.send(
    wire.gateway.ledger([
      { ...entry, scope: { kind: "device", device: "plc-1" as DeviceId } },
      { ...entry, number: 2, scope: { kind: "tag", tag: "pump/t1" as TagId } },
    ]),
  );
  wire.send(wire.gateway.samples([[0, 1, 5]]));
  wire.send(wire.gateway.samples([[0, 2, 25]]));
  await wire.stored("critical", 2);
  await wire.stored("live", 2);
  assert.deepEqual(
    (await views().gaps("gw-gaps", "pump/t0", 0, 100)).map((one) => one.number),
    [1],
  );
  const [line] = await views().history("gw-gaps", ["pump/t0"], 0, 100, 10);
  assert.deepEqual(
    line?.gaps.map(({ reason }) => reason),
    ["device unreachable"],
  );
  assert.deepEqual([...line.values], [1, NaN, 2]);
});

test("the ledger charges each missing sample to one entry, less what is stored", async () => {
  const wire = new Wire(new TestGateway("gw-charges"));
  await wire.hello();
  wire.send(wire.gateway.dictionaryFrame());
  const scope = { kind: "device", device: "plc-1" as DeviceId } as const;
  const secondUs = 1_000_000;
  wire.send(
    wire.gateway.ledger([
      {
        number: 1,
        reason: "device unreachable",
        scope,
        fromUs: 0,
        toUs: 10 * secondUs - 1,
        count: { kind: "scheduled", samples: 20 },
      },
      {
        number: 2,
        reason: "gateway down",
        scope,
        fromUs: 5 * secondUs,
        toUs: 15 * secondUs - 1,
        count: { kind: "unknown" },
      },
    ]),
  );
  wire.send(wire.gateway.samples([[0, 1, 2 * secondUs]]));
  await wire.stored("critical", 2);
  await wire.stored("live", 1);
  const entries = await views().orders.ledger("gw-charges", "pump/t0", 0, 20 * secondUs);
  assert.deepEqual(
    entries.map(({ reason, charged }) => [reason, charged]),
    [
      ["device unreachable", { kind: "scheduled", samples: 9 }],
      ["gateway down", { kind: "scheduled", samples: 5 }],
    ],
  );
  const lines: string[] = [];
  for await (const page of views().orders.ledgerCsv("gw-charges", 0, 20 * secondUs)) {
    lines.push(...page.trimEnd().split("\r\n"));
  }
  const second = (at: string): string => `1970-01-01T00:00:${at}Z`;
  assert.deepEqual(lines, [
    "gateway,reason,scope,of,from,to,count,samples,repaired",
    `gw-charges,device unreachable,device,plc-1,${second("00.000000")},${second("09.999999")},scheduled,20,0`,
    `gw-charges,gateway down,device,plc-1,${second("05.000000")},${second("14.999999")},unknown,,0`,
  ]);
});

test("a gateway may not manage streams, hear others' beats, or speak as the hub", async () => {
  assert.ok(hub !== undefined);
  const { broker, gatewayCredentials } = hub.status();
  const connection = await connectAsGateway(broker, gatewayCredentials);
  const refused: string[] = [];
  void (async () => {
    for await (const state of connection.status()) {
      if (state.type === "error") refused.push(state.error.message);
    }
  })();
  connection.publish("$JS.API.STREAM.DELETE.MW_LIVE", "");
  connection.publish("mw1.mark.gw-way", "{}");
  connection.subscribe("mw1.beat.*", { callback: () => undefined });
  await until("the broker has refused all three", () => refused.length >= 3);
  await connection.close();
});

function rowOf(gateway: string): ReturnType<Hub["views"]["gateways"]>[number] | undefined {
  return views()
    .gateways()
    .find((row) => row.gateway === gateway);
}

interface Program {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly code: Promise<number | null>;
}

function startProgram(settingsFile: string): Program {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "main.ts"), "--settings", settingsFile],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  const hear = (bytes: Buffer): void => {
    output += bytes.toString();
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  return {
    process: child,
    output: () => output,
    code: new Promise((resolve) => child.once("close", resolve)),
  };
}

function pidsOf(data: string): number[] {
  return ["nats/nats-server.pid", "postgres/cluster/postmaster.pid"].map((file) =>
    Number.parseInt(readFileSync(join(data, file), "utf8"), 10),
  );
}

test("a hub that is killed finds its children again, and ends them when it is told to stop", async (t) => {
  const place = makeDataFolder();
  t.after(() => {
    removeDataFolder(place);
  });
  const settingsFile = join(place, "hub.yaml");
  writeFileSync(settingsFile, "dataFolder: data\nreleaseBelow: stored\nhttp: { port: 0 }\n");
  const first = startProgram(settingsFile);
  await until("the hub is ready", () => first.output().includes("hub ready"));
  const port = /nats:\/\/127\.0\.0\.1:(\d+)/.exec(first.output())?.[1] ?? "";
  const wire = new TestGateway("gw-kill");
  const connection = await connectAsGateway(
    `nats://127.0.0.1:${port}`,
    join(place, "data/gateway.credentials"),
  );
  const one = new Wire(wire, connection);
  await one.hello();
  one.send(wire.dictionaryFrame());
  one.send(wire.samples([[0, 1, 1]]));
  await one.stored("live", 1);
  // Lanes come on their own: that the samples are stored says nothing of the dictionary.
  await one.stored("critical", 1);
  const pids = pidsOf(join(place, "data"));
  first.process.kill("SIGKILL");
  await first.code;
  // Comes while there is no hub: waits in the broker.
  one.send(wire.samples([[0, 2, 2]]));

  const second = startProgram(settingsFile);
  await until("the hub is ready again", () => second.output().includes("hub ready"));
  assert.equal(second.output().match(/children\.found-again/g)?.length, 2);
  assert.deepEqual(pidsOf(join(place, "data")), pids);
  const answer = await one.hello();
  await one.stored("live", 2);
  assert.equal(answer.marks.find((mark) => mark.lane === "critical")?.storedSeq, 1);
  await connection.close();

  second.process.kill("SIGTERM");
  assert.equal(await second.code, 0);
  assert.deepEqual(pids.map(isRunning), [false, false]);
});

test("bad settings are reported together and end the hub with 2, before anything is started", async (t) => {
  const place = makeDataFolder();
  t.after(() => {
    removeDataFolder(place);
  });
  const settingsFile = join(place, "hub.yaml");
  writeFileSync(settingsFile, "dataFolder: data\nhttp: { port: high }\nwirters: 3\n");
  const program = startProgram(settingsFile);
  assert.equal(await program.code, 2);
  assert.match(program.output(), /releaseBelow: must be chosen in words/);
  assert.match(program.output(), /http\.port/);
  assert.match(program.output(), /wirters/);
});

test("a chosen port that is taken ends the hub with 2, a data folder that is none with 3", async (t) => {
  const place = makeDataFolder();
  t.after(() => {
    removeDataFolder(place);
  });
  const settingsFile = join(place, "hub.yaml");
  assert.ok(hub !== undefined);
  const taken = /:(\d+)$/.exec(hub.status().broker)?.[1] ?? "";
  writeFileSync(
    settingsFile,
    `dataFolder: data\nreleaseBelow: stored\nhttp: { port: 0 }\nbroker: { port: ${taken} }\n`,
  );
  const refused = startProgram(settingsFile);
  assert.equal(await refused.code, 2);
  assert.match(refused.output(), new RegExp(`port ${taken} for nats-server is taken by `));
  assert.equal(isRunning(pidsOfPostgres(join(place, "data"))), false);

  writeFileSync(join(place, "file"), "");
  writeFileSync(
    settingsFile,
    `dataFolder: file/data\nreleaseBelow: stored\nhttp: { port: ${await freePort()} }\n`,
  );
  const nowhere = startProgram(settingsFile);
  assert.equal(await nowhere.code, 3);
  assert.match(nowhere.output(), /cannot use the data folder/);
});

test("what somebody acknowledges here waits until an event of the alarm answers it, and goes out again and again until then", async (t) => {
  const wire = new Wire(new TestGateway("gw-seen"));
  const { gateway } = wire;
  const board = views().acknowledgements;
  const raisedUs = 1_800_000_000_000_001;
  const unknown = await board.acknowledge("gw-nobody", "hot/H", raisedUs, "ada");
  assert.deepEqual(unknown, { kind: "refused", reason: "the hub has never heard of this gateway" });
  await wire.hello();
  wire.send(gateway.dictionaryFrame());
  wire.send(gateway.events([testAlarm(1, "hot/H", "unacknowledged")]));
  await wire.stored("critical", 2);

  const asked = await board.acknowledge("gw-seen", "hot/H", raisedUs, "ada");
  assert.ok("state" in asked && asked.state === "waiting");
  assert.deepEqual(await board.acknowledge("gw-seen", "hot/H", raisedUs, "ada"), asked);
  // The gateway was away; now it listens, and has missed the first message.
  assert.ok(road !== undefined);
  const heard: OrdersMessage[] = [];
  const listening = road.subscribe(subjects.orders(gateway.gateway), {
    callback: (_failure, message) => {
      heard.push(message.json<OrdersMessage>());
    },
  });
  t.after(() => {
    listening.unsubscribe();
  });
  await until("it was repeated", () => heard.length >= 1);
  const { id, askedUs } = asked;
  const told = { id, alarm: "hot/H", raisedUs, person: "ada", atUs: Math.round(askedUs) };
  assert.deepEqual(heard.at(-1)?.acknowledgements, [told]);
  const alarms = await views().events.alarms();
  assert.equal(
    alarms.alarms.find((one) => one.gateway === "gw-seen")?.event.state,
    "unacknowledged",
    "nothing is acknowledged before the gateway says so",
  );

  const body = { transition: "acknowledged", state: "acknowledged", priority: 2, message: "hot" };
  const answer = { ...body, raisedUs, person: "ada", asked: id };
  wire.send(gateway.events([testEvent(2, "hot/H", "alarm", answer)]));
  await until("it is accepted", async () => (await board.list("gw-seen"))[0]?.state !== "waiting");
  const { atUs } = testEvent(2, "hot/H");
  assert.deepEqual(await board.list("gw-seen"), [
    { ...asked, askedUs: told.atUs, state: "accepted", answeredUs: atUs },
  ]);
});

test("a view that was saved is listed with what the hub does not know of it, and its name is not given twice", async () => {
  const wire = new Wire(new TestGateway("gw-views"));
  await wire.hello();
  wire.send(wire.gateway.dictionaryFrame());
  await wire.stored("critical", 1);
  await until("its tags are known", () => (views().page("gw-views")?.tags.length ?? 0) > 0);
  const known = views().page("gw-views")?.tags[0]?.id ?? "";
  const address = `${hub?.status().console ?? ""}/api/saved-views`;
  const tags = [
    { gateway: "gw-views", tag: known },
    { gateway: "gw-views", tag: "not-there" },
    { gateway: "gw-nobody", tag: known },
  ];
  const body = JSON.stringify({ name: "Line", person: "Ada", chart: "8h", tags });
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(address, { method: "POST", headers, body });
  assert.equal(answer.status, 201);
  const { views: listed } = await views().savedViews.list();
  const [view] = listed;
  const { gone, ...saved } = view ?? { gone: undefined };
  assert.deepEqual(await answer.json(), saved);
  assert.deepEqual(gone, [
    { ...tags[1], what: "tag" },
    { ...tags[2], what: "gateway" },
  ]);
  const again = await fetch(address, {
    method: "POST",
    headers,
    body: body.replace("Line", "LINE"),
  });
  assert.equal(again.status, 409);
  const removal = `${address}/${view?.id ?? 0}?version=1&person=Ada`;
  assert.equal((await fetch(removal, { method: "DELETE" })).status, 200);
  assert.equal((await fetch(removal, { method: "DELETE" })).status, 404);
});

test("when a gateway was heard, started and lost samples stands on its time line, and of one that is not known there is none", async () => {
  const wire = new Wire(new TestGateway("gw-line"));
  const nowUs = systemClock.nowUs();
  const [epoch] = wire.gateway.hello().epochs;
  assert.ok(epoch !== undefined);
  const epochs = [{ ...epoch, startedUs: nowUs - 60 * secondUs }];
  await wire.hello({ epochs, before: "machine" });
  const frame = wire.gateway.ledger([
    {
      number: 1,
      reason: "device unreachable",
      scope: { kind: "gateway" },
      ...{ fromUs: nowUs - 50 * secondUs, toUs: nowUs - 40 * secondUs },
      count: { kind: "scheduled", samples: 20 },
    },
  ]);
  wire.send(frame);
  await wire.stored("critical", 1);
  wire.beat();
  await until("it is heard", () => presenceOf("gw-line") === "reporting");
  const base = `${hub?.status().console ?? ""}/api/gateways`;
  const told = async (query: string) => {
    const answer = await fetch(`${base}/gw-line/time-line${query}`);
    assert.equal(answer.status, 200);
    const line = (await answer.json()) as TimeLine;
    return line.entries.map((one) => {
      if (one.kind === "start") return `start after ${one.after ?? "what is not known"}`;
      return one.kind === "hearing" ? one.state : one.kind;
    });
  };
  assert.deepEqual(await told(""), ["start after machine", "loss", "heard"]);
  // Said once more at the next connection, by one who does not know.
  await wire.hello({ epochs });
  const [fromUs, toUs] = [nowUs - 55 * secondUs, nowUs - 30 * secondUs];
  assert.deepEqual(await told(`?from=${fromUs}&to=${toUs}`), ["loss"]);
  wire.beat({ stopping: true });
  await until("it sleeps", () => presenceOf("gw-line") === "sleeping");
  assert.deepEqual(await told(""), ["start after machine", "loss", "heard", "sleeping"]);
  assert.equal((await fetch(`${base}/gw-nobody/time-line`)).status, 404);
  assert.equal((await fetch(`${base}/gw-line/time-line?from=0&to=${nowUs}`)).status, 400);
});

test("why a gateway is silent is told from what its broker saw, and of one that is heard or not known nothing is", async () => {
  const wire = new Wire(new TestGateway("gw-why"));
  await wire.hello();
  const { console: address = "", broker = "" } = hub?.status() ?? {};
  const told = async (gateway: string): Promise<Silence | number> => {
    const answer = await fetch(`${address}/api/gateways/${gateway}/silence`);
    return answer.ok ? ((await answer.json()) as Silence) : answer.status;
  };
  const likely = async (): Promise<string> => {
    const silence = await told("gw-why");
    return typeof silence === "number" ? String(silence) : silence.likely.join(" or ");
  };
  // It has said who it is, and no beat has come.
  assert.equal(await likely(), "");
  const wrong = { servers: broker, name: "gw-why", user: "gateway", pass: "old", reconnect: false };
  await assert.rejects(connect(wrong), /Authorization/);
  await until("it is known that it was refused", async () => (await likely()) === "credentials");
  wire.beat();
  await until("it is heard", () => presenceOf("gw-why") === "reporting");
  const heard = await told("gw-why");
  assert.ok(typeof heard !== "number" && heard.state === "heard");
  assert.deepEqual([heard.likely, heard.clues], [[], []]);
  wire.beat({ stopping: true });
  await until("it sleeps", () => presenceOf("gw-why") === "sleeping");
  assert.equal(await likely(), "stopped");
  assert.equal(await told("gw-nobody"), 404);
});

function presenceOf(gateway: string): string | undefined {
  return views()
    .gateways()
    .find((row) => row.gateway === gateway)?.presence;
}

/** The number of a database that has ended, 2^22 (more than any process has) when there is none. */
function pidsOfPostgres(data: string): number {
  try {
    return Number.parseInt(readFileSync(join(data, "postgres/cluster/postmaster.pid"), "utf8"), 10);
  } catch {
    return 2 ** 22;
  }
}
