/**
 * Takes in what gateways send: one transaction for each batch, then the broker may forget it, then the mark goes out
 * (no-loss protocol 6). Several writers, here and in other hubs, share the work; the store keeps them apart.
 */
import {
  Backoff,
  messageChain,
  type Clock,
  type Log,
  type Random,
  type Service,
} from "@millwright/kit";
import {
  BatchScratch,
  type Beat,
  type GatewayId,
  type Hello,
  type HelloAnswer,
  type ProbeAnswer,
  type TagId,
} from "@millwright/wire-contract";

import type { Commit } from "../hand-over.ts";
import type { AdmittedFrame } from "./admission.ts";
import { admitBatch } from "./admit-batch.ts";
import { dictionariesTold } from "./dictionaries-told.ts";
import { DictionaryShelf } from "./dictionary-shelf.ts";
import { IncarnationChanged, type FrameStore, type Rejected, type Taken } from "./frame-store.ts";
import type { Inbox, InboxMessage } from "./inbox.ts";
import { parseBeat, parseHello } from "./messages.ts";
import { ToldMarks, type SafeSource } from "./told-marks.ts";

export interface IngestOptions {
  readonly inbox: Inbox;
  readonly store: FrameStore;
  readonly writers: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** After each commit, in the order of commits. Must not throw. Samples of its frames hold until it returns. */
  committed(commit: Commit): void;
  beat(gateway: GatewayId, beat: Beat, receivedUs: number): void;
  /** The gateway said hello and its epochs are ranked. Fenced is one that is not the last with its name to start. */
  greeted(hello: Hello, fenced: boolean): void;
  /** Tags of the gateway that somebody is looking at now. */
  watched(gateway: GatewayId): readonly TagId[];
  /** What of a mark is safe. Left out, all that is stored: `releaseBelow: stored`, chosen in words. */
  readonly safe?: SafeSource;
}

export interface IngestCounters {
  /** Messages; equal to stored + repeated + quarantined + voids once everything that came is committed. */
  received: number;
  stored: number;
  repeated: number;
  quarantined: number;
  voids: number;
  samplesStored: number;
  transactions: number;
}

/** One transaction takes at most about this much: it holds locks, and is repeated as a whole when it fails. */
const batchBytesMax = 4 * 2 ** 20;
const repeatMarksEveryMs = 1_000;
/** So often the database is asked which it is: one that was put back is met also while no gateway has anything to send. */
const askDatabaseEveryMs = 1_000;
/** A database that needs longer for such a question keeps gateways waiting as well. */
const probeMs = 2_000;

