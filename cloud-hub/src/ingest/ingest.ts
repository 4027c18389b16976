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
  type Dictionary,
  type Epoch,
  type GatewayId,
  type Hello,
  type HelloAnswer,
  type LaneMark,
  type TagId,
} from "@millwright/wire-contract";

import type { Commit } from "../hand-over.ts";
import { admit, type AdmittedFrame, type AdmittedVoid, type Verdict } from "./admission.ts";
import { DictionaryShelf } from "./dictionary-shelf.ts";
import { IncarnationChanged, type FrameStore, type Rejected, type Taken } from "./frame-store.ts";
import type { Inbox, InboxMessage } from "./inbox.ts";
import { parseBeat, parseHello } from "./messages.ts";
import { keepNewer, laneKey } from "./newer-mark.ts";

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

/** Says how far gateways may delete (no-loss protocol 6.6). */
export interface SafeSource {
  lower(gateway: GatewayId, mark: LaneMark): LaneMark;
  /** The database is another one than before, and may hold less. */
  reload(): Promise<void>;
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
/** Marks are repeated to gateways that were heard within this time; a longer silence ends with a hello anyway. */
const liveForMs = 30_000;
const repeatMarksEveryMs = 1_000;
/** So often the database is asked which it is: one that was put back is met also while no gateway has anything to send. */
const askDatabaseEveryMs = 1_000;

/** Lanes of the newest epochs of a gateway, without knowing which of them it still holds; a hello asks for the others. */
const marksRecalledMax = 400;

interface LiveGateway {
  heardMs: number;
  /** What the last hello named: marks of epochs that the gateway no longer holds would only fill the message. */
  epochs: ReadonlySet<Epoch>;
  marks: Map<string, LaneMark>;
  /** Which of the gateways with this name was started last, in which epoch. */
  running?: Epoch;
}

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
  readonly #gateways = new Map<GatewayId, LiveGateway>();
  readonly #stopping = new AbortController();
  #incarnation = "";
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#dictionaries = new DictionaryShelf(options.store);
    // Trouble with broker or database is waited out; nothing that a gateway sends may end the hub.
    this.broken = new Promise<never>(() => undefined);
  }

  async start(): Promise<void> {
    const { inbox, store, writers } = this.#options;
    this.#incarnation = await store.incarnation();
    await inbox.open({
      beat: (gateway, bytes) => {
        this.#heardBeat(gateway, bytes);
      },
      hello: (gateway, bytes) => this.#answer(gateway, bytes),
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
    const { frames, voids, rejected } = await this.#admitAll(messages, scratch);
    const taken = await store.takeIn({ receivedUs, frames, voids, rejected });
    for (const message of messages) message.acknowledge();
    this.#publish(taken);
    this.#count(taken, voids.length);
    this.#tell(taken, frames, rejected);
    return taken;
  }

  async #admitAll(
    messages: readonly InboxMessage[],
    scratch: BatchScratch,
  ): Promise<{
    frames: AdmittedFrame[];
    voids: AdmittedVoid[];
    rejected: Rejected[];
  }> {
    const frames: AdmittedFrame[] = [];
    const voids: AdmittedVoid[] = [];
    const rejected: Rejected[] = [];
    for (const [{ gateway, lane, bytes }, verdict] of await this.#judge(messages, scratch)) {
      if (verdict.kind === "void") voids.push(verdict.gap);
      else if (verdict.kind === "frame") frames.push(verdict.frame);
      else rejected.push({ gateway, lane, reason: verdict.reason, bytes });
    }
    return { frames, voids, rejected };
  }

  /** Each message is read once, and once more where its dictionary was not at hand and the store has it. */
  async #judge(
    messages: readonly InboxMessage[],
    scratch: BatchScratch,
  ): Promise<readonly (readonly [InboxMessage, Verdict])[]> {
    // Dictionaries come first in their lane, and may come in the same batch as the samples that need them.
    const known = new Map<string, Dictionary>();
    const missing: { gateway: GatewayId; hash: bigint }[] = [];
    const dictionaryOf = (gateway: GatewayId, hash: bigint): Dictionary | undefined => {
      const found = known.get(`${gateway}/${hash}`) ?? this.#dictionaries.get(gateway, hash);
      if (found === undefined) missing.push({ gateway, hash });
      return found;
    };
    const judge = ({ bytes, gateway, lane }: InboxMessage): Verdict => {
      const verdict = admit(bytes, gateway, lane, dictionaryOf, scratch);
      const dictionary = verdict.kind === "frame" ? verdict.frame.dictionary : undefined;
      if (dictionary !== undefined) known.set(`${gateway}/${dictionary.hash}`, dictionary);
      return verdict;
    };
    const judged = messages.toSorted(criticalFirst).map((message) => {
      const missingBefore = missing.length;
      const verdict = judge(message);
      return { message, verdict, waits: missing.length > missingBefore };
    });
    if (missing.length > 0) await this.#dictionaries.fetch(missing);
    return judged.map(
      ({ message, verdict, waits }) => [message, waits ? judge(message) : verdict] as const,
    );
  }

  #publish(taken: Taken): void {
    const moved = new Map<GatewayId, LaneMark[]>();
    for (const { gateway, mark } of taken.marks) {
      const live = this.#gateways.get(gateway);
      const newest = live === undefined ? mark : keepNewer(live.marks, mark);
      moved.set(gateway, [...(moved.get(gateway) ?? []), newest]);
    }
    for (const [gateway, marks] of moved) {
      this.#options.inbox.publishMarks(gateway, {
        version: 1,
        incarnation: this.#incarnation,
        marks: this.#lowered(gateway, marks),
      });
    }
  }

  /** Marks are kept as stored and lowered as they go out: a new backup raises those that stand. */
  #lowered(gateway: GatewayId, marks: readonly LaneMark[]): readonly LaneMark[] {
    const { safe } = this.#options;
    return safe === undefined ? marks : marks.map((mark) => safe.lower(gateway, mark));
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
    const dictionaries = frames.flatMap(({ gateway, dictionary }) =>
      dictionary === undefined ? [] : [{ gateway, dictionary }],
    );
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
    const { clock, log } = this.#options;
    const hello = parseHello(bytes);
    if ("kind" in hello) {
      log.warn("ingest.hello-refused", { gateway, reason: hello.reason });
      return undefined;
    }
    if (hello.gateway !== gateway) {
      log.warn("ingest.hello-refused", { gateway, reason: `it names ${hello.gateway}` });
      return undefined;
    }
    const answer = await this.#greet(hello);
    const sameHub = answer.incarnation === this.#incarnation;
    if (!sameHub) await this.#become(answer.incarnation);
    const epochs = new Set(hello.epochs.map((one) => one.epoch));
    const marks = answer.marks.filter((mark) => epochs.has(mark.epoch));
    const { running } = answer;
    const before = this.#gateways.get(gateway);
    const own = new Map(marks.map((mark) => [laneKey(mark), mark]));
    // What was stored while the answer was on its way is not in it.
    for (const mark of sameHub ? (before?.marks.values() ?? []) : []) {
      if (epochs.has(mark.epoch)) keepNewer(own, mark);
    }
    // Of two gateways with one name both are told their marks.
    const other = before?.running !== undefined && !epochs.has(before.running) ? before : undefined;
    this.#gateways.set(gateway, {
      heardMs: clock.monotonicMs(),
      epochs: new Set([...(other?.epochs ?? []), ...epochs]),
      marks: new Map([...(other?.marks ?? []), ...own]),
      ...(running === undefined ? {} : { running }),
    });
    const overtaken = carried && answer.fenced === true;
    if (answer.fenced === true && !carried) log.error("ingest.copy-says-hello", { gateway });
    log.info("ingest.hello", { gateway, session: answer.session, epochs: epochs.size, carried });
    if (!overtaken) this.#options.greeted(hello, answer.fenced === true);
    return { ...answer, marks: this.#lowered(gateway, marks) };
  }

  /**
   * A gateway that this hub meets now is sending already: a mark that moves while it is answered is kept beside the answer.
   * Lost, it would never be told again, because what the gateway sends once more is stored and moves no mark.
   */
  async #greet(hello: Hello): Promise<HelloAnswer> {
    const { store, clock } = this.#options;
    const { gateway } = hello;
    if (this.#gateways.has(gateway)) return await store.hello(hello, clock.nowUs());
    const met: LiveGateway = { heardMs: clock.monotonicMs(), epochs: new Set(), marks: new Map() };
    this.#gateways.set(gateway, met);
    try {
      return await store.hello(hello, clock.nowUs());
    } catch (failure) {
      // The next beat or hello asks again.
      if (this.#gateways.get(gateway) === met) this.#gateways.delete(gateway);
      throw failure;
    }
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
    const live = this.#gateways.get(gateway);
    if (live !== undefined) live.heardMs = clock.monotonicMs();
    // A gateway that was connected before this hub began is heard before its hello, and may wait for a mark that the hub
    // before could not tell any more.
    else void this.#recall(gateway);
    this.#options.beat(gateway, beat, clock.nowUs());
  }

  /** The marks of a gateway that lives and has said hello to the hub before this one. */
  async #recall(gateway: GatewayId): Promise<void> {
    const { store, clock, log } = this.#options;
    const live: LiveGateway = { heardMs: clock.monotonicMs(), epochs: new Set(), marks: new Map() };
    this.#gateways.set(gateway, live);
    try {
      const marks = (await store.marks(gateway)).slice(-marksRecalledMax);
      live.epochs = new Set(marks.map(({ epoch }) => epoch));
      for (const mark of marks) {
        // What has moved meanwhile was told already.
        keepNewer(live.marks, mark);
      }
    } catch (failure) {
      // The next beat asks again.
      log.warn("ingest.marks-not-read", { gateway, reason: messageChain(failure) });
      if (this.#gateways.get(gateway) === live) this.#gateways.delete(gateway);
    }
  }

  /** A mark message that is lost, and a hub that has taken over, are healed by repeating. */
  async #repeatMarks(stopping: AbortSignal): Promise<void> {
    const { clock, inbox } = this.#options;
    for (;;) {
      try {
        await clock.sleep(repeatMarksEveryMs, stopping);
      } catch {
        return;
      }
      for (const [gateway, live] of this.#gateways) {
        if (clock.monotonicMs() - live.heardMs > liveForMs) {
          this.#gateways.delete(gateway);
          continue;
        }
        // Also without marks: the incarnation alone tells a gateway that it has to say hello.
        const watched = this.#options.watched(gateway);
        inbox.publishMarks(gateway, {
          version: 1,
          incarnation: this.#incarnation,
          marks: this.#lowered(gateway, [...live.marks.values()]),
          ...(live.running === undefined ? {} : { running: live.running }),
          ...(watched.length === 0 ? {} : { watched }),
        });
      }
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
    if (incarnation === this.#incarnation) return;
    this.#options.log.warn("ingest.incarnation-changed", { incarnation });
    this.#dictionaries.clear();
    await this.#options.safe?.reload();
    this.#incarnation = incarnation;
    for (const live of this.#gateways.values()) live.marks.clear();
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

function criticalFirst(a: InboxMessage, b: InboxMessage): number {
  return Number(b.lane === "critical") - Number(a.lane === "critical");
}

/** A call, because a compiler that has seen `aborted` false once believes that it stays so across a wait. */
function hasAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
