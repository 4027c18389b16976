/**
 * One conversation with one device on a line.
 *
 * What becomes of a reading that was due is always one of two things, so that due = rows + lost:
 *
 * | what happened | row | lost |
 * |---|---|---|
 * | answered | the value, with its own quality | |
 * | the device refuses this address (exceptions 1, 2, 3), now or remembered | bad: address unknown, not supported | |
 * | the reading failed in the device (4, 8, others) | bad: device fault | |
 * | the device is busy (5, 6); the line is too slow for the schedule | | device overload |
 * | no answer in time | | device unreachable |
 * | the unit is away (three in a row; at once with 10 and 11) | once for each point: bad, device unreachable | then: device unreachable |
 * | what came was no answer | | link lost |
 * | the line went away | | link lost |
 * | nobody took the readings, or we stood still ourselves, so no new poll was begun | | queue full |
 *
 * A Modbus device does not say when it measured; readings carry the time of receipt.
 */
import type { Scalar, WriteOutcome } from "@millwright/wire-contract";

import type { DriverContext, DriverSession, ReadingBatch } from "../driver.ts";
import { DeviceUnreachable, LinkLost } from "../faults.ts";
import type { ModbusPoint } from "./addresses.ts";
import { ScaleBook } from "./columns.ts";
import type { Exchange, Outcome } from "./conversation.ts";
import { exceptionWords } from "./exceptions.ts";
import type { LineUse } from "./lines.ts";
import { Poller } from "./poller.ts";
import { ReadPlan, type PlannedRead } from "./read-plan.ts";
import type { Track } from "./round.ts";
import { Schedule } from "./schedule.ts";
import type { ModbusSettings } from "./settings.ts";
import type { Question } from "./pdu.ts";
import { outcomeOfWrite, planWrite } from "./writing.ts";

/** An answer that came before the schedules began. */
interface Held {
  readonly read: PlannedRead;
  readonly data: Uint8Array;
}

/** Writes that may wait for the line; the one beyond is refused, because a person or a rule is waiting for each. */
const writesWaitingMax = 32;

/** A device of many units is there when one of its first units is; asking all would take a time-out for each. */
const unitsAskedMax = 3;

export class ModbusSession implements DriverSession {
  /** Nothing in a Modbus device outlives a conversation. */
  readonly resume = {};
  readonly #settings: ModbusSettings;
  readonly #points: readonly ModbusPoint[];
  readonly #use: LineUse;
  readonly #context: DriverContext;
  readonly #scales = new ScaleBook();
  readonly #tracks: readonly Track[];
  readonly #units: ReadonlySet<number>;
  #held: Held | undefined;
  #writesWaiting = 0;
  #ended = false;

