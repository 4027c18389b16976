/** An alarm over what the journal knows: the conditions of the running gateway, fed from the past. */
import type { Scalar } from "@millwright/wire-contract";

import { AlarmWatch } from "../alarms/alarm-watch.ts";
import type { AlarmDefinition } from "../alarms/definition.ts";
import type { Player } from "./past.ts";

/** The asset is in a state in which the alarm is judged, and has settled there; or it is not. */
export interface OpenFrom {
  readonly atUs: number;
  readonly open: boolean;
}

export class PlayedAlarm implements Player {
  readonly #watch: AlarmWatch;
  readonly #freshForUs: number;
  readonly #opens: readonly OpenFrom[];
  readonly #row = {
    count: 1,
    tag: new Int32Array(1),
    measuredUs: new Float64Array(1),
    value: new Float64Array(1),
    status: new Uint32Array(1),
  };
  #opensNext = 0;
  #nowUs = 0;
  #provenUs = -Infinity;

  /**
   * @param freshForUs older than this after its last sample, the value is stale
   * @param opens oldest first; empty for an alarm of all states
   */
  constructor(
    { condition, onDelayMs, offDelayMs }: AlarmDefinition,
    freshForUs: number,
    opens: readonly OpenFrom[],
    changed: (atUs: number, counts: boolean) => void,
  ) {
    this.#freshForUs = freshForUs;
    this.#opens = opens;
    this.#watch = new AlarmWatch(
      [{ condition, tag: 0, onDelayMs, offDelayMs, counts: false }],
      (_place, counts) => {
        changed(this.#nowUs, counts);
      },
      () => this.#nowUs - this.#provenUs <= this.#freshForUs,
    );
  }

  value(
    _tag: number,
    atUs: number,
    value: Scalar | undefined,
    status: number,
    measuredUs: number,
  ): void {
    this.upTo(atUs);
    this.#provenUs = atUs;
    this.#row.measuredUs[0] = measuredUs;
    this.#row.value[0] = typeof value === "bigint" ? Number(value) : Number(value ?? NaN);
    this.#row.status[0] = status;
    this.#watch.take(this.#row, atUs / 1_000);
  }

  /** What counts is kept over a restart; delays begin anew with the first value after it. */
  restarted(endedUs: number): void {
    this.upTo(endedUs);
  }

  upTo(atUs: number): void {
    for (;;) {
      const open = this.#opens[this.#opensNext];
      const nextUs = Math.min(this.#watch.nextMs * 1_000, open?.atUs ?? Infinity);
      if (!(nextUs <= atUs)) break;
      this.#nowUs = Math.max(this.#nowUs, nextUs);
      if (open !== undefined && open.atUs <= nextUs) {
        this.#opensNext++;
        this.#watch.open(0, open.open, this.#nowUs / 1_000);
      } else this.#watch.turn(nextUs / 1_000);
    }
    this.#nowUs = Math.max(this.#nowUs, atUs);
  }
}
