/**
 * Features of captures as one more device of the gateway: what is computed of a waveform becomes samples, which are kept,
 * judged, told and shown as those of any machine (field practice 56).
 */
import type { Refused } from "@millwright/kit";
import type { WriteOutcome } from "@millwright/wire-contract";
import * as z from "zod";

import { createBatchBuilder } from "../batch-builder.ts";
import type { Driver, DriverContext, DriverSession, ReadingBatch } from "../driver.ts";

/** One feature of one capture: the place of its point, and its value. */
export interface FeatureReading {
  readonly point: number;
  readonly value: number;
  readonly status: number;
}

interface FeatureRound {
  readonly measuredUs: number;
  readonly readings: readonly FeatureReading[];
}

/** Captures come seconds apart, and a round is taken within a commit: this is minutes of a journal that stands still. */
const roundsMax = 256;

/** The road from captures to this device. */
export class FeatureFeed {
  readonly #rounds: FeatureRound[] = [];
  #wake: () => void = () => undefined;

  /** @returns false when too many wait: then whoever offers says in the ledger that they are lost */
  offer(measuredUs: number, readings: readonly FeatureReading[]): boolean {
    if (this.#rounds.length >= roundsMax) return false;
    this.#rounds.push({ measuredUs, readings });
    this.#wake();
    return true;
  }

  take(): FeatureRound | undefined {
    return this.#rounds.shift();
  }

  /** Resolves when there is something to take, or when the signal aborts. */
  async filled(signal: AbortSignal): Promise<void> {
    if (this.#rounds.length > 0 || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wake = (): void => {
      resolve(undefined);
    };
    this.#wake = wake;
    signal.addEventListener("abort", wake, { once: true });
    await promise;
    signal.removeEventListener("abort", wake);
  }
}

const notWritten: Refused = {
  kind: "refused",
  reason: "features are computed from captures and cannot be written",
};

/** Nobody declares it: it is there where a capture has features (`featureDevice`). Its connection is the feed. */
export const featureDriver: Driver<FeatureFeed> = {
  protocol: "captures",
  polled: true,
  settings: z.instanceof(FeatureFeed),
  line: () => "this gateway",
  checkPoint: () => undefined,
  checkWrite: () => notWritten,
  plan: (_settings, points) => [
    { severity: "info", text: `${points.length} features of captures, as they are taken` },
  ],

  open(feed, _points, context, signal) {
    signal.throwIfAborted();
    const session: DriverSession = {
      resume: {},
      readings: (until) => rounds(feed, context, until),
      write: (): Promise<WriteOutcome> => Promise.resolve(notWritten),
      end: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    return Promise.resolve(session);
  },
};

async function* rounds(
  feed: FeatureFeed,
  context: DriverContext,
  signal: AbortSignal,
): AsyncGenerator<ReadingBatch, void> {
  for (;;) {
    await feed.filled(signal);
    if (signal.aborted) break;
    for (let round = feed.take(); round !== undefined; round = feed.take()) {
      const { measuredUs, readings } = round;
      const builder = createBatchBuilder(Math.max(1, readings.length));
      for (const { point, value, status } of readings) {
        builder.push(point, measuredUs, value, status);
      }
      context.due(readings.length);
      yield builder.take(context.clock.nowUs());
    }
  }
  // The captures themselves are kept, and so they can be computed again; as samples they are not there.
  for (let round = feed.take(); round !== undefined; round = feed.take()) {
    context.due(round.readings.length);
    for (const { point } of round.readings) {
      context.lost(point, 1, "gateway down", round.measuredUs, round.measuredUs);
    }
  }
}
