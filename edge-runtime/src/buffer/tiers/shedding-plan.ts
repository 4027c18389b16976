/**
 * What goes when the journal needs room, in this order, each only when there is nothing left of the one before (no-loss
 * protocol 4.4). One list: it is what is executed, and what a person is shown before.
 */
import type { LossReason } from "@millwright/wire-contract";

import { forecast, openHourS, secondsFor, type BufferFill } from "./buffer-clock.ts";

export type SheddingStep = "measurements" | "states" | "stored" | "told" | "buckets";

export interface PlannedShedding {
  readonly step: SheddingStep;
  readonly what: string;
  readonly stays: string;
  /** What the ledger says of it; absent where nothing is lost. */
  readonly reason?: LossReason;
}

export const sheddingOrder: readonly PlannedShedding[] = [
  {
    step: "measurements",
    what: "samples of measurements and counters whose hour is over, the oldest first",
    stays: "minutes and hours of them",
    reason: "thinned",
  },
  {
    step: "states",
    what: "samples of states, switches and texts whose hour is over, the oldest first",
    stays: "time in state by minutes and hours",
    reason: "thinned",
  },
  {
    step: "stored",
    what: "frames that the hub has stored and none of its backups holds",
    stays: "all of it, at the hub",
  },
  {
    step: "told",
    what: "frames that the hub does not have, the oldest first",
    stays: "their numbers and counts as voids, and minutes and hours on the gateway",
    reason: "thinned",
  },
  {
    step: "buckets",
    what: "minutes and hours, the oldest first",
    stays: "nothing",
    reason: "evicted",
  },
];

/** These are never let go: what says them has room of its own. */
export const neverShed = "alarms, events, audit, results of commands, and the ledger";

export interface ForecastShedding extends PlannedShedding {
  /** With the hub away from now on, at these rates, s; Infinity where it never comes to that. */
  readonly beginsInS: number;
}

/** @param telemetryShare of the samples that come: those of measurements and counters, 0 to 1 */
export function planShedding(
  fill: BufferFill,
  telemetryShare: number,
): { readonly steps: readonly ForecastShedding[]; readonly refusesInS: number } {
  const { thinsInS, shedsInS, refusesInS } = forecast(fill);
  const { frameBytesPerS, chunkBytesPerS, rollupBytesPerS, chunkBytes, thinAboveBytes } = fill;
  const othersBytes = fill.usedBytes - chunkBytes * telemetryShare;
  const statesPerS = chunkBytesPerS * (1 - telemetryShare);
  const openBytes = openHourS * (frameBytesPerS + chunkBytesPerS);
  const staysPerS = frameBytesPerS + rollupBytesPerS;
  const statesInS = secondsFor(
    thinAboveBytes - othersBytes - openHourS * chunkBytesPerS,
    staysPerS + statesPerS,
  );
  const chunksGoneInS = secondsFor(
    thinAboveBytes - (fill.usedBytes - chunkBytes) - openHourS * chunkBytesPerS,
    staysPerS,
  );
  const beginsInS: Readonly<Record<SheddingStep, number>> = {
    measurements: telemetryShare > 0 ? thinsInS : Infinity,
    states: telemetryShare < 1 ? Math.max(thinsInS, statesInS) : Infinity,
    // Beside a hub that is away nothing new gets stored: what there is goes when the history has.
    stored: fill.unsafeS > 0 ? Math.max(thinsInS, chunksGoneInS) : Infinity,
    told: shedsInS,
    buckets: secondsFor(thinAboveBytes - openBytes, rollupBytesPerS),
  };
  const steps = sheddingOrder.map((one) => ({ ...one, beginsInS: beginsInS[one.step] }));
  return { steps, refusesInS };
}
