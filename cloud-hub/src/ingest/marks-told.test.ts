import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { PlayedClock, race, seededRandom, silentLog } from "@millwright/kit";
import type { Hello, HelloAnswer, MarkMessage } from "@millwright/wire-contract";

import type { Intake, Taken } from "./frame-store.ts";
import type { Inbox, InboxMessage } from "./inbox.ts";
import { Ingest } from "./ingest.ts";
import { MemoryStore } from "./store-memory.ts";
import { TestGateway, type TestFrame } from "./test-gateway.ts";

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

/** A database that can be another one from one question to the next: one that holds nothing. */
class ReplacedStore extends MemoryStore {
  other: MemoryStore | undefined;

  override hello(hello: Hello, nowUs: number): Promise<HelloAnswer> {
    return this.other?.hello(hello, nowUs) ?? super.hello(hello, nowUs);
  }

  override incarnation(): Promise<string> {
    return this.other?.incarnation() ?? super.incarnation();
  }

  override isTheSame(): Promise<boolean> {
    return this.other === undefined ? super.isTheSame() : Promise.resolve(false);
  }
}

/** Commits a frame after a hello was decided and before its answer is out. */
class SlowHelloStore extends MemoryStore {
  readonly #decided = Promise.withResolvers<undefined>();
  readonly #stored = Promise.withResolvers<undefined>();

  override async hello(hello: Hello, nowUs: number): Promise<HelloAnswer> {
    const answer = await super.hello(hello, nowUs);
    this.#decided.resolve(undefined);
    await this.#stored.promise;
    return answer;
  }

  override async takeIn(intake: Intake): Promise<Taken> {
    await this.#decided.promise;
    const taken = await super.takeIn(intake);
    // The answer is no sooner than what follows the commit.
    setImmediate(() => {
      this.#stored.resolve(undefined);
    });
    return taken;
  }
}

interface Play {
  readonly clock: PlayedClock;
  readonly inbox: BatchInbox;
  readonly ingest: Ingest;
  readonly hello: (gateway: TestGateway) => Promise<HelloAnswer | undefined>;
}

/** The gateways are known before their frames come, so that their marks are kept for repeating. */
async function play(
  t: TestContext,
  store: MemoryStore,
  gateways: readonly TestGateway[],
  frames: readonly (readonly [TestGateway, TestFrame])[],
): Promise<Play> {
  const clock = new PlayedClock();
  const inbox = new BatchInbox(
    frames.map(([{ gateway }, { lane, bytes }]) => [
      { gateway, lane, bytes, acknowledge: () => undefined },
    ]),
  );
  const ingest = new Ingest({
    inbox,
    store,
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
  const hello: Play["hello"] = (gateway) =>
    ingest.hello(gateway.gateway, new TextEncoder().encode(JSON.stringify(gateway.hello())));
  for (const gateway of gateways) await hello(gateway);
  await ingest.start();
  return { clock, inbox, ingest, hello };
}

test("of two commits that are answered in the other order the newer mark is told and repeated", async (t) => {
  const gateway = new TestGateway("gw-overtaken");
  const frames = [gateway.dictionaryFrame(), gateway.ledger([])];
  const { clock, inbox } = await play(
    t,
    new OvertakingStore(seededRandom(1)),
    [gateway],
    frames.map((frame) => [gateway, frame] as const),
  );
  await clock.advance(5_000);

  const told = inbox.published.flatMap(({ marks }) => marks.map(({ storedSeq }) => storedSeq));
  assert.ok(told.length > 4, "the mark of each commit, and its repetitions");
  assert.deepEqual([...new Set(told)], [2]);
});

test("when the hello of one gateway finds another database, no gateway is told what the one before had", async (t) => {
  const [first, second] = [new TestGateway("gw-first"), new TestGateway("gw-second")];
  const store = new ReplacedStore(seededRandom(1));
  const { clock, inbox, hello } = await play(
    t,
    store,
    [first, second],
    [[first, first.dictionaryFrame()]],
  );
  await clock.advance(2_000);
  assert.deepEqual(inbox.published.at(0)?.marks[0]?.storedSeq, 1);

  store.other = new MemoryStore(seededRandom(3));
  const incarnation = (await hello(second))?.incarnation;
  const before = inbox.published.length;
  await clock.advance(2_000);
  const answer = await hello(first);
  await clock.advance(2_000);
  const since = inbox.published.slice(before);
  assert.ok(since.length > 0 && since.every((one) => one.incarnation === incarnation));
  assert.deepEqual(
    since.flatMap(({ marks }) => marks),
    [],
  );
  assert.deepEqual(answer?.marks, []);
});

test("a database that was put back is met within seconds, also when no gateway says anything", async (t) => {
  const gateway = new TestGateway("gw-quiet");
  const store = new ReplacedStore(seededRandom(1));
  const { clock, inbox } = await play(t, store, [gateway], [[gateway, gateway.dictionaryFrame()]]);
  await clock.advance(2_000);
  assert.equal(inbox.published.at(-1)?.marks[0]?.storedSeq, 1);

  store.other = new MemoryStore(seededRandom(3));
  await clock.advance(3_000);
  const told = inbox.published.at(-1);
  assert.equal(told?.incarnation, await store.other.incarnation());
  assert.deepEqual(told.marks, [], "what the database before had is not promised");
});

test("a mark that moves while the first hello to this hub is answered is repeated, and not the one of the answer", async (t) => {
  const gateway = new TestGateway("gw-hello");
  const store = new SlowHelloStore(seededRandom(1));
  const { clock, inbox, hello } = await play(t, store, [], [[gateway, gateway.dictionaryFrame()]]);
  await hello(gateway);
  const before = inbox.published.length;
  await clock.advance(2_000);
  const told = inbox.published.slice(before).flatMap(({ marks }) => marks);
  assert.ok(told.length > 0);
  assert.ok(told.every(({ storedSeq }) => storedSeq === 1));
});
