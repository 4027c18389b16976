/**
 * How long the file has room while the hub is away: pure reckoning from what is in it and how fast it grows. What waits
 * for the hub can only pile up; history beside it can be thinned.
 */

/** What the file holds and how fast it grows, bytes and seconds. */
export interface BufferFill {
  readonly usedBytes: number;
  /** Of these: chunks, which may be thinned. */
  readonly chunkBytes: number;
  /** Above the first, history is thinned; above the second, samples are refused. */
  readonly thinAboveBytes: number;
  readonly refuseAboveBytes: number;
  /** Of frames and what goes with them, as measured. */
  readonly frameBytesPerS: number;
  /** Of chunks and buckets. */
  readonly chunkBytesPerS: number;
  readonly rollupBytesPerS: number;
  /** Samples that the hub has stored and no backup of it holds: over how many seconds they came. */
  readonly unsafeS: number;
  /** Since the oldest of them came, s: the age of the hub's newest verified backup, as far as this gateway knows. */
  readonly marginS: number;
}

export interface BufferForecast {
  /** Until history is thinned, s; 0 when it is now; Infinity when nothing comes. */
  readonly thinsInS: number;
  /**
   * Until samples are let go that the hub has stored and none of its backups holds, s: a hub that is restored after that
   * is not filled again with all of them (no-loss protocol 4.4). Infinity where there are none.
   */
  readonly exposesInS: number;
  /** Until samples are refused, s. */
  readonly refusesInS: number;
  /** @see BufferFill */
  readonly marginS: number;
}

/** What an outage would do. */
export interface Rehearsal extends BufferForecast {
  readonly outageS: number;
  /** Bytes of history that would be thinned. */
  readonly thinnedBytes: number;
  /** How long samples would be refused, s. */
  readonly refusedS: number;
}

/** Samples of the hour that is not over are needed for its buckets, and cannot be thinned (no-loss protocol 4.6). */
const openHourS = 3_600;

/** From now on, with the hub away. */
export function forecast(fill: BufferFill): BufferForecast {
  const { usedBytes, chunkBytes, chunkBytesPerS } = fill;
  const staysPerS = fill.frameBytesPerS + fill.rollupBytesPerS;
  const allPerS = staysPerS + chunkBytesPerS;
  const openBytes = openHourS * chunkBytesPerS;
  const othersBytes = usedBytes - chunkBytes;
  // What the hub has stored is let go before samples are refused.
  const unsafeBytes = Math.min(othersBytes, fill.unsafeS * fill.frameBytesPerS);
  const thinnedInS = secondsFor(fill.thinAboveBytes - othersBytes - openBytes, staysPerS);
  return {
    marginS: fill.marginS,
    thinsInS: secondsFor(fill.thinAboveBytes - usedBytes, allPerS),
    exposesInS:
      unsafeBytes === 0
        ? Infinity
        : Math.max(secondsFor(fill.thinAboveBytes - usedBytes, allPerS), thinnedInS),
    // All chunks can be thinned, those of now and those to come, but for the open hour's; at first they are all of it.
    refusesInS: Math.max(
      secondsFor(fill.refuseAboveBytes - usedBytes, allPerS),
      secondsFor(fill.refuseAboveBytes - othersBytes + unsafeBytes - openBytes, staysPerS),
    ),
  };
}

/** "What would an outage of so long do, at the rates of now?" */
export function rehearse(fill: BufferFill, outageS: number): Rehearsal {
  const { thinsInS, exposesInS, refusesInS, marginS } = forecast(fill);
  const perS = fill.frameBytesPerS + fill.rollupBytesPerS + fill.chunkBytesPerS;
  const wanted = fill.usedBytes + perS * outageS - fill.thinAboveBytes;
  const thinnable = fill.chunkBytes + fill.chunkBytesPerS * outageS;
  return {
    outageS,
    thinsInS,
    exposesInS,
    refusesInS,
    marginS,
    thinnedBytes: Math.round(Math.min(thinnable, Math.max(0, wanted))),
    refusedS: Math.max(0, outageS - refusesInS),
  };
}

function secondsFor(bytes: number, perS: number): number {
  if (bytes <= 0) return 0;
  return perS > 0 ? bytes / perS : Infinity;
}