  constructor(
    settings: ModbusSettings,
    points: readonly ModbusPoint[],
    use: LineUse,
    context: DriverContext,
  ) {
    this.#settings = settings;
    this.#points = points;
    this.#use = use;
    this.#context = context;
    this.#units = new Set(points.map((point) => point.unit));
    // Quickest first: the order in which the poller serves them.
    const intervals = [...new Set(points.map((point) => point.everyMs))].sort((a, b) => a - b);
    this.#tracks = intervals.map((everyMs) => {
      // Mostly all are of one interval, and then nobody keeps a list of his own.
      const mine =
        intervals.length === 1 ? points : points.filter((point) => point.everyMs === everyMs);
      return {
        plan: new ReadPlan(mine, settings, this.#scales),
        schedule: new Schedule(everyMs),
        points: mine.map((point) => point.index),
      };
    });
  }

  /**
   * Asks the device one of its own questions. What it answers is the first reading of those points: some registers
   * clear on reading, so no answer may be thrown away. Throws `DeviceUnreachable`.
   */
  async knock(signal: AbortSignal): Promise<void> {
    let failure = "";
    for (const unit of [...this.#units].slice(0, unitsAskedMax)) {
      const reads = this.#tracks.flatMap((track) => track.plan.reads);
      const read = reads.find((other) => other.request.unit === unit);
      if (read === undefined) continue;
      let data: Uint8Array = new Uint8Array(0);
      const outcome = await this.#ask(read.question, false, signal, (pdu) => {
        data = Uint8Array.from(pdu.subarray(2));
      });
      signal.throwIfAborted();
      if (outcome.kind === "answer") {
        this.#held = { read, data };
        this.#use.line.use(this.#units);
        return;
      }
      const gone = outcome.kind === "exception" && (outcome.code === 10 || outcome.code === 11);
      if (outcome.kind === "exception" && !gone) {
        this.#use.line.use(this.#units);
        return;
      }
      failure = `unit ${unit}: ${wordsOf(outcome)}`;
    }
    throw new DeviceUnreachable(this.#context.device, {
      cause: new Error(failure),
      hint: `Check that ${this.#context.device} has power, and that unit number, framing and speed are those typed.`,
    });
  }

  async *readings(signal: AbortSignal): AsyncGenerator<ReadingBatch, void, undefined> {
    const { line } = this.#use;
    const { clock, device } = this.#context;
    const window = this.#settings.framing === "tcp" ? this.#settings.concurrent : 1;
    const poller = new Poller(line, this.#tracks, window, this.#settings.timeoutMs, this.#context);
    if (this.#held !== undefined) poller.give(this.#held.read, this.#held.data);
    this.#held = undefined;
    const ring = (): void => {
      poller.ring();
    };
    const stop = (): void => {
      poller.stop();
    };
    signal.addEventListener("abort", stop, { once: true });
    line.gone.addEventListener("abort", ring, { once: true });
    try {
      if (signal.aborted) poller.stop();
      for (;;) {
        const batch = poller.take();
        if (batch !== undefined) {
          const fromMs = clock.monotonicMs();
          yield batch;
          poller.paused(fromMs, clock.monotonicMs());
          poller.reuse(batch);
        } else if (signal.aborted) return;
        else if (line.gone.aborted) throw new LinkLost(device, { cause: line.gone.reason });
        else {
          poller.begin();
          await poller.wait();
        }
      }
    } finally {
      poller.stop();
      signal.removeEventListener("abort", stop);
      line.gone.removeEventListener("abort", ring);
    }
  }

  async write(index: number, value: Scalar, signal: AbortSignal): Promise<WriteOutcome> {
    const point = this.#points.find((other) => other.index === index);
    if (point === undefined) return { kind: "refused", reason: `there is no point ${index}` };
    const slot = point.scaleRegister;
    const power =
      slot === undefined
        ? NaN
        : this.#scales.power(this.#scales.slotOf(point.unit, point.table, slot));
    const plan = planWrite(point, value, power);
    if ("kind" in plan) return plan;
    if (this.#writesWaiting >= writesWaitingMax) {
      return { kind: "refused", reason: `${writesWaitingMax} writes wait for the line already` };
    }
    this.#writesWaiting++;
    try {
      let outcome: Outcome = { kind: "lost", sent: false };
      for (const question of plan) {
        outcome = await this.#ask(question, true, signal);
        // Exception 1 says that nothing was done, so another function may be tried.
        if (outcome.kind !== "exception" || outcome.code !== 1) break;
      }
      return outcomeOfWrite(outcome);
    } finally {
      this.#writesWaiting--;
    }
  }

  /** Nothing was made in the device, so there is nothing to take back. */
  end(): Promise<void> {
    return this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#use.line.release(this.#units);
    await this.#use.leave();
  }

  /** One question outside of the schedules. Aborting withdraws it while it waits, and leaves it unknown afterwards. */
  #ask(
    question: Question,
    first: boolean,
    signal: AbortSignal,
    onPdu: (pdu: Uint8Array) => void = () => undefined,
  ): Promise<Outcome> {
    const { line } = this.#use;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const exchange: Exchange = {
      question,
      timeoutMs: this.#settings.timeoutMs,
      done: (outcome) => {
        if (outcome.kind === "answer") onPdu(outcome.pdu);
        resolve(outcome);
      },
    };
    const onAbort = (): void => {
      const sent = !line.withdraw(exchange);
      resolve({ kind: "lost", sent });
    };
    if (signal.aborted) return Promise.resolve({ kind: "lost", sent: false });
    signal.addEventListener("abort", onAbort, { once: true });
    if (first) line.submitFirst(exchange);
    else line.submit([exchange]);
    return promise.finally(() => {
      signal.removeEventListener("abort", onAbort);
    });
  }
}

function wordsOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case "answer":
      return "it answers";
    case "exception":
      return exceptionWords(outcome.code);
    case "silent":
      return "no answer in time";
    case "garbled":
      return outcome.what;
    case "lost":
      return "the connection was closed";
  }
}
