import assert from "node:assert/strict";
import { globSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { silentLog, systemClock } from "@millwright/kit";
import { streamNames, subjects, type GatewayId } from "@millwright/wire-contract";
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

import { makeDataFolder, removeDataFolder, testBroker, until } from "../children/test-children.ts";
import { isAhead, NatsInbox } from "./nats-inbox.ts";

const gateway = "gw-inbox" as GatewayId;
const never = new AbortController().signal;

test("a consumer that was given numbers which its stream does not have is ahead of it", () => {
  assert.ok(isAhead({ delivered: { stream_seq: 3 } }, { last_seq: 2 }));
  assert.ok(!isAhead({ delivered: { stream_seq: 3 } }, { last_seq: 3 }));
});

test("a stream that lost its end while its consumer did not is taken from where it begins again", async (t) => {
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
    assert.equal(await takeOne(second, "after"), "after");
  } finally {
    await second.child.stop(never);
  }
});

/** Opens an inbox, hands a frame to the broker, and answers the first that arrives. */
async function takeOne(broker: ReturnType<typeof testBroker>, text: string): Promise<string> {
  const { credentials } = broker;
  const inbox = new NatsInbox({
    url: broker.url(),
    credentials,
    streamBytesMax: 2 ** 20,
    report: () => undefined,
    clock: systemClock,
    log: silentLog,
  });
  await inbox.open({ beat: () => undefined, hello: () => Promise.resolve(undefined) });
  const { user, password } = credentials;
  const connection = await connect({ servers: broker.url(), user, pass: password });
  try {
    await jetstream(connection).publish(subjects.frame("live", gateway), text);
    let taken: string | undefined;
    void inbox.take(1, never).then(([message]) => {
      message?.acknowledge();
      taken = Buffer.from(message?.bytes ?? []).toString();
    });
    await until("the frame arrives", () => taken !== undefined);
    return taken ?? "";
  } finally {
    await connection.close();
    await inbox.close();
  }
}
