/**
 * How long the file has room while the hub is away: pure reckoning from what is in it and how fast it grows. What waits
 * for the hub can only pile up until the oldest of it is let go; history beside it is thinned before.
 */

/** What the file holds and how fast it grows, bytes and seconds. */
export interface BufferFill {
  readonly usedBytes: number;
  /** Of these: chunks, which may be thinned. */
  readonly chunkBytes: number;
  /** Above the first, room is made; above the second, samples are refused. */
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
  /** Until frames are let go that the hub does not have, the oldest first, s: the room that an outage has. */
  readonly shedsInS: number;
  /**
   * Until samples are refused, s: only where the hour that is not over does not fit, because nothing of it may be let go.
   */
  readonly refusesInS: number;
  /** @see BufferFill */
  readonly marginS: number;
}

/** What an outage would do. */
export interface Rehearsal extends BufferForecast {
  readonly outageS: number;
  /** Bytes of history that would be thinned. */
  readonly thinnedBytes: number;
  /** How much of the outage, from its beginning, would reach the hub as voids, s. */
  readonly shedS: number;
  /** How long samples would be refused, s. */
  readonly refusedS: number;
}

/** Samples of the hour that is not over are needed for its buckets, and cannot be thinned (no-loss protocol 4.6). */
export const openHourS = 3_600;

/** From now on, with the hub away. */
export function forecast(fill: BufferFill): BufferForecast {
  const { usedBytes, chunkBytes, chunkBytesPerS } = fill;
  const staysPerS = fill.frameBytesPerS + fill.rollupBytesPerS;
  const allPerS = staysPerS + chunkBytesPerS;
  const openBytes = openHourS * chunkBytesPerS;
  const othersBytes = usedBytes - chunkBytes;
  // What the hub has stored is let go before what it has not.
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
    shedsInS: Math.max(
      secondsFor(fill.thinAboveBytes - usedBytes, allPerS),
      secondsFor(fill.thinAboveBytes - othersBytes + unsafeBytes - openBytes, staysPerS),
    ),
    refusesInS: refusesIn(fill),
  };
}

/** "What would an outage of so long do, at the rates of now?" */
export function rehearse(fill: BufferFill, outageS: number): Rehearsal {
  const { thinsInS, exposesInS, shedsInS, refusesInS, marginS } = forecast(fill);
  const perS = fill.frameBytesPerS + fill.rollupBytesPerS + fill.chunkBytesPerS;
  const wanted = fill.usedBytes + perS * outageS - fill.thinAboveBytes;
  const thinnable = fill.chunkBytes + fill.chunkBytesPerS * outageS;
  return {
    outageS,
    thinsInS,
    exposesInS,
    shedsInS,
    refusesInS,
    marginS,
    thinnedBytes: Math.round(Math.min(thinnable, Math.max(0, wanted))),
    shedS: Math.max(0, outageS - shedsInS),
    refusedS: Math.max(0, outageS - refusesInS),
  };
}

/** All but the open hour can be let go, so either an hour fits and there is always room, or it does not. */
function refusesIn({ frameBytesPerS, chunkBytesPerS, refuseAboveBytes }: BufferFill): number {
  const perS = frameBytesPerS + chunkBytesPerS;
  return perS * openHourS > refuseAboveBytes ? refuseAboveBytes / perS : Infinity;
}

export function secondsFor(bytes: number, perS: number): number {
  if (bytes <= 0) return 0;
  return perS > 0 ? bytes / perS : Infinity;
}
