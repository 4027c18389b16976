/**
 * What the settings mean for the journal: how long an outage of the hub may be, and what goes in which order when it is
 * longer. It is reckoned before anything runs; a running gateway says the same as measured (`/api/buffer`).
 */
import type { TagKind } from "@millwright/wire-contract";

import { roomOf } from "../room.ts";
import { usualBytesPerSample } from "./chunker.ts";
import { isTelemetry } from "./groups.ts";
import { neverShed, planShedding } from "./shedding-plan.ts";
import { rollupBytesPerSample } from "./tiers.ts";

export interface PlannedTag {
  readonly tag: { readonly kind: TagKind };
  readonly point: { readonly everyMs: number };
}

/** A wide frame of few to a thousand tags takes 1.9 to 2.7 bytes a sample (architecture 4). */
const frameBytesPerSample = 2.7;
/** Two heads and two rows for each commit that brings samples. */
const commitBytes = 300;

export function planJournal(
  { bytesMax, commitEveryMs }: { readonly bytesMax: number; readonly commitEveryMs: number },
  tags: Iterable<PlannedTag>,
): readonly string[] {
  let samplesPerS = 0;
  let telemetryPerS = 0;
  for (const { tag, point } of tags) {
    const perS = 1_000 / point.everyMs;
    samplesPerS += perS;
    if (isTelemetry(tag.kind)) telemetryPerS += perS;
  }
  const room = roomOf(bytesMax);
  const commitsPerS = Math.min(samplesPerS, 1_000 / commitEveryMs);
  const fill = {
    usedBytes: 0,
    chunkBytes: 0,
    thinAboveBytes: room.thinAboveBytes,
    refuseAboveBytes: room.sampleBytesMax,
    frameBytesPerS: samplesPerS * frameBytesPerSample + commitsPerS * commitBytes,
    chunkBytesPerS: samplesPerS * usualBytesPerSample,
    rollupBytesPerS: samplesPerS * rollupBytesPerSample,
    unsafeS: 0,
    marginS: 0,
  };
  const share = samplesPerS === 0 ? 1 : telemetryPerS / samplesPerS;
  const { steps, refusesInS } = planShedding(fill, share);
  return [
    `${mebibytes(bytesMax)} with its log; room is made above ${mebibytes(room.thinAboveBytes)}, ` +
      `reckoned for at most ${samplesPerS.toFixed(1)} values/s, all told, with the hub away from an empty journal on`,
    ...steps.map(({ what, stays, reason, beginsInS }, at) => {
      const ledger = reason === undefined ? "" : `; in the ledger as "${reason}"`;
      return `${at + 1}. ${afterWords(beginsInS)}: ${what}; what stays: ${stays}${ledger}`;
    }),
    `${steps.length + 1}. ${afterWords(refusesInS)}: new samples are refused; in the ledger as "queue full"`,
    `never: ${neverShed}; nor samples of the running hour`,
  ];
}

function afterWords(seconds: number): string {
  if (!Number.isFinite(seconds)) return "does not come to it";
  if (seconds < 7_200) return `after ${Math.round(seconds / 60)} min`;
  if (seconds < 259_200) return `after ${Math.round(seconds / 3_600)} h`;
  return `after ${Math.round(seconds / 86_400)} days`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
