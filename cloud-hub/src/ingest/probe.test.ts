import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { PlayedClock, race, seededRandom, silentLog } from "@millwright/kit";
import type { GatewayId, ProbeAnswer } from "@millwright/wire-contract";

import type { Inbox, InboxEvents } from "./inbox.ts";
import { Ingest } from "./ingest.ts";
import { isProbe } from "./messages.ts";
import { MemoryStore } from "./store-memory.ts";
import { TestGateway } from "./test-gateway.ts";

const bytesOf = (said: unknown): Uint8Array => Buffer.from(JSON.stringify(said));

test("a probe is told from a hello and from anything else", () => {
  const probe = { version: 1, gateway: "line-1", probe: true };
  assert.ok(isProbe(bytesOf(probe)));
  assert.ok(!isProbe(bytesOf({ ...probe, probe: false })));
  assert.ok(!isProbe(bytesOf({ ...probe, gateway: "" })));
  assert.ok(!isProbe(bytesOf(new TestGateway("line-1").hello())));
  assert.ok(!isProbe(Buffer.from("no JSON")));
});

/** Answers what it is to the question which it is, as a database that was stopped, or one that hangs. */
class TroubledStore extends MemoryStore {
  trouble: "none" | "away" | "silent" = "none";
  readonly late = Promise.withResolvers<boolean>();

  override isTheSame(): Promise<boolean> {
    if (this.trouble === "away") return Promise.reject(new Error("connection refused"));
    if (this.trouble === "silent") return this.late.promise;
    return super.isTheSame();
  }
}

async function openIngest(
  t: TestContext,
  store: MemoryStore,
): Promise<{ readonly clock: PlayedClock; readonly probe: () => Promise<ProbeAnswer> }> {
  const clock = new PlayedClock();
  let events: InboxEvents | undefined;
  const inbox: Inbox = {
    open(heard) {
      events = heard;
      return Promise.resolve();
    },
    take: (_bytesMax, signal) => race(new Promise<never>(() => undefined), signal),
    publishMarks: () => undefined,
    close: () => Promise.resolve(),
  };
  const ingest = new Ingest({
    ...{ inbox, store, writers: 1, clock, random: seededRandom("probe"), log: silentLog },
    ...{ committed: () => undefined, beat: () => undefined, greeted: () => undefined },
    watched: () => [],
  });
  await ingest.start();
  t.after(() => ingest.stop());
  return {
    clock,
    probe: () => events?.probe() ?? Promise.reject(new Error("the inbox is not open")),
  };
}

test("a probe is answered with whether the database answers, in two seconds at most, and leaves nothing behind", async (t) => {
  const store = new TroubledStore(seededRandom("probe"));
  const { clock, probe } = await openIngest(t, store);
  assert.deepEqual(await probe(), { version: 1, stores: true });
  store.trouble = "away";
  assert.deepEqual(await probe(), { version: 1, stores: false });
  store.trouble = "silent";
  const asked = probe();
  await clock.advance(2_000);
  assert.deepEqual(await asked, { version: 1, stores: false });
  store.late.resolve(true);
  assert.equal(await store.gateway("line-1" as GatewayId), undefined);
});
