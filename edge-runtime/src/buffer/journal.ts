import type { Buckets, WidthUs } from "@millwright/aggregates";
import type { Clock, Log, Random } from "@millwright/kit";
import type {
  CaptureRecord,
  CaptureView,
  DeviceId,
  Dictionary,
  Epoch,
  GatewayId,
  LedgerEntry,
  SampleColumns,
} from "@millwright/wire-contract";

import type { CaptureQuery } from "./captures/capture-table.ts";
import type { CaptureLimits, Kept } from "./captures/captures.ts";
import type { DeclaredTag, EventBook, Loss, OrderBook, Outbox, SampleBatch } from "../hand-over.ts";
import type { ResumePoint } from "./group.ts";
import { startJournalThread, type JournalThread } from "./journal-thread.ts";
import { JournalKeeper } from "./journal-keeper.ts";
import { newEpoch } from "./new-epoch.ts";
import type { KeptFeed } from "./kept-feed.ts";
import type { FileFindings } from "./pages/inspect-file.ts";
import type { GapScope, StoreDoor } from "./questions.ts";
import { openStore } from "./open-store.ts";
import { bootOfMachine } from "./run-note.ts";
import type { StoreOptions } from "./store-parts.ts";
import { answer } from "./questions.ts";
import { openStoreWorker } from "./store-worker-door.ts";
import type { ChartLine } from "./tiers/chart-line.ts";
import type { ChartRange } from "./tiers/line-slice.ts";
import type { Rehearsal } from "./tiers/buffer-clock.ts";

/**
 * The journal: where a sample is kept until the hub has it. A batch is accepted into memory, committed with all others
 * of the same second in one transaction, and only then settled with its source.
 */
export interface JournalOptions {
  /** Made when it is not there. Holds `journal.db` and its log, and nothing of anybody else. */
  readonly folder: string;
  readonly gateway: GatewayId;
  /**
   * 1,000 by default: what a power cut may take. 100 on an SSD with power-loss protection; ten commits a second kill a
   * flash card (field practice 73).
   */
  readonly commitEveryMs: number;
  /** How long frames that the hub has safely stay for charts. */
  readonly keepRawHours: number;
  /** File and log together never pass it. */
  readonly bytesMax: number;
  /** Samples that are told wait so long for others of their frame: small frames cost (architecture 7). */
  readonly tellEveryMs: number;
  /** Left out, as the settings have it. */
  readonly captures?: CaptureLimits;
  readonly clock: Clock;
  /** Which start of its machine this is. Left out, as the system says it. */
  readonly boot?: string;
  /** Something sets the clock that stamps: frames say it of their samples. Left out, nothing better than "no" is claimed. */
  readonly clockIsSet?: () => boolean;
  /** Seeded from the system's entropy outside of tests: the epoch is made of it. */
  readonly random: Random;
  readonly log: Log;
  /** Called once: what the file holds is not known any more. The runtime must end and start again. */
  onBroken(failure: unknown): void;
}

export interface Journal {
  readonly epoch: Epoch;
  /** Empty before `adoptTags`. */
  readonly dictionary: Dictionary;
  /**
   * Gives each new tag its permanent index, which is never used again. The revision of a tag rises when its unit, scale,
   * offset or type changes. Tags that are no longer declared keep their index. The dictionary is durable, in the
   * critical lane, when this resolves; until then nothing may be appended.
   */
  adoptTags(tags: Iterable<DeclaredTag>): Promise<Dictionary>;
  /**
   * Accepts the batch, or refuses all of it because a bound is reached; the caller then charges it (`chargeRefused`). The
   * columns are copied and stay the caller's. `settle` is called once, after the commit.
   */
  append(batch: SampleBatch): boolean;
  /** Whether `append` would accept the batch now. Counts nothing, so that a source may wait for room. */
  hasRoom(batch: Pick<SampleBatch, "count" | "wide">): boolean;
  /**
   * The claim for a batch that `append` refused, once. Not `charge`: drivers claim "queue full" for queues of their own, and that
   * must not explain what was refused here.
   */
  chargeRefused(batch: SampleBatch): void;
  /** Opens a ledger row, or lets one grow. On disk with the next commit. */
  charge(loss: Loss): void;
  /** Kept with the next commit. */
  saveResume(device: DeviceId, resume: ResumePoint): void;
  /** What was kept last, also when it is not on disk yet. */
  resume(device: DeviceId): ResumePoint | undefined;
  readonly outbox: Outbox;
  /** Everything that was kept, for who follows it. */
  readonly kept: KeptFeed;
  /** What happened, and what the steps that say it were about. */
  readonly events: EventBook;
  /** What the hub has ordered beside the usual. Empty before `adoptTags`. */
  readonly orders: OrderBook;
  /**
   * Samples of one tag by measured time, in the order in which they were received; the newest `max` when there are
   * more. Only what was committed.
   *
   * @param tag dictionary index
   */
  readSamples(tag: number, fromUs: number, toUs: number, max: number): Promise<SampleColumns>;
  /**
   * Hours since 1970 of which a tag's samples have gone and buckets stand; of two hours the second is excluded.
   *
   * @param tag dictionary index
   */
  thinnedHours(tag: number, fromHour: number, toHour: number): Promise<readonly number[]>;
  /**
   * The line of one declared tag for a chart, of all tiers, with what the ledger says about its holes.
   *
   * @param tag dictionary index
   * @param signal nobody waits for it any more: it rejects
   */
  readLine(tag: number, range: ChartRange, signal: AbortSignal): Promise<ChartLine>;
  /**
   * Buckets of one declared tag: rolled up where its hour is over, else made of samples on the way. Whole hours that touch
   * the range; seconds only of tags faster than 8 Hz, and of hours that are not rolled up.
   *
   * @param tag dictionary index
   */
  readBuckets(tag: number, widthUs: WidthUs, fromUs: number, toUs: number): Promise<Buckets>;
  /**
   * The buffer clock: how long there is room with the hub away, at the rates of the last minutes, and what an outage of
   * `outageS` seconds would do.
   */
  buffer(outageS?: number): Promise<Rehearsal>;
  /**
   * Keeps a capture whose bytes lie in the folder of captures under their SHA-256 (`writeCaptureFile`). On disk, with its
   * number and its count, when it resolves with `kept`.
   */
  keepCapture(record: CaptureRecord): Promise<Kept>;
  /** The newest first. */
  captures(query: CaptureQuery): Promise<readonly CaptureView[]>;
  /** Claims that touch the range, by their beginning, at most 1,000. `number` is 0 while a claim is open. */
  gaps(scope: GapScope, fromUs: number, toUs: number): Promise<readonly LedgerEntry[]>;
  /** Of all reasons and for whomever they count, the newest first. `number` is 0 while a claim is open. */
  newestClaims(max: number): Promise<readonly LedgerEntry[]>;
  /** Commits, and seals all that waits for company: a carrier brings what is here, and what explains its holes. */
  sealOpen(): Promise<void>;
  /**
   * Writes a copy of the file as it is at the end of the copying, while the journal works on. Refuses with what the
   * medium said; the journal is not touched by that.
   */
  copyTo(file: string): Promise<void>;
  counters(): JournalCounters;
  /** Commits what was accepted, settles it, and lets the file go. */
  close(): Promise<void>;
}

