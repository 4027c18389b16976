/**
 * Takes captures when they are due: by the clock, when a tag rises above a limit, when a file is complete. Each one that
 * was due is kept, or the ledger says why it is not (field practice 55).
 */
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";

import {
  aborted,
  messageChain,
  type Clock,
  type Log,
  type Refused,
  type Service,
} from "@millwright/kit";
import type { CaptureRecord, CaptureState, DeviceId, TagId } from "@millwright/wire-contract";

import type { ArrayReading, Kept, Loss } from "../hand-over.ts";
import { dueBetween, LimitTrigger, nextDueUs } from "./due.ts";
import { FolderWatch, mediaTypeOf, type FoundFile } from "./folder-watch.ts";

/** Something that a device measures fast by itself and gives away whole. */
export interface ArrayPoint {
  readonly tag: TagId;
  readonly name: string;
  readonly asset: string;
  readonly device: DeviceId;
  readonly unit: string;
  readonly everyUs: number | undefined;
  readonly trigger:
    | {
        readonly tag: TagId;
        readonly name: string;
        readonly unit: string;
        readonly above: number;
        readonly restMs: number;
      }
    | undefined;
  readonly state: readonly TagId[];
  /** Told of each that was kept, and of those that were due and were not. */
  readonly features?: CaptureFeatureSink;
  /** Waits for the device until `signal` aborts. */
  read(signal: AbortSignal): Promise<ArrayReading | Refused>;
}

/** Where the numbers of a capture go. */
export interface CaptureFeatureSink {
  taken(record: CaptureRecord, bytes: Uint8Array): void;
  missed(reason: Loss["reason"], fromUs: number, toUs: number, count: number): void;
}

export interface FolderPoint {
  readonly tag: TagId;
  readonly name: string;
  readonly asset: string;
  readonly folder: string;
}

/** Where bytes and records are kept: the journal. */
export interface CaptureStore {
  /** Resolves when the bytes are on the medium. */
  write(
    name: string,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<Pick<CaptureRecord, "sha256" | "byteCount">>;
  keep(record: CaptureRecord): Promise<Kept>;
}

export interface CaptureOptions {
  readonly arrays: readonly ArrayPoint[];
  readonly folders: readonly FolderPoint[];
  readonly store: CaptureStore;
  readonly clock: Clock;
  readonly log: Log;
  charge(loss: Loss): void;
  /** The present value of a tag as a number, NaN when it cannot be trusted. */
  numberOf(tag: TagId): number;
  stateOf(tags: readonly TagId[]): readonly CaptureState[];
  onChanged(listener: (tags: readonly string[]) => void): () => void;
}

/** Captures since the start (no-loss protocol 7, source): due = kept + charged + under way. */
export interface CaptureAccount {
  readonly due: number;
  readonly kept: number;
  readonly charged: number;
  readonly underWay: number;
  /** Must be 0. */
  readonly unexplained: number;
}

/** A device that was away for a moment is waited for; what comes later is of another moment. */
const readMs = 30_000;
/** Complete is what has not changed between two looks: a camera writes a picture in less. */
const lookEveryMs = 2_000;
/** Waited for before the first one after a start, so that the first values have come. */
const settleMs = 5_000;
const minuteUs = 60_000_000;

export class CaptureService implements Service {
  readonly name = "captures";
  readonly broken: Promise<never>;
  readonly #options: CaptureOptions;
  readonly #stopping = new AbortController();
  readonly #break: (failure: unknown) => void;
  readonly #troubled = new Set<string>();
  readonly #ends: (() => void)[] = [];
  readonly #busy = new Set<TagId>();
  readonly #triggered = new Set<Promise<void>>();
  #running: Promise<unknown> = Promise.resolve();
  #due = 0;
  #kept = 0;
  #charged = 0;
  #underWay = 0;

  constructor(options: CaptureOptions) {
    this.#options = options;
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => undefined);
    this.broken = promise;
    this.#break = reject;
  }

