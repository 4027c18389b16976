import type { Clock } from "@millwright/kit";

/**
 * What to do with the stamps of a device (field practice 14). `auto` decides by what it measures: correct when off by
 * more than 2 s, ignore beyond 1 h, and says so.
 */
export type ClockPolicy = "trust" | "correct" | "ignore" | "auto";

/** From `fromUs` (receipt, gateway's clock) on, `offsetUs` is taken from every device stamp that is used. */
export interface ClockFinding {
  readonly fromUs: number;
  /** Device clock minus gateway clock, µs; what the device sent is the stored stamp plus this. 0 when nothing is taken. */
  readonly offsetUs: number;
  readonly applied: Exclude<ClockPolicy, "auto">;
  readonly text: string;
}

/** A clock off by less is left alone: network and publishing delays look the same (field practice 14). */
const correctBeyondUs = 2_000_000;
/** A clock off by more is not a clock: local time as UTC, 1970, dead battery (field practice 14). */
const ignoreBeyondUs = 3_600_000_000;
/** Measured anew every 10 min (field practice 14); 5 s of drift a day are 35 ms in that time. */
const windowMs = 600_000;
/** A correction is changed in steps no finer than this, so that it does not follow the jitter of a network. */
const stepUs = 100_000;
/** 2001-09-09 (10^9 s): clocks without a battery start at 1970, 1980, 1990 or 2000, none later than this. */
export const implausibleBeforeUs = 1e15;
/**
 * Old stamps alone do not prove a clock that is behind: a device may send what it had buffered. It is believed to be
 * behind once samples have come for so long, in so many batches, and none of them was younger.
 */
const behindAfterMs = 5_000;
const behindBatchesMin = 3;

/**
 * Measures the clock of one device by its own samples. A sample cannot be received before it was measured, so the
 * greatest (stamp − receipt) in a window is the clock's offset, less the shortest delay on the way. Samples that did
 * not move on since the last one of the same point say nothing (a first value after a connect carries its old time).
 */
export class DeviceClock {
  readonly #policy: ClockPolicy;
  readonly #clock: Clock;
  readonly #onFinding: (finding: ClockFinding) => void;
  #applied: Exclude<ClockPolicy, "auto">;
  #offsetUs = 0;
  #bestUs = -Infinity;
  #batches = 0;
  #beganMs = -Infinity;
  #judged = false;
  #lastGatewayUs = NaN;

  constructor(policy: ClockPolicy, clock: Clock, onFinding: (finding: ClockFinding) => void) {
    this.#policy = policy;
    this.#clock = clock;
    this.#onFinding = onFinding;
    this.#applied = policy === "auto" || policy === "correct" ? "trust" : policy;
  }

  get applied(): Exclude<ClockPolicy, "auto"> {
    return this.#applied;
  }

  /** What is to be taken from stamps; for late data also under `ignore`, which has no receipt worth stamping with. */
  get offsetUs(): number {
    return this.#offsetUs;
  }

  get measures(): boolean {
    return this.#policy !== "trust";
  }

