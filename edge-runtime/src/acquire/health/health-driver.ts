/** The gateway's own health as one more device: the same tags, alarms and charts as for any machine. */
import type { Refused } from "@millwright/kit";
import { status, type DeviceId, type TagId, type WriteOutcome } from "@millwright/wire-contract";
import * as z from "zod";

import type { DeclaredTag } from "../../hand-over.ts";
import { createBatchBuilder } from "../batch-builder.ts";
import type {
  Driver,
  DriverContext,
  DriverSession,
  OfferedPoint,
  PointSettings,
  ReadingBatch,
} from "../driver.ts";
import {
  HealthProbe,
  isMeasure,
  measureAddresses,
  measures,
  type HealthValues,
} from "./measures.ts";

export interface HealthSettings {
  readonly everySeconds: number;
}

/** Health moves slowly, and looking must not be what a small gateway is busy with. */
const everySecondsMin = 10;

/** A start has better to do than to look at itself: the plant's values go before it. */
export const firstLookAfterMs = 3_000;

const notWritten: Refused = {
  kind: "refused",
  reason: "the gateway's own health cannot be written",
};

export const healthDriver: Driver<HealthSettings> = {
  protocol: "health",
  polled: true,
  settings: z.strictObject({
    everySeconds: z.int().min(everySecondsMin).max(3_600).default(everySecondsMin),
  }),
  shown: { everySeconds: "plain" },
  line: () => "this gateway",

  checkPoint(_settings, { address }) {
    if (isMeasure(address)) return undefined;
    return {
      kind: "refused",
      reason: `the gateway knows no ${address} of itself; it knows ${measureAddresses.join(", ")}`,
    };
  },

  checkWrite: () => notWritten,

  plan: ({ everySeconds }, points) => [
    {
      severity: "info",
      text: `${points.length} values of the gateway itself every ${everySeconds} s`,
    },
  ],

  open(settings, points, context, signal) {
    signal.throwIfAborted();
    const session: DriverSession = {
      resume: {},
      readings: (until) => rounds(settings, points, context, until),
      write: (): Promise<WriteOutcome> => Promise.resolve(notWritten),
      end: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    return Promise.resolve(session);
  },

  async *browse(_settings, context, max): AsyncGenerator<OfferedPoint, void> {
    const values = await new HealthProbe(context.stateFolder, context.clock.monotonicMs()).read(
      context.clock.monotonicMs(),
    );
    for (const address of measureAddresses.slice(0, max)) {
      const { name, type, unit } = measures[address];
      const value = values.get(address);
      yield {
        address,
        path: `This gateway / ${name}`,
        name,
        type,
        unit,
        value,
        status: value === undefined ? status.badNotSupported : status.good,
        writable: false,
      };
    }
  },
};

async function* rounds(
  settings: HealthSettings,
  points: readonly PointSettings[],
  context: DriverContext,
  signal: AbortSignal,
): AsyncGenerator<ReadingBatch, void> {
  const { clock } = context;
  const everyMs = settings.everySeconds * 1_000;
  const probe = new HealthProbe(context.stateFolder, clock.monotonicMs());
  let dueMs = clock.monotonicMs() + firstLookAfterMs;
  await clock.sleep(firstLookAfterMs, signal).catch(() => undefined);
  while (!signal.aborted) {
    const values = await probe.read(clock.monotonicMs());
    context.due(points.length);
    yield toBatch(points, values, clock.nowUs());
    dueMs += everyMs;
    const missed = Math.floor((clock.monotonicMs() - dueMs) / everyMs);
    if (missed > 0) {
      // The caller was slow. The round that is due now is made up for, those before it are not.
      const nowUs = clock.nowUs();
      context.due(missed * points.length);
      context.lost(
        -1,
        missed * points.length,
        "sampled slower than asked",
        nowUs - missed * everyMs * 1_000,
        nowUs,
      );
      dueMs += missed * everyMs;
    }
    await clock.sleep(dueMs - clock.monotonicMs(), signal).catch(() => undefined);
  }
}

function toBatch(
  points: readonly PointSettings[],
  values: HealthValues,
  nowUs: number,
): ReadingBatch {
  const builder = createBatchBuilder(Math.max(1, points.length));
  points.forEach(({ address }, at) => {
    const value = isMeasure(address) ? values.get(address) : undefined;
    builder.push(at, NaN, value ?? NaN, value === undefined ? status.badNotSupported : status.good);
  });
  return builder.take(nowUs);
}

/** The tags that every gateway has of itself without anybody typing them. */
export function healthTags(
  device: DeviceId,
  everySeconds: number = everySecondsMin,
): readonly { readonly point: PointSettings; readonly tag: DeclaredTag }[] {
  return measureAddresses.map((address) => {
    const { name, type, unit, kind, decimals, high } = measures[address];
    const id = `${device}/${address}` as TagId;
    const everyMs = everySeconds * 1_000;
    return {
      point: { tag: id, address, type, everyMs, options: {} },
      tag: {
        id,
        name,
        device,
        type,
        kind,
        unit,
        decimals,
        scale: 1,
        offset: 0,
        clock: "gateway",
        // Two rounds may fail before a value counts as stale.
        expectedMs: everyMs * 3,
        low: NaN,
        high,
        asset: "Gateway",
        texts: new Map(),
        filteredAtSource: "",
      },
    };
  });
}