  get account(): CaptureAccount {
    const [due, kept, charged, underWay] = [this.#due, this.#kept, this.#charged, this.#underWay];
    return { due, kept, charged, underWay, unexplained: Math.abs(due - kept - charged - underWay) };
  }

  /** Somebody else saw why: taken now, unless one is under way, which then stands for both. */
  takeNow(tag: string, why: string): void {
    const point = this.#options.arrays.find((each) => each.tag === tag);
    if (point === undefined || this.#stopping.signal.aborted) return;
    this.#follow(this.#take(point, "limit", why, this.#stopping.signal));
  }

  start(): Promise<void> {
    const signal = this.#stopping.signal;
    const { arrays, folders } = this.#options;
    for (const point of arrays) this.#listen(point, signal);
    this.#running = Promise.all([
      ...arrays.map((point) => this.#bySchedule(point, signal)),
      ...folders.map((point) => this.#byFolder(point, signal)),
    ]).catch((defect: unknown) => {
      if (!signal.aborted) this.#break(defect);
    });
    return Promise.resolve();
  }

  async stop(deadline: AbortSignal): Promise<void> {
    this.#stopping.abort(new Error("the gateway stops"));
    for (const end of this.#ends) end();
    await Promise.race([Promise.all([this.#running, ...this.#triggered]), aborted(deadline)]);
  }

  async #bySchedule(point: ArrayPoint, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const { everyUs } = point;
    if (everyUs === undefined) return;
    // Once at the start, so that a person who sets it up sees that it works.
    await clock.sleep(settleMs, signal).catch(() => undefined);
    const why = `every ${everyUs / minuteUs} min`;
    while (!hasAborted(signal)) {
      const beganUs = clock.nowUs();
      await this.#take(point, "schedule", why, signal);
      // Those that passed while one was under way are charged: the device was too slow for the schedule.
      const missed = dueBetween(beganUs, clock.nowUs(), everyUs);
      if (missed > 0) this.#miss(point, missed, "sampled slower than asked", beganUs);
      const waitUs = nextDueUs(clock.nowUs(), everyUs) - clock.nowUs();
      await clock.sleep(Math.ceil(waitUs / 1_000), signal).catch(() => undefined);
    }
  }

  #listen(point: ArrayPoint, signal: AbortSignal): void {
    const { trigger } = point;
    if (trigger === undefined) return;
    const { clock } = this.#options;
    const limit = new LimitTrigger(trigger.above, trigger.restMs);
    const why = `${trigger.name} above ${trigger.above} ${trigger.unit}`.trimEnd();
    this.#ends.push(
      this.#options.onChanged((tags) => {
        if (!tags.includes(trigger.tag)) return;
        if (!limit.sees(this.#options.numberOf(trigger.tag), clock.monotonicMs())) return;
        this.#follow(this.#take(point, "limit", why, signal));
      }),
    );
  }

  #follow(taking: Promise<void>): void {
    const taken = taking.catch((defect: unknown) => {
      this.#break(defect);
    });
    this.#triggered.add(taken);
    void taken.finally(() => this.#triggered.delete(taken));
  }

  async #take(
    point: ArrayPoint,
    trigger: "schedule" | "limit",
    why: string,
    stopping: AbortSignal,
  ): Promise<void> {
    const { clock, store } = this.#options;
    const dueUs = clock.nowUs();
    if (this.#busy.has(point.tag)) {
      // The one under way is of this very moment: it stands for both.
      return;
    }
    this.#busy.add(point.tag);
    this.#due++;
    this.#underWay++;
    try {
      const reading = await this.#read(point, stopping);
      if ("reason" in reading) {
        if (reading.by !== "stop") this.#trouble(point.tag, point.name, reading.reason);
        this.#chargeArray(point, reading.lost, dueUs, 1);
        return;
      }
      const { bytes, measuredUs, ...rest } = reading;
      const durationUs = (rest.count / rest.rateHz) * 1e6;
      const stored = await store.write(fileNameOf(point.tag), [bytes]);
      const record: CaptureRecord = {
        tag: point.tag,
        name: point.name,
        device: point.device,
        asset: point.asset,
        // A device stamps an array when it is whole.
        startUs: Math.round((Number.isNaN(measuredUs) ? clock.nowUs() : measuredUs) - durationUs),
        ...rest,
        channels: 1,
        unit: point.unit,
        trigger,
        why,
        state: this.#options.stateOf(point.state),
        mediaType: "application/octet-stream",
        ...stored,
      };
      const lost = await this.#keep(record);
      if (lost === undefined) {
        this.#kept++;
        point.features?.taken(record, bytes);
      } else this.#chargeArray(point, lost, dueUs, 1);
    } catch (failure) {
      this.#trouble(point.tag, point.name, messageChain(failure));
      this.#chargeArray(point, "queue full", dueUs, 1);
    } finally {
      this.#underWay--;
      this.#busy.delete(point.tag);
    }
  }

  async #read(
    point: ArrayPoint,
    stopping: AbortSignal,
  ): Promise<
    | ArrayReading
    | { readonly by: "stop" | "device"; readonly lost: Loss["reason"]; readonly reason: string }
  > {
    const late = new AbortController();
    const over = new AbortController();
    const { clock } = this.#options;
    clock.sleep(readMs, over.signal).then(
      () => {
        late.abort(new Error(`${point.device} was not there for ${readMs / 1_000} s`));
      },
      () => undefined,
    );
    try {
      const read = await point.read(AbortSignal.any([stopping, late.signal]));
      if ("bytes" in read) return read;
      return { by: "device", lost: "rejected", reason: read.reason };
    } catch (failure) {
      return hasAborted(stopping)
        ? { by: "stop", lost: "gateway down", reason: "the gateway stops" }
        : { by: "device", lost: "device unreachable", reason: messageChain(failure) };
    } finally {
      over.abort();
    }
  }

  async #byFolder(point: FolderPoint, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const watch = new FolderWatch(point.folder);
    while (!hasAborted(signal)) {
      const files = await watch.look().catch((failure: unknown) => {
        this.#trouble(point.tag, point.name, messageChain(failure));
        return [];
      });
      for (const file of files) {
        if (hasAborted(signal)) return;
        // One that cannot be kept stays where it is, and holds up no other.
        await this.#takeFile(point, file).catch((failure: unknown) => {
          this.#trouble(point.tag, `${point.name}: ${file.name}`, messageChain(failure));
        });
      }
      await clock.sleep(lookEveryMs, signal).catch(() => undefined);
    }
  }

  async #takeFile(point: FolderPoint, file: FoundFile): Promise<void> {
    const { store } = this.#options;
    const stored = await store.write(fileNameOf(point.tag), createReadStream(file.path));
    // Written to while it was read: it is looked at again.
    if (stored.byteCount !== file.size) return;
    const kept = await this.#keep({
      tag: point.tag,
      name: point.name,
      asset: point.asset,
      startUs: file.modifiedUs,
      rateHz: 0,
      count: 0,
      channels: 0,
      sampleType: "none",
      scale: 1,
      unit: "",
      overload: false,
      trigger: "file",
      why: file.name.slice(0, 200),
      state: [],
      mediaType: mediaTypeOf(file.name),
      ...stored,
    });
    // What was not kept stays where it is, and is tried again: nothing is lost yet.
    if (kept !== undefined) return;
    this.#due++;
    this.#kept++;
    // Only now: after a crash before this line it is taken again, and known by its bytes and its time.
    await rm(file.path, { force: true });
  }

  /** Why it was not kept; nothing when it is, now or from before. */
  async #keep(record: CaptureRecord): Promise<Loss["reason"] | undefined> {
    const { store, log } = this.#options;
    const kept = await store.keep(record);
    switch (kept.kind) {
      case "kept":
      case "known":
        this.#healed(record.tag);
        log.debug("capture.kept", { tag: record.tag, bytes: record.byteCount, why: record.why });
        return undefined;
      case "corrupt":
        this.#trouble(record.tag, record.name, "the disk does not give back what was written");
        return "frame corrupt";
      case "refused":
        this.#trouble(record.tag, record.name, kept.reason);
        return "queue full";
    }
  }

  #miss(point: ArrayPoint, count: number, reason: Loss["reason"], atUs: number): void {
    this.#due += count;
    this.#chargeArray(point, reason, atUs, count);
  }

  #chargeArray(point: ArrayPoint, reason: Loss["reason"], atUs: number, count: number): void {
    this.#charge(point.tag, reason, atUs, count);
    const toUs = Math.max(atUs, this.#options.clock.nowUs());
    point.features?.missed(reason, atUs, toUs, count);
  }

  #charge(tag: TagId, reason: Loss["reason"], atUs: number, count: number): void {
    this.#charged += count;
    this.#options.charge({
      reason,
      scope: { kind: "tag", tag },
      fromUs: atUs,
      toUs: Math.max(atUs, this.#options.clock.nowUs()),
      count: { kind: "scheduled", samples: count },
    });
  }

  /** Said when it begins and when it ends, not each time. */
  #trouble(tag: TagId, name: string, why: string): void {
    if (this.#troubled.has(tag)) return;
    this.#troubled.add(tag);
    this.#options.log.warn("capture.not-taken", { tag, name, why });
  }

  #healed(tag: TagId): void {
    if (this.#troubled.delete(tag)) this.#options.log.info("capture.taken-again", { tag });
  }
}

/** Ids hold slashes. */
function fileNameOf(tag: TagId): string {
  return tag.replaceAll("/", "_");
}

/** A call, because a compiler that has seen `aborted` false once believes that it stays so across a wait. */
function hasAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
