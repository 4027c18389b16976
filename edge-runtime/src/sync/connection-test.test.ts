import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";

import { freePort, messageChain, systemClock } from "@millwright/kit";
import { roadLanes, streamNames, subjects, type GatewayId } from "@millwright/wire-contract";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";

import { ensureHttpsCertificate } from "../access/https-certificate.ts";
import type { ConnectionFindings } from "../hand-over.ts";
import { createConnectionTest } from "./connection-test.ts";
import { createNatsRoad } from "./nats-road.ts";
import { startBroker, until, type TestBroker } from "./test-broker.ts";

const gateway = "press-hall" as GatewayId;
const never = new AbortController().signal;
const password = "not-to-be-told-9f3c";
/** As a hub sets up its own broker: a gateway may say and hear so much, and manages no streams. */
const asAtAHub = `authorization { users: [
  { user: "hub", password: "of-the-hub" }
  { user: "gateway", password: "${password}", permissions: {
    publish: ["mw1.frame.>", "mw1.hello.*", "mw1.beat.*", "mw1.report.*"]
    subscribe: ["mw1.mark.*", "mw1.orders.*", "_INBOX.>"]
  } }
] }`;

async function go(
  server: string,
  credentialsFile?: string,
  caFile?: string,
): Promise<ConnectionFindings> {
  const found = await createConnectionTest({
    ...{ server, gateway, clock: systemClock },
    ...(credentialsFile === undefined ? {} : { credentialsFile }),
    ...(caFile === undefined ? {} : { caFile }),
  }).run(never);
  if ("kind" in found) throw new Error(found.reason);
  assert.ok(!JSON.stringify(found).includes(password), "a secret is shown");
  return found;
}

function outcomes({ steps }: ConnectionFindings): readonly string[] {
  return steps.map(({ step, outcome }) => `${step} ${outcome}`);
}

/** What is said of the step at which the way ends. */
function end({ steps }: ConnectionFindings): string {
  const last = steps.at(-1);
  return last?.outcome === "failed" ? `${last.step}: ${last.found}` : "it does not end";
}

function fileIn(broker: TestBroker, name: string, text: string): string {
  const file = join(broker.folder, name);
  writeFileSync(file, text);
  return file;
}

/** The broker takes a moment to notice that one has left. */
async function clientsAre(broker: TestBroker, count: number): Promise<void> {
  await until(async () => ((await broker.clients()) === count ? count : undefined));
}

async function asHub(context: TestContext, broker: TestBroker): Promise<NatsConnection> {
  const connection = await connect({ servers: broker.url, user: "hub", pass: "of-the-hub" });
  context.after(() => connection.close());
  return connection;
}

async function addStreams(hub: NatsConnection, lanes: readonly string[]): Promise<void> {
  const manager = await jetstreamManager(hub);
  for (const lane of roadLanes.filter((one) => lanes.includes(one))) {
    await manager.streams.add({ name: streamNames[lane], subjects: [subjects.frames(lane)] });
  }
}

async function answerProbes(hub: NatsConnection, stores: boolean): Promise<void> {
  hub.subscribe(subjects.hellos, {
    callback: (_failure, message) => {
      const said = message.json<{ probe?: boolean }>();
      if (said.probe === true) message.respond(JSON.stringify({ version: 1, stores }));
    },
  });
  await hub.flush();
}

test("with what a gateway may do at the broker of a hub the whole way is gone, and nothing is left behind", async (context) => {
  const broker = await startBroker(context, asAtAHub);
  const hub = await asHub(context, broker);
  await addStreams(hub, roadLanes);
  await answerProbes(hub, true);
  const file = fileIn(broker, "credentials", `gateway\n${password}\n`);
  const road = await createNatsRoad({
    ...{ servers: [broker.url], gateway, credentialsFile: file },
  }).connect({ acked: () => undefined, mark: () => undefined, orders: () => undefined }, never);
  let ended = false;
  void road.closed.then(() => (ended = true));
  context.after(() => road.close());

  const found = await go(broker.url.replace("127.0.0.1", "localhost"), file);
  assert.deepEqual(outcomes(found), [
    "name passed",
    "tcp passed",
    "broker passed",
    "tls unused",
    "sign-in passed",
    "streams passed",
    "hub passed",
  ]);
  assert.equal(found.hint, undefined);
  assert.match(found.steps[0]?.found ?? "", /^localhost is .*127\.0\.0\.1/);
  assert.match(found.steps[2]?.found ?? "", /^nats-server \d+\.\d+/);
  const manager = await jetstreamManager(hub);
  for (const lane of roadLanes) {
    const { state } = await manager.streams.info(streamNames[lane]);
    assert.equal(state.messages, 0, `${lane} was given a frame`);
  }
  await clientsAre(broker, 2);
  assert.ok(!ended, "the road was cut");
});