export class Ingest implements Service {
  readonly name = "ingest";
  readonly broken: Promise<never>;
  readonly counters: IngestCounters = {
    received: 0,
    stored: 0,
    repeated: 0,
    quarantined: 0,
    voids: 0,
    samplesStored: 0,
    transactions: 0,
  };
  readonly #options: IngestOptions;
  readonly #dictionaries: DictionaryShelf;
  readonly #marks: ToldMarks;
  readonly #stopping = new AbortController();
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#dictionaries = new DictionaryShelf(options.store);
    this.#marks = new ToldMarks(options);
    // Trouble with broker or database is waited out; nothing that a gateway sends may end the hub.
    this.broken = new Promise<never>(() => undefined);
  }

  async start(): Promise<void> {
    const { inbox, store, writers } = this.#options;
    this.#marks.begin(await store.incarnation());
    await inbox.open({
      beat: (gateway, bytes) => {
        this.#heardBeat(gateway, bytes);
      },
      hello: (gateway, bytes) => this.#answer(gateway, bytes),
      probe: () => this.#answerProbe(),
    });
    const signal = this.#stopping.signal;
    this.#work = Promise.all([
      ...Array.from({ length: writers }, () => this.#write(signal)),
      this.#repeatMarks(signal),
      this.#watchDatabase(signal),
    ]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#work;
    await this.#options.inbox.close();
  }

  /** Batch after batch. A batch that fails is tried again as a whole; what it holds is not acknowledged before. */
  async #write(stopping: AbortSignal): Promise<void> {
    const { inbox, clock, random, log } = this.#options;
    const backoff = new Backoff(100, 5_000, random);
    const scratch = new BatchScratch();
    while (!hasAborted(stopping)) {
      let messages: readonly InboxMessage[];
      try {
        messages = await inbox.take(batchBytesMax, stopping);
      } catch {
        return;
      }
      this.counters.received += messages.length;
      for (;;) {
        try {
          await this.#takeIn(messages, scratch);
          if (backoff.tries > 0) log.info("ingest.resumed", { tries: backoff.tries });
          backoff.succeeded();
          break;
        } catch (failure) {
          if (hasAborted(stopping)) return;
          if (failure instanceof IncarnationChanged) {
            // Dropped and not acknowledged: gateways go back to what this database knows.
            await this.#renewIncarnation(stopping);
            break;
          }
          if (backoff.tries === 0)
            log.error("ingest.store-failed", { reason: messageChain(failure) });
          await clock.sleep(backoff.nextMs(), stopping).catch(() => undefined);
          if (hasAborted(stopping)) return;
        }
      }
    }
  }

  /** A hello that came by a carrier, answered as over the road. It may be an old one, which is no second gateway. */
  hello(gateway: GatewayId, bytes: Uint8Array): Promise<HelloAnswer | undefined> {
    return this.#answer(gateway, bytes, true);
  }

  /** Frames that a carrier brought: the same transaction, with nobody to acknowledge it to. Throws what the store throws. */
  takeCarried(frames: readonly Omit<InboxMessage, "acknowledge">[]): Promise<Taken> {
    this.counters.received += frames.length;
    return this.#takeIn(
      frames.map((frame) => ({ ...frame, acknowledge: () => undefined })),
      new BatchScratch(),
    );
  }

  /** @param scratch samples are decoded into this until those who were told of them have taken what they keep */
  async #takeIn(messages: readonly InboxMessage[], scratch: BatchScratch): Promise<Taken> {
    const { store, clock } = this.#options;
    const receivedUs = clock.nowUs();
    scratch.begin();
    const { frames, voids, rejected } = await admitBatch(messages, this.#dictionaries, scratch);
    const taken = await store.takeIn({ receivedUs, frames, voids, rejected });
    for (const message of messages) message.acknowledge();
    this.#marks.tell(taken.marks);
    this.#count(taken, voids.length);
    this.#tell(taken, frames, rejected);
    return taken;
  }

  #count(taken: Taken, voids: number): void {
    this.counters.transactions++;
    this.counters.stored += taken.stored.length;
    this.counters.repeated += taken.repeats;
    this.counters.quarantined += taken.quarantined;
    this.counters.voids += voids;
    for (const { head } of taken.stored) this.counters.samplesStored += head.sampleCount;
  }

  #tell(taken: Taken, frames: readonly AdmittedFrame[], rejected: readonly Rejected[]): void {
    const { log } = this.#options;
    const dictionaries = dictionariesTold(frames, taken);
    for (const { gateway, dictionary } of dictionaries) this.#dictionaries.put(gateway, dictionary);
    for (const { gateway, lane, reason } of rejected) {
      log.warn("ingest.frame-rejected", { gateway, lane, reason });
    }
    for (const { gateway, lane, seq, undecodable: reason } of frames) {
      if (reason !== undefined)
        log.error("ingest.frame-undecodable", { gateway, lane, seq, reason });
    }
    const undecodable = new Set(
      frames.filter((one) => one.undecodable !== undefined).map((one) => one.head),
    );
    this.#options.committed({
      stored: taken.stored.filter((frame) => !undecodable.has(frame.head)),
      dictionaries,
      touched: new Set([
        ...taken.marks.map((one) => one.gateway),
        ...frames.map((one) => one.gateway),
        ...rejected.map((one) => one.gateway),
      ]),
    });
  }

  async #answer(
    gateway: GatewayId,
    bytes: Uint8Array,
    carried = false,
  ): Promise<HelloAnswer | undefined> {
    const { store, clock, log } = this.#options;
    const hello = parseHello(bytes);
    if ("kind" in hello) {
      log.warn("ingest.hello-refused", { gateway, reason: hello.reason });
      return undefined;
    }
    if (hello.gateway !== gateway) {
      log.warn("ingest.hello-refused", { gateway, reason: `it names ${hello.gateway}` });
      return undefined;
    }
    const answer = await this.#marks.meet(gateway, () => store.hello(hello, clock.nowUs()));
    const sameHub = answer.incarnation === this.#marks.incarnation;
    if (!sameHub) await this.#become(answer.incarnation);
    const epochs = new Set(hello.epochs.map((one) => one.epoch));
    const marks = this.#marks.answered(gateway, epochs, answer, sameHub);
    const overtaken = carried && answer.fenced === true;
    if (answer.fenced === true && !carried) log.error("ingest.copy-says-hello", { gateway });
    log.info("ingest.hello", { gateway, session: answer.session, epochs: epochs.size, carried });
    if (!overtaken) this.#options.greeted(hello, answer.fenced === true);
    return { ...answer, marks };
  }

  async #answerProbe(): Promise<ProbeAnswer> {
    const { store, clock } = this.#options;
    const answered = new AbortController();
    const stores = await Promise.race([
      // Which database it is makes no difference here.
      store.isTheSame().then(() => true),
      clock.sleep(probeMs, answered.signal).then(() => false),
    ]).catch(() => false);
    answered.abort();
    return { version: 1, stores };
  }

  #heardBeat(gateway: GatewayId, bytes: Uint8Array): void {
    const { clock, log } = this.#options;
    const beat = parseBeat(bytes);
    if ("kind" in beat || beat.gateway !== gateway) {
      log.warn("ingest.beat-refused", {
        gateway,
        reason: "kind" in beat ? beat.reason : `it names ${beat.gateway}`,
      });
      return;
    }
    this.#marks.heard(gateway);
    this.#options.beat(gateway, beat, clock.nowUs());
  }

  async #repeatMarks(stopping: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (;;) {
      try {
        await clock.sleep(repeatMarksEveryMs, stopping);
      } catch {
        return;
      }
      this.#marks.repeat();
    }
  }

  /**
   * A database that was put back tells nobody. Writers and hellos meet it, and there may be neither for hours: of what it
   * has lost the gateways would learn only then, and may have lost it themselves by that time.
   */
  async #watchDatabase(stopping: AbortSignal): Promise<void> {
    const { clock, store } = this.#options;
    for (;;) {
      try {
        await clock.sleep(askDatabaseEveryMs, stopping);
      } catch {
        return;
      }
      // While it is away it is asked again.
      const same = await store.isTheSame().catch(() => true);
      if (!same) await this.#renewIncarnation(stopping);
    }
  }

  /** The database is another one: what was told of the one before may be more than this one holds. */
  async #become(incarnation: string): Promise<void> {
    if (incarnation === this.#marks.incarnation) return;
    this.#options.log.warn("ingest.incarnation-changed", { incarnation });
    this.#dictionaries.clear();
    await this.#options.safe?.reload();
    this.#marks.begin(incarnation);
  }

  async #renewIncarnation(stopping: AbortSignal): Promise<void> {
    const { store, clock, random } = this.#options;
    const backoff = new Backoff(100, 5_000, random);
    while (!hasAborted(stopping)) {
      try {
        await this.#become(await store.incarnation());
        return;
      } catch {
        await clock.sleep(backoff.nextMs(), stopping).catch(() => undefined);
      }
    }
  }
}

/** A call, because a compiler that has seen `aborted` false once believes that it stays so across a wait. */
function hasAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