  /**
   * Takes what one batch shows, before its stamps are used.
   *
   * @param bestUs greatest (stamp − receipt) among samples that moved on, µs; -Infinity when none did
   * @param moved how many samples moved on
   * @param wentBack a point's stamp went back by more than delays explain: the device's clock was set
   */
  observe(bestUs: number, moved: number, wentBack: boolean, receivedUs: number): void {
    const nowMs = this.#clock.monotonicMs();
    const gatewayUs = receivedUs - nowMs * 1_000;
    // When the gateway's own clock was set, what was measured against it before is void.
    const stepped = Math.abs(gatewayUs - this.#lastGatewayUs) > correctBeyondUs;
    this.#lastGatewayUs = gatewayUs;
    const windowOver = nowMs - this.#beganMs >= windowMs;
    if (wentBack || stepped || windowOver) {
      // The window that ends is judged before the next begins: a slow drift shows only there.
      if (windowOver && !wentBack && !stepped && this.#batches > 0) this.#judge(receivedUs);
      if (wentBack && this.#applied === "correct") this.#doubt(receivedUs);
      this.#begin(nowMs);
    }
    if (moved === 0) return;
    this.#bestUs = Math.max(this.#bestUs, bestUs);
    this.#batches++;
    // No sample is younger than its clock, so one that passes the offset in use refutes it at once.
    const refuted = this.#bestUs - this.#offsetUs > correctBeyondUs;
    const proven =
      !this.#judged && this.#batches >= behindBatchesMin && nowMs - this.#beganMs >= behindAfterMs;
    if (refuted || proven) this.#judge(receivedUs);
  }

  #begin(nowMs: number): void {
    this.#bestUs = -Infinity;
    this.#batches = 0;
    this.#judged = false;
    this.#beganMs = nowMs;
  }

  /** A clock that was wrong was set: neither its stamps nor the old correction can be used before it is measured. */
  #doubt(receivedUs: number): void {
    this.#applied = "ignore";
    this.#onFinding({
      fromUs: receivedUs,
      offsetUs: 0,
      applied: "ignore",
      text: "the clock of the device was set; the time of receipt is used until it is measured anew",
    });
  }

  #judge(receivedUs: number): void {
    this.#judged = true;
    const measuredUs = Math.round(this.#bestUs / 1_000) * 1_000;
    const applied = this.#decide(measuredUs);
    const offsetUs = applied === "trust" ? 0 : measuredUs;
    const same = applied === this.#applied && Math.abs(offsetUs - this.#offsetUs) < stepUs;
    if (same) return;
    // Under `ignore` the size matters for history only; saying each second of drift would be noise.
    const silent =
      applied === "ignore" &&
      this.#applied === "ignore" &&
      Math.abs(offsetUs - this.#offsetUs) < correctBeyondUs;
    this.#applied = applied;
    this.#offsetUs = offsetUs;
    if (silent) return;
    this.#onFinding({
      fromUs: receivedUs,
      // Under `ignore` nothing is taken from a stamp: the stamp itself is not used.
      offsetUs: applied === "correct" ? offsetUs : 0,
      applied,
      text: findingText(applied, measuredUs),
    });
  }

  #decide(measuredUs: number): Exclude<ClockPolicy, "auto"> {
    if (this.#policy !== "auto") return this.#policy;
    const offUs = Math.abs(measuredUs);
    if (offUs > ignoreBeyondUs) return "ignore";
    // Half of the limit as a way back, so that a clock at the limit does not flicker between two policies.
    const limitUs = this.#applied === "trust" ? correctBeyondUs : correctBeyondUs / 2;
    return offUs > limitUs ? "correct" : "trust";
  }
}

/** What stands with the device for as long as it holds; "" when its clock is used as it is. */
export function clockNoteOf(finding: ClockFinding): string {
  return finding.applied === "trust" ? "" : finding.text;
}

function findingText(applied: Exclude<ClockPolicy, "auto">, measuredUs: number): string {
  if (applied === "trust") return "the clock of the device is right";
  const off = `the clock of the device is ${durationWords(Math.abs(measuredUs))} ${measuredUs > 0 ? "ahead" : "behind"}`;
  return applied === "correct"
    ? `${off}; its stamps are corrected by that`
    : `${off}; its stamps are ignored and the time of receipt is used`;
}

/** "2.3 s", "61 min", "5 h", "56 years": as fine as a person needs to guess the cause. */
export function durationWords(us: number): string {
  const seconds = us / 1e6;
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  if (seconds < 2 * 3_600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 2 * 86_400) return `${Math.round(seconds / 3_600)} h`;
  if (seconds < 2 * 365.25 * 86_400) return `${Math.round(seconds / 86_400)} days`;
  return `${Math.round(seconds / (365.25 * 86_400))} years`;
}
