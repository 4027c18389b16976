/**
 * Keeps one device in conversation for as long as the gateway runs. A driver polls or listens and ends when the link is
 * lost; here it is begun again, with back-off, for ever. What was missed meanwhile is charged to the ledger, and the
 * tags say "bad: device unreachable" from the moment of the loss.
 */
import {
  Backoff,
  Fault,
  hintOf,
  messageChain,
  race,
  type Clock,
  type Log,
  type Random,
  type Refused,
  type Service,
} from "@millwright/kit";
import {
  status,
  type DeviceId,
  type DeviceState,
  type DeviceStatus,
  type LossReason,
  type Scalar,
  type TagId,
  type WriteOutcome,
} from "@millwright/wire-contract";

import type { Loss } from "../hand-over.ts";
import { createBatchBuilder } from "./batch-builder.ts";
import type { ConditionAct } from "./machine-condition.ts";
import { savingResume } from "./saving-resume.ts";
import type {
  ArrayReading,
  ArrayWish,
  Driver,
  DriverContext,
  DriverSession,
  HistoryWish,
  PointList,
  ReadingBatch,
  ResumePoint,
} from "./driver.ts";

/** The first try again comes soon, because most losses are a loose plug; the last ones are paced for a shut-down line. */
const firstRetryMs = 500;
const lastRetryMs = 30_000;
/** A device that refuses needs a person; asking it twice a minute shows it as soon as that person has acted. */
const refusedRetryMs = 30_000;
/** While a device is away its charge is brought up to date this often, so that a page never shows an old ledger. */
const chargeEveryMs = 5_000;
/** A planned end may take a device this long; then the connection is cut. */
const endMsMax = 2_000;

export interface SupervisedDevice {
  readonly id: DeviceId;
  readonly name: string;
  readonly driver: Driver<unknown>;
  readonly connection: unknown;
  readonly points: PointList;
}

export interface DeviceSupervisorOptions {
  readonly device: SupervisedDevice;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly stateFolder: string;
  readonly queueMax: number;
  /** Up to then what the device sent while the gateway was down is in the ledger, µs. */
  readonly downUntilUs: number;
  /** Takes readings on their way; resolves when they were accepted or charged. Slow acceptance slows the polling. */
  readonly deliver: (batch: ReadingBatch, signal: AbortSignal) => Promise<void>;
  readonly charge: (loss: Loss) => void;
  readonly proven: (atUs: number, points?: readonly number[]) => void;
  readonly changed: () => void;
  /** Names the tags of points, as far as their past may be read, by runs of dictionary indices; absent where nobody reads it. */
  readonly historyOf?: (points: readonly number[]) => NonNullable<DeviceStatus["history"]>;
  readonly resume: () => ResumePoint | undefined;
  readonly saveResume: (resume: ResumePoint) => void;
  /** Where the settings ask for the device's own alarms. */
  readonly conditions?: NonNullable<DriverContext["conditions"]>;
}

/** What one device produced, as counted where it enters. */
export interface SourceAccount {
  /** Readings that were due, by schedule or by the device's own numbers. */
  readonly due: number;
  readonly read: number;
  readonly lost: number;
  /** Of conversations that have ended: due − read − lost. Must be 0 (no-loss protocol 7, source). */
  readonly unexplained: number;
}

export class DeviceSupervisor implements Service {
  readonly name: string;
  readonly broken: Promise<never>;
  readonly #options: DeviceSupervisorOptions;
  readonly #stopping = new AbortController();
  readonly #break: (failure: unknown) => void;
  /** By the schedules of all points. */
  readonly #duePerMs: number;
  #running: Promise<void> = Promise.resolve();
  /** Of the conversation under way. */
  #session: DriverSession | undefined;
  #nextSession = Promise.withResolvers<undefined>();
  #state: DeviceState = "connecting";
  #sinceUs: number;
  #confirmedUs = 0;
  #trouble = "";
  #note = "";
  #clockNote = "";
  #badge = "";
  /** What is told of the device's past, and of which points that was made. */
  #history: { readonly of: readonly number[]; readonly runs: DeviceStatus["history"] } | undefined;
  #due = 0;
  #read = 0;
  #lost = 0;
  #unexplained = 0;

