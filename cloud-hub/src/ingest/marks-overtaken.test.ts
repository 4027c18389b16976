import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock, race, seededRandom, silentLog } from "@millwright/kit";
import type { MarkMessage } from "@millwright/wire-contract";

import type { Intake, Taken } from "./frame-store.ts";
import type { Inbox, InboxMessage } from "./inbox.ts";
import { Ingest } from "./ingest.ts";
import { MemoryStore } from "./store-memory.ts";
import { TestGateway } from "./test-gateway.ts";

/** Commits in order, and answers the first of two after the second. */
class OvertakingStore extends MemoryStore {
  readonly #second = Promise.withResolvers<undefined>();
  #asked = 0;

  override async takeIn(intake: Intake): Promise<Taken> {
    const taken = await super.takeIn(intake);
    if (++this.#asked === 1) await this.#second.promise;
    else this.#second.resolve(undefined);
    return taken;
  }
}

/** Hands each batch to whoever asks next, and writes down the marks. */
class BatchInbox implements Inbox {
  readonly published: MarkMessage[] = [];
  readonly #batches: (readonly InboxMessage[])[];
  #closed = false;

  constructor(batches: readonly (readonly InboxMessage[])[]) {
    this.#batches = [...batches];
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  async take(_bytesMax: number, signal: AbortSignal): Promise<readonly InboxMessage[]> {
    return this.#batches.shift() ?? (await race(new Promise<never>(() => undefined), signal));
  }

  publishMarks(_gateway: unknown, message: MarkMessage): void {
    if (!this.#closed) this.published.push(message);
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }
}

test("of two commits that are answered in the other order the newer mark is told and repeated", async (t) => {
  const gateway = new TestGateway("gw-overtaken");
  const frames = [gateway.dictionaryFrame(), gateway.ledger([])];
  const batches = frames.map((frame) => [
    {
      gateway: gateway.gateway,
      lane: frame.lane,
      bytes: frame.bytes,
      acknowledge: () => undefined,
    },
  ]);
  const clock = new PlayedClock();
  const inbox = new BatchInbox(batches);
  const ingest = new Ingest({
    inbox,
    store: new OvertakingStore(seededRandom(1)),
    writers: 2,
    clock,
    random: seededRandom(2),
    log: silentLog,
    committed: () => undefined,
    beat: () => undefined,
    greeted: () => undefined,
    watched: () => [],
  });
  t.after(() => ingest.stop());
  // The gateway is known before its frames come, so its marks are kept for repeating.
  await ingest.hello(gateway.gateway, new TextEncoder().encode(JSON.stringify(gateway.hello())));
  await ingest.start();
  await clock.advance(5_000);

  const told = inbox.published.flatMap(({ marks }) => marks.map(({ storedSeq }) => storedSeq));
  assert.ok(told.length > 4, "the mark of each commit, and its repetitions");
  assert.deepEqual([...new Set(told)], [2]);
});
