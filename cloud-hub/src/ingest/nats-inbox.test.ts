import assert from "node:assert/strict";
import { globSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { silentLog, systemClock } from "@millwright/kit";
import { streamNames, subjects, type GatewayId } from "@millwright/wire-contract";
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

import { makeDataFolder, removeDataFolder, testBroker, until } from "../children/test-children.ts";
import { isAhead, NatsInbox } from "./nats-inbox.ts";

const gateway = "gw-inbox" as GatewayId;
const never = new AbortController().signal;

test("a consumer with numbers that its stream does not have, or with messages passed over, is ahead of it", () => {
  const given = { delivered: { stream_seq: 3 }, num_pending: 1, num_ack_pending: 1 };
  assert.ok(isAhead(given, { last_seq: 2 }));
  assert.ok(!isAhead(given, { last_seq: 3 }));
  assert.ok(isAhead(given, { last_seq: 4, subjects: { a: 2, b: 1 } }));
  assert.ok(!isAhead(given, { last_seq: 4, subjects: { a: 1, b: 1 } }));
});

for (const when of ["before", "after"] as const) {
  test(`a stream that lost its end while its consumer did not is taken from where it begins again, by frames that came ${when} the hub`, async (t) => {
    await loseTheEnd(t, when);
  });
}

test("a probe on the subject of a hello is answered as a probe, and a hello as a hello", async (t) => {
  const folder = makeDataFolder();
  const broker = testBroker(folder);
  await broker.child.start();
  const { user, password } = broker.credentials;
  const inbox = new NatsInbox({
    ...{ url: broker.url(), credentials: broker.credentials, streamBytesMax: 2 ** 20 },
    ...{ report: () => undefined, clock: systemClock, log: silentLog },
  });
  const client = await connect({ servers: broker.url(), user, pass: password });
  t.after(async () => {
    await client.close();
    await inbox.close();
    await broker.child.stop(never);
    removeDataFolder(folder);
  });
  const hellos: string[] = [];
  await inbox.open({
    beat: () => undefined,
    hello: (_gateway, bytes) => {
      hellos.push(Buffer.from(bytes).toString());
      return Promise.reject(new Error("not now"));
    },
    probe: () => Promise.resolve({ version: 1, stores: false }),
  });
  client.publish(subjects.hello(gateway), "a hello");
  const probe = JSON.stringify({ version: 1, gateway, probe: true });
  const answer = await client.request(subjects.hello(gateway), probe, { timeout: 60_000 });
  assert.deepEqual(answer.json(), { version: 1, stores: false });
  assert.deepEqual(hellos, ["a hello"]);
});

async function loseTheEnd(t: TestContext, when: "before" | "after"): Promise<void> {
  const folder = makeDataFolder();
  t.after(() => {
    removeDataFolder(folder);
  });
  const first = testBroker(folder);
  await first.child.start();
  const before = await takeOne(first, "before");
  assert.equal(before, "before");
  await first.child.stop(never);
  // What a power cut may leave: the messages were not on the disk, and where the consumer stood was.
  const stream = join(folder, "nats/jetstream/jetstream/$G/streams", streamNames.live);
  const lost = globSync("msgs/*", { cwd: stream });
  assert.ok(lost.length > 0, "there were messages to lose");
  for (const file of lost) rmSync(join(stream, file), { recursive: true });

  const second = testBroker(folder);
  await second.child.start();
  try {
    if (when === "before") await publish(second, "after");
    assert.equal(await takeOne(second, when === "before" ? undefined : "after"), "after");
  } finally {
    await second.child.stop(never);
  }
}

async function publish(broker: ReturnType<typeof testBroker>, text: string): Promise<void> {
  const { user, password } = broker.credentials;
  const connection = await connect({ servers: broker.url(), user, pass: password });
  await jetstream(connection).publish(subjects.frame("live", gateway), text);
  await connection.close();
}

/**
 * Opens an inbox and answers the first frame that arrives.
 *
 * @param text handed to the broker, if it is given
 */
async function takeOne(broker: ReturnType<typeof testBroker>, text?: string): Promise<string> {
  const { credentials } = broker;
  const inbox = new NatsInbox({
    url: broker.url(),
    credentials,
    streamBytesMax: 2 ** 20,
    report: () => undefined,
    clock: systemClock,
    log: silentLog,
  });
  await inbox.open({
    beat: () => undefined,
    hello: () => Promise.resolve(undefined),
    probe: () => Promise.resolve({ version: 1, stores: true }),
  });
  try {
    if (text !== undefined) await publish(broker, text);
    let taken: string | undefined;
    void inbox.take(1, never).then(([message]) => {
      message?.acknowledge();
      taken = Buffer.from(message?.bytes ?? []).toString();
    });
    await until("the frame arrives", () => taken !== undefined);
    return taken ?? "";
  } finally {
    await inbox.close();
  }
}