  constructor(options: DeviceSupervisorOptions) {
    this.#options = options;
    this.name = `device ${options.device.id}`;
    this.#sinceUs = options.clock.nowUs();
    let duePerMs = 0;
    for (const { everyMs } of options.device.points) duePerMs += 1 / everyMs;
    this.#duePerMs = duePerMs;
    let fail: (failure: unknown) => void = () => undefined;
    this.broken = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    this.broken.catch(() => undefined);
    this.#break = fail;
  }

  start(): Promise<void> {
    this.#running = this.#run(this.#stopping.signal).catch((defect: unknown) => {
      this.#break(defect);
    });
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the gateway stops"));
    await this.#running;
  }

  get status(): DeviceStatus {
    const { device } = this.#options;
    const history = this.#historyRuns();
    return {
      device: device.id,
      name: device.name,
      protocol: device.driver.protocol,
      state: this.#state,
      sinceUs: this.#sinceUs,
      confirmedUs: this.#confirmedUs,
      note: [this.#trouble, this.#note, this.#clockNote].filter((text) => text !== "").join(". "),
      badge: this.#badge,
      ...(history === undefined || history.length === 0 ? {} : { history }),
    };
  }

  /**
   * The stamps of the device are used as they are. By a clock that is corrected, one value would have two times: as it was
   * read, and as it is kept there.
   */
  get keepsTime(): boolean {
    return this.#clockNote === "";
  }

  #historyRuns(): DeviceStatus["history"] {
    const of = this.#session?.historyPoints;
    if (of === undefined || of.length === 0 || !this.keepsTime) return undefined;
    // A conversation says it once, and it is asked each second.
    if (this.#history?.of !== of) this.#history = { of, runs: this.#options.historyOf?.(of) };
    return this.#history.runs;
  }

  /**
   * Waits for a conversation, if there is none, until `signal` aborts. What is read is delivered as late. Throws what the
   * driver throws.
   *
   * @param choose what of a batch is wanted
   * @returns points of which the device gave less than it has, or nothing
   */
  async readHistory(
    wish: HistoryWish,
    choose: (batch: ReadingBatch) => Promise<ReadingBatch>,
    signal: AbortSignal,
  ): Promise<readonly number[]> {
    while (this.#session === undefined) await race(this.#nextSession.promise, signal);
    const { deliver } = this.#options;
    const take = async (batch: ReadingBatch): Promise<void> => {
      const chosen = await choose(batch);
      if (chosen.count > 0) await deliver(chosen, signal);
    };
    return (await this.#session.readHistory?.(wish, take, signal)) ?? wish.points;
  }

  /** What was found of the clock behind this device's stamps, for as long as it holds; "" takes it back. */
  noteClock(text: string): void {
    if (text === this.#clockNote) return;
    this.#clockNote = text;
    this.#options.changed();
  }

  /** Waits for a conversation, if there is none, until `signal` aborts. Throws what the driver throws. */
  async readArray(wish: ArrayWish, signal: AbortSignal): Promise<ArrayReading | Refused> {
    while (this.#session === undefined) await race(this.#nextSession.promise, signal);
    return (
      (await this.#session.readArray?.(wish, signal)) ?? {
        kind: "refused",
        reason: `${this.#options.device.driver.protocol} has no arrays`,
      }
    );
  }

  /**
   * Writes in the conversation that there is; without one nothing is sent, and nothing waits for one. Never throws.
   *
   * @param value in device terms
   * @param admit asked once, with nothing to wait for between it and the driver; a refusal ends it there
   */
  async write(
    point: number,
    value: Scalar,
    admit: () => Refused | undefined,
    signal: AbortSignal,
  ): Promise<WriteOutcome> {
    const session = this.#session;
    if (session === undefined) {
      const { name } = this.#options.device;
      return { kind: "refused", reason: `there is no link to ${name}; nothing was sent` };
    }
    const refusal = admit();
    if (refusal !== undefined) return refusal;
    try {
      return await session.write(point, value, signal);
    } catch (failure) {
      // What a driver does not foresee may have happened on either side of the wire.
      return { kind: "unknown", reason: messageChain(failure) };
    }
  }

  /** As `write`: in the conversation that there is. Never throws. */
  async actOnCondition(act: ConditionAct, signal: AbortSignal): Promise<WriteOutcome> {
    const reason = `there is no link to ${this.#options.device.name}`;
    try {
      return (await this.#session?.actOnCondition?.(act, signal)) ?? { kind: "refused", reason };
    } catch (failure) {
      return { kind: "unknown", reason: messageChain(failure) };
    }
  }

  get account(): SourceAccount {
    return { due: this.#due, read: this.#read, lost: this.#lost, unexplained: this.#unexplained };
  }

  async #run(stop: AbortSignal): Promise<void> {
    const { clock, random, log, device, downUntilUs } = this.#options;
    const backoff = new Backoff(firstRetryMs, lastRetryMs, random);
    let awaySinceUs: number | undefined;
    // Until it is found not to answer a device is away as well: for as long as a connection may take. One that speaks by
    // itself has also spoken while the gateway started.
    let askedUs = Math.min(clock.nowUs(), device.driver.polled ? Infinity : downUntilUs);

    while (!stop.aborted) {
      let failure: unknown;
      try {
        await this.#converse(stop, (session) => {
          const nowUs = clock.nowUs();
          if (awaySinceUs === undefined) {
            if (session.missesWhatWasSent === true) this.#chargeUnheard(askedUs, nowUs);
          } else {
            this.#chargeAbsence(awaySinceUs, nowUs);
            const downS = Math.round((clock.nowUs() - this.#sinceUs) / 1e6);
            log.info("acquire.device-back", { device: device.id, downS });
            awaySinceUs = undefined;
          }
          askedUs = Infinity;
          backoff.succeeded();
          this.#turn("live", "");
        });
        return;
      } catch (caught) {
        const nowUs = clock.nowUs();
        askedUs = Math.min(awaySinceUs ?? askedUs, nowUs);
        if (hasAborted(stop)) {
          this.#chargeAbsence(askedUs, nowUs);
          return;
        }
        // Anything but a fault is a mistake of ours, and going on would hide it.
        if (!(caught instanceof Fault)) throw caught;
        failure = caught;
      }

      const nowUs = clock.nowUs();
      if (awaySinceUs === undefined) {
        awaySinceUs = askedUs;
        log.warn("acquire.device-away", {
          device: device.id,
          why: messageChain(failure),
          hint: hintOf(failure),
        });
        await this.#sayUnreachable(nowUs, stop);
      }
      const refused = failure instanceof Fault && failure.retry === "never";
      const hint = hintOf(failure);
      this.#turn(
        refused ? "refused" : "down",
        hint === undefined ? messageChain(failure) : `${messageChain(failure)}. ${hint}`,
      );
      const waitMs = refused ? refusedRetryMs : backoff.nextMs();
      awaySinceUs = await this.#wait(waitMs, awaySinceUs, stop);
    }
  }

  /** Waits before the next try and keeps the charge of the absence up to date. Returns until when it is charged. */
  async #wait(waitMs: number, chargedUs: number, stop: AbortSignal): Promise<number> {
    const { clock } = this.#options;
    let leftMs = waitMs;
    let untilUs = chargedUs;
    while (leftMs > 0 && !hasAborted(stop)) {
      const stepMs = Math.min(leftMs, chargeEveryMs);
      await clock.sleep(stepMs, stop).catch(() => undefined);
      leftMs -= stepMs;
      const nowUs = clock.nowUs();
      this.#chargeAbsence(untilUs, nowUs);
      untilUs = nowUs;
    }
    return untilUs;
  }

  /** One conversation, from opening to loss. Resolves only when the gateway stops. */
  async #converse(stop: AbortSignal, opened: (session: DriverSession) => void): Promise<void> {
    const { clock, random, log, device, stateFolder, queueMax, conditions } = this.#options;
    const before = this.account;
    const context: DriverContext = {
      device: device.id,
      ...{ clock, random, log, queueMax, stateFolder },
      ...(conditions === undefined ? {} : { conditions }),
      due: (count) => {
        this.#due += count;
      },
      lost: (point, count, reason, fromUs, toUs) => {
        this.#chargeLost(point, count, reason, fromUs, toUs);
      },
      proven: (atUs, points) => {
        if (points === undefined) this.#confirmedUs = Math.max(this.#confirmedUs, atUs);
        this.#options.proven(atUs, points);
      },
      note: (text) => {
        this.#note = text;
        this.#options.changed();
      },
      badge: (text) => {
        this.#badge = text;
        this.#options.changed();
      },
    };

    const session = await device.driver.open(
      device.connection,
      [...device.points],
      context,
      stop,
      this.#options.resume(),
    );
    opened(session);
    this.#session = session;
    this.#nextSession.resolve(undefined);
    try {
      try {
        const withResume = savingResume(session, this.#options.saveResume);
        for await (const batch of session.readings(stop)) {
          if (batch.late !== true) this.#read += batch.count;
          await this.#options.deliver(withResume(batch), stop);
        }
      } catch (failure) {
        if (!hasAborted(stop)) throw failure;
      }
      // Only a planned end takes back what was made in the device: after a loss its queue holds data we want.
      await session.end(AbortSignal.timeout(endMsMax)).catch((failure: unknown) => {
        log.warn("acquire.end-refused", { device: device.id, why: messageChain(failure) });
      });
    } finally {
      this.#session = undefined;
      this.#nextSession = Promise.withResolvers<undefined>();
      await session[Symbol.asyncDispose]();
      const after = this.account;
      this.#unexplained +=
        after.due - before.due - (after.read - before.read) - (after.lost - before.lost);
    }
  }

  #chargeLost(
    point: number,
    count: number,
    reason: LossReason,
    fromUs: number,
    toUs: number,
  ): void {
    const { device } = this.#options;
    const settings = point < 0 ? undefined : device.points.at(point);
    if (!Number.isNaN(count)) this.#lost += count;
    this.#options.charge({
      reason,
      fromUs,
      toUs,
      scope:
        settings === undefined
          ? { kind: "device", device: device.id }
          : { kind: "tag", tag: settings.tag as TagId },
      count: Number.isNaN(count) ? { kind: "unknown" } : { kind: "exact", samples: count },
    });
  }

  /** What was sent between the opening of the journal, which claims what came before it, and the first conversation. */
  #chargeUnheard(fromUs: number, toUs: number): void {
    const { id: device } = this.#options.device;
    const scope = { kind: "device", device } as const;
    this.#options.charge({
      reason: "gateway down",
      scope,
      fromUs,
      toUs,
      count: { kind: "unknown" },
    });
  }

  /** What the schedule would have fetched between two moments; for a device that speaks by itself nobody knows. */
  #chargeAbsence(fromUs: number, toUs: number): void {
    const { device } = this.#options;
    if (toUs <= fromUs || device.points.length === 0) return;
    const samples = Math.round(((toUs - fromUs) / 1_000) * this.#duePerMs);
    if (device.driver.polled && samples === 0) return;
    this.#options.charge({
      reason: "device unreachable",
      scope: { kind: "device", device: device.id },
      fromUs,
      toUs,
      count: device.driver.polled ? { kind: "scheduled", samples } : { kind: "unknown" },
    });
  }

  /** One bad sample for each tag, once for each loss: charts end there, and screens say why. */
  async #sayUnreachable(nowUs: number, signal: AbortSignal): Promise<void> {
    const { points } = this.#options.device;
    if (points.length === 0) return;
    const builder = createBatchBuilder(points.length);
    for (let index = 0; index < points.length; index++)
      builder.push(index, NaN, NaN, status.badNoCommunication);
    await this.#options.deliver(builder.take(nowUs), signal);
  }

  #turn(state: DeviceState, trouble: string): void {
    if (this.#state !== state) this.#sinceUs = this.#options.clock.nowUs();
    this.#state = state;
    this.#trouble = trouble;
    this.#options.changed();
  }
}

/** A call, because a compiler that has seen `aborted` false once believes that it stays so across a wait. */
function hasAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
