/** Where a gateway's clock was moved: what was lost around that time may bear any time that the clock has said. */
import type { ClockRecord, FrameHead } from "@millwright/wire-contract";

export interface ClockStep {
  /** What the clock said just before, µs. */
  readonly beforeUs: number;
  /** And just after, µs. */
  readonly afterUs: number;
}

/** A record is kept with the commit that follows it, within 50 ms; one that is told again was made long before. */
const newsUs = 10_000_000;

/** The step that a frame tells of; undefined where it tells of none, or again of one that a hub which is new has not heard of. */
export function stepTold(
  { sealedUs }: Pick<FrameHead, "sealedUs">,
  { atUs, stepUs = 0 }: ClockRecord,
): ClockStep | undefined {
  const isNews = Math.abs(sealedUs - atUs) <= newsUs;
  return stepUs !== 0 && isNews ? { beforeUs: atUs - stepUs, afterUs: atUs } : undefined;
}
