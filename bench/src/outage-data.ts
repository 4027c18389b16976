/** What all of `bench outage-peers` buffer: the same ticks, from the same seed. */
import { seededRandom } from "@millwright/kit";
import type { GatewayId } from "@millwright/wire-contract";

import { makeSignal } from "./codec-data.ts";

/** A device of a hundred values, read once a second. */
export const outageTags = 100;
export const outageGateway = "outage" as GatewayId;
/** 2026-01-01, µs. */
const startUs = 1_767_225_600_000_000;

export interface Tick {
  readonly measuredUs: number;
  readonly value: Float64Array;
}

export function* outageTicks(ticks: number): Generator<Tick> {
  const random = seededRandom("outage");
  const signals = Array.from({ length: outageTags }, (_tag, at) => makeSignal(at, random));
  for (let tick = 0; tick < ticks; tick++) {
    const value = Float64Array.from(signals, (signal) => signal.next().value);
    yield { measuredUs: startUs + tick * 1e6, value };
  }
}

/** A tick as people put it into a message for the peers: one time, and the values in the order of the tags. */
export function messageOf({ measuredUs, value }: Tick): string {
  return JSON.stringify({ t: measuredUs / 1_000, v: [...value] });
}
