/** A device that writes down what it handed out, and the driver that polls it. */
import type { Clock, Random } from "@millwright/kit";
import type { Produced } from "@millwright/scenario";
import {
  createBatchBuilder,
  DeviceUnreachable,
  LinkLost,
  type Driver,
  type DriverContext,
  type DriverSession,
  type PointSettings,
  type ReadingBatch,
} from "@millwright/edge-runtime/parts";
import { status, type DeviceId } from "@millwright/wire-contract";
import * as z from "zod";

import type { SteppedClock } from "./stepped-clock.ts";

/** The slowest answer to a poll. */
const answerMsMax = 20;
/** An answer, and what the journal takes to keep that its clock was set: 50 ms, and then its commit. */
const clockKeptMs = 100;
/** The longest period of a poll, and its answer: so long after a step the first value may be handed out. */
const firstReadingUs = 1_100_000;

export class PlayedDevice {
  readonly id: DeviceId;
  readonly produced: Produced[] = [];
  /** Readings that were asked for and charged by the driver: the answer did not come. */
  charged = 0;
  /** Readings that only hardware took of which nobody had ever heard. Some may have been on their way. */
  readonly unheard: Produced[] = [];
  /** When each value was handed out, by the world, µs. */
  readonly #madeUs = new Map<number, number>();
  /** Which run of the gateway's clock stamped each value, and what that clock said first. */
  readonly #clockOf = new Map<number, number>();
  readonly #clocksBeganUs: number[] = [];
  readonly #tags: readonly string[];
  readonly #world: Clock;
  readonly #gatewayClock: SteppedClock;
  readonly #random: Random;
  #away = false;
  #quiet = false;
  #value: number;
  #takenByGone = 0;
  /** How far the gateway's clock was ahead at the last hand-out, and since when it is, by the world. */
  #aheadUs = 0;
  #aheadSinceMs = -Infinity;

  /**
   * @param world the time of the device, which nobody sets
   * @param valuesAbove the values that it hands out rise from here, so that they tell which device made them
   */
  constructor(
    id: DeviceId,
    tags: readonly string[],
    world: Clock,
    gatewayClock: SteppedClock,
    random: Random,
    valuesAbove = 0,
  ) {
    this.#value = valuesAbove;
    this.id = id;
    this.#tags = tags;
    this.#world = world;
    this.#gatewayClock = gatewayClock;
    this.#random = random;
  }

  /** The hardware that took all readings up to now is gone. */
  changeHands(): void {
    this.#takenByGone = this.produced.length;
  }

  /** Nobody has heard, or knows any more, of the hardware that is gone: nobody can say what it had. */
  disownGone(): void {
    this.unheard.push(...this.produced.splice(0, this.#takenByGone));
    this.#takenByGone = 0;
  }

  /** When a value was handed out, by the time that nobody sets, µs; undefined of one that never was. */
  madeUs(value: number): number | undefined {
    return this.#madeUs.get(value);
  }

  /**
   * What it handed out, as it can be claimed: by the time that stood on the gateway's clock, and by the world's, where
   * nobody outside has ever heard of that clock and it is gone: no sample of it, nor of the step that began it.
   *
   * @param values that the hub has
   * @param steps by the clock as it was after each of which the hub was told, µs
   */
  claimable(values: Iterable<number>, steps: readonly number[]): readonly Produced[] {
    const heard = new Set([...values].map((value) => this.#clockOf.get(value)));
    for (const [clock, beganUs] of this.#clocksBeganUs.entries()) {
      const isStep = (us: number): boolean => us <= beganUs && beganUs - us < firstReadingUs;
      if (steps.some(isStep)) heard.add(clock);
    }
    return this.produced.map((one) => {
      const worldUs = this.#madeUs.get(one.value);
      const isHeard = heard.has(this.#clockOf.get(one.value));
      return isHeard || worldUs === undefined ? one : { ...one, worldUs };
    });
  }

  leave(): void {
    this.#away = true;
  }

  comeBack(): void {
    this.#away = false;
  }

  /** Hands out nothing any more, and stays connected. */
  fallQuiet(): void {
    this.#quiet = true;
  }

  readonly driver: Driver<unknown> = {
    protocol: "played",
    polled: true,
    settings: z.unknown(),
    line: () => this.id,
    checkPoint: () => undefined,
    plan: () => [],
    open: async (_settings, points, context, signal) => {
      await context.clock.sleep(this.#answerMs(), signal);
      if (this.#away) throw new DeviceUnreachable(this.id);
      return this.#converse(points, context);
    },
  };

  #converse(points: readonly PointSettings[], context: DriverContext): DriverSession {
    return {
      resume: {},
      readings: (signal) => this.#readings(points, context, signal),
      write: () => Promise.resolve({ kind: "refused", reason: "nothing can be written here" }),
      end: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  async *#readings(
    points: readonly PointSettings[],
    context: DriverContext,
    signal: AbortSignal,
  ): AsyncGenerator<ReadingBatch> {
    const { clock } = context;
    const everyMs = points[0]?.everyMs ?? 1_000;
    let dueMs = clock.monotonicMs() + this.#random.next() * everyMs;
    while (!signal.aborted) {
      await clock.sleep(dueMs - clock.monotonicMs(), signal);
      dueMs += everyMs;
      if (this.#quiet) continue;
      const askedUs = clock.nowUs();
      context.due(points.length);
      const answerMs = this.#answerMs();
      const answer = this.#away ? undefined : this.#handOut();
      await clock.sleep(answerMs, signal);
      if (answer === undefined || this.#away) {
        this.charged += points.length;
        // A clock that was set while we waited must not turn the range around.
        const nowUs = clock.nowUs();
        const [fromUs, toUs] = [Math.min(askedUs, nowUs), Math.max(askedUs, nowUs)];
        context.lost(-1, points.length, "link lost", fromUs, toUs);
        throw new LinkLost(this.id);
      }
      const builder = createBatchBuilder(points.length);
      for (const [point, value] of answer.values.entries()) {
        builder.push(point, answer.atUs, value, status.good);
      }
      yield builder.take(clock.nowUs());
    }
  }

  /** What the device answers now, and its own note of it. */
  #handOut(): { readonly atUs: number; readonly values: readonly number[] } {
    const aheadUs = this.#gatewayClock.nowUs() - this.#world.nowUs();
    if (aheadUs !== this.#aheadUs) this.#aheadSinceMs = this.#world.monotonicMs();
    if (aheadUs !== this.#aheadUs || this.#clocksBeganUs.length === 0) {
      this.#clocksBeganUs.push(this.#gatewayClock.nowUs());
    }
    this.#aheadUs = aheadUs;
    // A journal that is put back knows nothing of a clock that was in 1970 meanwhile.
    const isNews =
      !this.#gatewayClock.isSet || this.#world.monotonicMs() - this.#aheadSinceMs < clockKeptMs;
    const world = isNews ? { worldUs: this.#world.nowUs() } : {};
    const values = this.#tags.map((tag) => {
      const value = ++this.#value;
      this.#madeUs.set(value, this.#world.nowUs());
      this.#clockOf.set(value, this.#clocksBeganUs.length - 1);
      const atUs = this.#gatewayClock.nowUs();
      this.produced.push({ tag, device: this.id, atUs, value, ...world });
      return value;
    });
    return { atUs: this.#world.nowUs(), values };
  }

  #answerMs(): number {
    return this.#random.next() * answerMsMax;
  }
}
