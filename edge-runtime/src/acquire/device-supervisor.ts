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
  type DeviceStatus,
  type Scalar,
  type WriteOutcome,
} from "@millwright/wire-contract";

import type { Loss } from "../hand-over.ts";
import { Absence } from "./absence.ts";
import { createBatchBuilder } from "./batch-builder.ts";
import { DeviceStanding } from "./device-standing.ts";
import type { ConditionAct } from "./machine-condition.ts";
import { savingResume } from "./saving-resume.ts";
import { SourceLedger, type SourceAccount } from "./source-ledger.ts";
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

export class DeviceSupervisor implements Service {
  readonly name: string;
  readonly broken: Promise<never>;
  readonly #options: DeviceSupervisorOptions;
  readonly #stopping = new AbortController();
  readonly #break: (failure: unknown) => void;
  readonly #standing: DeviceStanding;
  readonly #ledger: SourceLedger;
  #running: Promise<void> = Promise.resolve();
  /** Of the conversation under way. */
  #session: DriverSession | undefined;
  #nextSession = Promise.withResolvers<undefined>();
  /** What is told of the device's past, and of which points that was made. */
  #history: { readonly of: readonly number[]; readonly runs: DeviceStatus["history"] } | undefined;

  constructor(options: DeviceSupervisorOptions) {
    this.#options = options;
    const { device, clock, changed, charge } = options;
    const { protocol } = device.driver;
    this.name = `device ${device.id}`;
    this.#standing = new DeviceStanding({ ...device, protocol }, clock, changed);
    this.#ledger = new SourceLedger(device, charge);
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
    const history = this.#historyRuns();
    return {
      ...this.#standing.status,
      ...(history === undefined || history.length === 0 ? {} : { history }),
    };
  }

  get account(): SourceAccount {
    return this.#ledger.account;
  }

  /**
   * The stamps of the device are used as they are. By a clock that is corrected, one value would have two times: as it was
   * read, and as it is kept there.
   */
  get keepsTime(): boolean {
    return this.#standing.keepsTime;
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
    this.#standing.noteClock(text);
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

  async #run(stop: AbortSignal): Promise<void> {
    const { clock, random, log, device } = this.#options;
    const backoff = new Backoff(firstRetryMs, lastRetryMs, random);
    const absence = this.#absentFromStart();
    while (!stop.aborted) {
      try {
        await this.#converse(stop, (session) => {
          this.#begun(session, absence);
          backoff.succeeded();
        });
        return;
      } catch (failure) {
        const isNew = !absence.isAway;
        absence.begin(clock.nowUs());
        if (hasAborted(stop)) {
          this.#ledger.absent(absence.untold(clock.nowUs()));
          return;
        }
        // Anything but a fault is a mistake of ours, and going on would hide it.
        if (!(failure instanceof Fault)) throw failure;
        const [why, hint] = [messageChain(failure), hintOf(failure)];
        if (isNew) {
          log.warn("acquire.device-away", { device: device.id, why, hint });
          await this.#sayUnreachable(clock.nowUs(), stop);
        }
        const isRefused = failure.retry === "never";
        this.#standing.turn(
          isRefused ? "refused" : "down",
          hint === undefined ? why : `${why}. ${hint}`,
        );
        await this.#wait(isRefused ? refusedRetryMs : backoff.nextMs(), absence, stop);
      }
    }
  }

  /** Before its first conversation nothing is heard of a device either; one that speaks by itself has also spoken while the gateway started. */
  #absentFromStart(): Absence {
    const { clock, device, downUntilUs } = this.#options;
    const nowUs = clock.nowUs();
    if (!device.driver.polled) return new Absence(Math.min(nowUs, downUntilUs), undefined);
    let duePerMs = 0;
    for (const { everyMs } of device.points) duePerMs += 1 / everyMs;
    return new Absence(nowUs, duePerMs);
  }

  /** What was missed until now is charged, where nobody has kept it. */
  #begun(session: DriverSession, absence: Absence): void {
    const { clock, log, device } = this.#options;
    const nowUs = clock.nowUs();
    if (absence.isAway) {
      this.#ledger.absent(absence.untold(nowUs));
      const downS = Math.round((nowUs - this.#standing.status.sinceUs) / 1e6);
      log.info("acquire.device-back", { device: device.id, downS });
    } else if (session.missesWhatWasSent === true) {
      this.#ledger.unheard(absence.sinceUs, nowUs);
    }
    absence.end();
    this.#standing.turn("live", "");
  }

  /** Waits before the next try and keeps the charge of the absence up to date. */
  async #wait(waitMs: number, absence: Absence, stop: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let leftMs = waitMs;
    while (leftMs > 0 && !hasAborted(stop)) {
      const stepMs = Math.min(leftMs, chargeEveryMs);
      await clock.sleep(stepMs, stop).catch(() => undefined);
      leftMs -= stepMs;
      this.#ledger.absent(absence.untold(clock.nowUs()));
    }
  }

  /** One conversation, from opening to loss. Resolves only when the gateway stops. */
  async #converse(stop: AbortSignal, opened: (session: DriverSession) => void): Promise<void> {
    const { clock, random, log, device, stateFolder, queueMax, conditions } = this.#options;
    const balanced = this.#ledger.conversation();
    const context: DriverContext = {
      device: device.id,
      ...{ clock, random, log, queueMax, stateFolder },
      ...(conditions === undefined ? {} : { conditions }),
      due: (count) => {
        this.#ledger.due(count);
      },
      lost: (...loss) => {
        this.#ledger.lost(...loss);
      },
      proven: (atUs, points) => {
        if (points === undefined) this.#standing.proven(atUs);
        this.#options.proven(atUs, points);
      },
      note: (text) => {
        this.#standing.note(text);
      },
      badge: (text) => {
        this.#standing.badge(text);
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
          if (batch.late !== true) this.#ledger.read(batch.count);
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
      balanced();
    }
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
}

/** A call, because a compiler that has seen `aborted` false once believes that it stays so across a wait. */
function hasAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
