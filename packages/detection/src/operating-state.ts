import type { OperatingState } from "@millwright/wire-contract/events";

import type { StateSource } from "./plan.ts";

export type KnownState = OperatingState | "unknown";

/** A quantity that dances about its limit changes the state only when it is so much of it away on the other side. */
const hysteresisShare = 0.05;

/** Follows the operating state of one asset. Pure of clocks: times are told to it. */
export class StateTracker {
  readonly #source: StateSource | undefined;
  #state: KnownState;
  #sinceUs: number;
  #held = false;
  #unsettledUntilUs: number;

  constructor(source: StateSource | undefined, nowUs: number) {
    this.#source = source;
    this.#state = source === undefined ? "running" : "unknown";
    this.#sinceUs = nowUs;
    this.#unsettledUntilUs = nowUs;
  }

  get state(): KnownState {
    return this.#state;
  }

  get sinceUs(): number {
    return this.#sinceUs;
  }

  /** From then on it holds, if nothing changes before. */
  get settledFromUs(): number {
    return this.#unsettledUntilUs;
  }

  settledAt(nowUs: number): boolean {
    return this.#state !== "unknown" && nowUs >= this.#unsettledUntilUs;
  }

  /** A good value of the tag that tells it. @returns whether the state changed */
  tell(value: number, nowUs: number): boolean {
    return this.#become(this.#stateOf(value), nowUs);
  }

  /** Nobody can say what it does now: the tag is bad or missing. */
  lose(nowUs: number): boolean {
    return this.#source !== undefined && this.#become("unknown", nowUs);
  }

  /** Something was set, so that what comes now is no more what was. */
  unsettle(nowUs: number): void {
    this.#unsettledUntilUs = nowUs + this.#settleUs;
  }

  #stateOf(value: number): KnownState {
    const { values, above } = this.#source ?? {};
    if (above === undefined) return values?.get(Math.round(value)) ?? "unknown";
    const band = hysteresisShare * Math.abs(above);
    if (value > above) this.#held = true;
    else if (value < above - band) this.#held = false;
    return this.#held ? "running" : "off";
  }

  #become(state: KnownState, nowUs: number): boolean {
    if (state === this.#state) return false;
    this.#state = state;
    this.#sinceUs = nowUs;
    this.#unsettledUntilUs = nowUs + this.#settleUs;
    return true;
  }

  get #settleUs(): number {
    return (this.#source?.settleS ?? 0) * 1_000_000;
  }
}