export interface JournalCounters {
  /** Samples offered to `append`. */
  readonly received: number;
  /** Samples committed. */
  readonly sent: number;
  /** Samples refused because a bound was reached. */
  readonly dropped: number;
  /** Samples that fit into no frame and were charged as rejected. */
  readonly failed: number;
  /** Accepted, and not on disk yet. */
  readonly inMemory: number;
  /** Received, and neither committed, in memory, rejected nor charged. Must be 0. */
  readonly unexplained: number;
  readonly commits: number;
  readonly commitP50Ms: number;
  readonly commitP99Ms: number;
  /** Of the newest commits of events: how long the one that waited longest in each took to the disk. */
  readonly eventsP99Ms: number;
  /** Age of the oldest sample that is not on disk, ms. */
  readonly oldestUncommittedMs: number;
  /** Written to the medium, log and file together. */
  readonly bytesWritten: number;
  /** What the operating system charged to the thread that writes; 0 where it does not say. */
  readonly threadBytesWritten: number;
  /** CPU time of re-packing and rolling up since the start, ms. */
  readonly tendCpuMs: number;
  /** In use by the file and its log. */
  readonly journalBytes: number;
  /** Samples are refused because the file is full of what the hub does not have. */
  readonly full: boolean;
  /** What was wrong with the file at the start. */
  readonly found: FileFindings;
}

/** A journal whose commits a test can ask for, and that can end as in a crash. */
export interface JournalCore extends Journal {
  /** Commits now what is in memory. */
  commit(): Promise<void>;
  /** Forgets what is in memory and lets the file go, as a crash would. */
  abandon(): Promise<void>;
}

/** Opens the journal in a thread of its own, so that an fsync never holds up a control loop. */
export async function openJournal(
  options: JournalOptions,
  thread: JournalThread = startJournalThread(),
): Promise<Journal> {
  const door = await openStoreWorker(thread, storeOptions(options), (failure) => {
    options.onBroken(failure);
  });
  return new JournalKeeper(options, door);
}

/** The same journal in the calling thread: for tests and played time. Throws `JournalUnusable`. */
export function openJournalCore(options: JournalOptions): JournalCore {
  return new JournalKeeper(options, openStoreHere(storeOptions(options)));
}

function openStoreHere(options: StoreOptions): StoreDoor {
  const store = openStore(options);
  const resumePoints = store.resumePoints();
  const savedStates = store.savedStates();
  return {
    epoch: options.epoch,
    resumePoints,
    savedStates,
    get state() {
      return { ...store.state, tendCpuUs: 0 };
    },
    // Not `async`: the answer is there before the call returns, and a failure still becomes a rejection.
    ask: (name, ...asked) =>
      new Promise((resolve) => {
        resolve(answer(store, name, asked));
      }),
    abandon() {
      store.abandon();
      return Promise.resolve();
    },
  };
}

function storeOptions(options: JournalOptions): StoreOptions {
  const { folder, gateway, keepRawHours, bytesMax, tellEveryMs, captures, clock, random } = options;
  return {
    folder,
    gateway,
    epoch: newEpoch(random),
    keepRawHours,
    bytesMax,
    tellEveryMs,
    ...(captures === undefined ? {} : { captures }),
    boot: options.boot ?? bootOfMachine(),
    nowUs: clock.nowUs(),
    nowMs: clock.monotonicMs(),
  };
}