test("the way ends at a name that nobody knows, at a port where nothing listens, and at something that is no broker", async (context) => {
  const unknown = await go("nats://hub.invalid:4222");
  assert.match(end(unknown), /^name: /);
  assert.match(unknown.hint ?? "", /hub\.url/);
  const port = await freePort();
  const closed = await go(`nats://127.0.0.1:${port}`);
  assert.equal(end(closed), `tcp: 127.0.0.1 answers, and nothing listens at port ${port}`);
  assert.match(closed.hint ?? "", /hub and its broker run/);
  for (const words of ["220 mail.plant.example\r\n", ""]) {
    const other = createServer((socket) => socket.end(words));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    context.after(() => other.close());
    const found = await go(`nats://127.0.0.1:${(other.address() as AddressInfo).port}`);
    assert.match(end(found), /^broker: (what listens there does not speak|it closes)/);
    assert.match(found.hint ?? "", /not the hub's broker/);
  }
});

test("the way ends at the password: wrong, not there, not named", async (context) => {
  const broker = await startBroker(context, asAtAHub);
  const wrong = fileIn(broker, "wrong", `gateway\n${password}x\n`);
  const refused = await go(broker.url, wrong);
  assert.equal(end(refused), "sign-in: the broker does not accept user and password");
  assert.ok(refused.hint?.includes(wrong));
  const missing = await go(broker.url, join(broker.folder, "none"));
  assert.match(end(missing), /^sign-in: .*none/);
  assert.match(missing.hint ?? "", /hub\.credentialsFile/);
  const unnamed = await go(broker.url);
  assert.match(end(unnamed), /settings give none/);
  await clientsAre(broker, 0);
});

test("the way ends at streams that are missing, at a hub that is, and at its database", async (context) => {
  const broker = await startBroker(context, asAtAHub);
  const file = fileIn(broker, "credentials", `gateway\n${password}\n`);
  const hub = await asHub(context, broker);
  await addStreams(hub, ["live", "history"]);
  const found = await go(broker.url, file);
  assert.equal(
    end(found),
    "streams: MW_CRITICAL of critical is missing; MW_CAPTURE of capture is missing",
  );
  await addStreams(hub, ["critical", "capture"]);
  assert.equal(end(await go(broker.url, file)), "hub: no hub listens at the broker");
  await answerProbes(hub, false);
  assert.match(end(await go(broker.url, file)), /^hub: .* its database does not$/);
});

/** A broker that encrypts with a certificate that it has signed itself. */
async function startEncrypting(
  context: TestContext,
  name: string,
): Promise<TestBroker & { readonly certificate: string }> {
  const { folder } = await startBroker(context);
  const [httpsKey, httpsCertificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  await ensureHttpsCertificate({ httpsKey, httpsCertificate }, [name], systemClock.nowUs());
  const text = JSON.stringify;
  const tls = `tls { cert_file: ${text(httpsCertificate)}, key_file: ${text(httpsKey)} }`;
  return {
    ...(await startBroker(context, tls)),
    certificate: readFileSync(httpsCertificate, "utf8"),
  };
}

test("a certificate is shown, whose it is and until when, also where it is not trusted", async (context) => {
  const broker = await startEncrypting(context, "localhost");
  const other = await startEncrypting(context, "hub.plant.example");
  const untilDay = new X509Certificate(broker.certificate).validToDate.toISOString().slice(0, 10);
  const words = `certificate of localhost, signed by localhost, valid until ${untilDay}`;
  const server = `tls://localhost:${broker.port}`;
  const untrusted = await go(server);
  assert.ok(end(untrusted).startsWith(`tls: ${words}: not trusted (`), end(untrusted));
  assert.match(untrusted.hint ?? "", /as hub\.caFile in the settings/);

  const before = getCACertificates("default");
  setDefaultCACertificates([...before, broker.certificate, other.certificate]);
  context.after(() => {
    setDefaultCACertificates(before);
  });
  // Asked for or not: the broker demands it.
  for (const url of [server, server.replace("tls:", "nats:")]) {
    const trusted = await go(url);
    assert.equal(trusted.steps[3]?.found, words);
    assert.match(end(trusted), /^streams: /);
  }
  const otherName = await go(`tls://localhost:${other.port}`);
  assert.match(end(otherName), /^tls: certificate of hub.plant.example.*ALTNAME_INVALID/);
  assert.match(otherName.hint ?? "", /Write a name in hub\.url/);
});

/** Whether a frame's road comes to be. */
async function opens(server: string, caFile: string): Promise<string> {
  const events = { acked: () => undefined, mark: () => undefined, orders: () => undefined };
  try {
    const road = createNatsRoad({ servers: [server], gateway, caFile });
    await (await road.connect(events, never)).close();
    return "open";
  } catch (failure) {
    return messageChain(failure);
  }
}

test("with hub.caFile who is in it is trusted and nobody else, and a file that cannot be used is named", async (context) => {
  const broker = await startEncrypting(context, "localhost");
  const other = await startEncrypting(context, "localhost");
  const server = `tls://localhost:${broker.port}`;
  const own = fileIn(broker, "ca.pem", broker.certificate);
  assert.equal(await opens(server, own), "open");
  assert.match(end(await go(server, undefined, own)), /^streams: /);

  const wrong = fileIn(broker, "other.pem", other.certificate);
  assert.match(await opens(server, wrong), /self-signed certificate|unable to verify/);
  const untrusted = await go(server, undefined, wrong);
  assert.match(end(untrusted), /^tls: certificate of localhost.*not trusted/);
  assert.match(untrusted.hint ?? "", /None of the authorities in hub\.caFile has signed/);

  const empty = fileIn(broker, "empty.pem", "no certificate");
  for (const [file, why] of [
    [empty, /CA file \S+empty\.pem holds no certificate/],
    [join(broker.folder, "gone.pem"), /CA file \S+gone\.pem cannot be read: ENOENT/],
  ] as const) {
    assert.match(await opens(server, file), why);
    const found = await go(server, undefined, file);
    assert.match(end(found), why);
    assert.match(found.hint ?? "", /as PEM|Check that the file is there/);
  }
});

test("with an address in hub.url the certificate has to name the address, and not this machine", async (context) => {
  const byAddress = await startEncrypting(context, "127.0.0.1");
  const byName = await startEncrypting(context, "localhost");
  const [own, others] = [byAddress, byName].map((broker) =>
    fileIn(broker, "ca.pem", broker.certificate),
  );
  const [server, otherServer] = [byAddress, byName].map(({ port }) => `tls://127.0.0.1:${port}`);
  assert.ok(own !== undefined && others !== undefined && server !== undefined);
  assert.equal(await opens(server, own), "open");
  assert.match(end(await go(server, undefined, own)), /^streams: /);
  assert.match(
    await opens(otherServer ?? "", others),
    /IP: 127\.0\.0\.1 is not in the cert's list/,
  );
  const found = await go(otherServer ?? "", undefined, others);
  assert.match(end(found), /^tls: certificate of localhost.*ALTNAME_INVALID/);
  assert.match(found.hint ?? "", /have 127\.0\.0\.1 added to it/);
});

test("encryption that does not come to an end is given up without harm", async (context) => {
  const silent = createServer((socket) => {
    socket.write('INFO {"version":"2.9.10","tls_required":true}\r\n');
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  context.after(() => silent.close());
  const given = new AbortController();
  const tester = createConnectionTest({
    ...{ server: `nats://127.0.0.1:${(silent.address() as AddressInfo).port}`, gateway },
    clock: systemClock,
  });
  silent.on("connection", (socket) => {
    // The greeting of TLS has come: nothing is answered to it.
    socket.once("data", () => {
      given.abort(new Error("the page is gone"));
    });
  });
  const found = await tester.run(given.signal);
  assert.ok(!("kind" in found));
  assert.equal(end(found), "tls: the page is gone");
});

test("an address that asks for encryption leads nowhere at a broker without it, for the road as well", async (context) => {
  const broker = await startBroker(context);
  const server = `tls://localhost:${broker.port}`;
  assert.equal(end(await go(server)), "tls: the broker does not encrypt");
  const road = createNatsRoad({ servers: [server], gateway });
  const events = { acked: () => undefined, mark: () => undefined, orders: () => undefined };
  await assert.rejects(road.connect(events, never), { name: "HubUnreachable" });
});

test("one test goes at a time", async (context) => {
  const broker = await startBroker(context);
  const tester = createConnectionTest({ server: broker.url, gateway, clock: systemClock });
  const [first, second] = await Promise.all([tester.run(never), tester.run(never)]);
  assert.ok(!("kind" in first));
  assert.ok("kind" in second && /under way/.test(second.reason));
  assert.ok(!("kind" in (await tester.run(never))), "and the next one afterwards");
});
