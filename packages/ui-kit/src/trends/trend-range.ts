/** Which time a chart shows, and how it moves under fingers, keys and buttons. All of it is reckoning; nothing is drawn. */

export interface TrendRange {
  readonly fromUs: number;
  readonly toUs: number;
  /** The end goes with the present. */
  readonly live: boolean;
}

/** From a few samples of a fast tag to all that a hub keeps. */
const spanUsMin = 10_000_000;
const spanUsMax = 10 * 365 * 86_400_000_000;

export function spanOf({ fromUs, toUs }: Pick<TrendRange, "fromUs" | "toUs">): number {
  return toUs - fromUs;
}

/** The last `spanUs` until now. */
export function liveRange(spanUs: number, nowUs: number): TrendRange {
  const span = Math.min(spanUsMax, Math.max(spanUsMin, spanUs));
  return { fromUs: nowUs - span, toUs: nowUs, live: true };
}

/** A live range as of now; another one as it is. */
export function atNow(range: TrendRange, nowUs: number): TrendRange {
  return range.live ? liveRange(spanOf(range), nowUs) : range;
}

/** By a part of what is shown; to the right the present stops it, and takes it along from there. */
export function panned(range: TrendRange, share: number, nowUs: number): TrendRange {
  const span = spanOf(range);
  return within(range.fromUs + share * span, range.toUs + share * span, nowUs);
}

/**
 * @param factor below 1 shows less
 * @param share the place that stays where it is, 0 at the left; a live chart keeps its end
 */
export function zoomed(
  range: TrendRange,
  factor: number,
  share: number,
  nowUs: number,
): TrendRange {
  const span = Math.min(spanUsMax, Math.max(spanUsMin, spanOf(range) * factor));
  if (range.live) return liveRange(span, nowUs);
  const fixedUs = range.fromUs + share * spanOf(range);
  return within(fixedUs - share * span, fixedUs + (1 - share) * span, nowUs);
}

/**
 * What is under the fingers stays under them: one finger moves the chart, two also stretch it.
 *
 * @param began where they touched, as shares of the width
 * @param now where they are
 */
export function dragged(
  range: TrendRange,
  began: readonly number[],
  now: readonly number[],
  nowUs: number,
): TrendRange {
  const [one = 0, other] = began;
  const [oneNow = 0, otherNow] = now;
  if (other === undefined || otherNow === undefined) {
    return one === oneNow ? range : panned(range, one - oneNow, nowUs);
  }
  // Fingers that meet would stretch the chart without end.
  const apartMin = 0.02;
  const apart = Math.max(apartMin, Math.abs(other - one));
  const apartNow = Math.max(apartMin, Math.abs(otherNow - oneNow));
  const span = Math.min(spanUsMax, Math.max(spanUsMin, (spanOf(range) * apart) / apartNow));
  const middleUs = range.fromUs + ((one + other) / 2) * spanOf(range);
  const fromUs = middleUs - ((oneNow + otherNow) / 2) * span;
  return within(fromUs, fromUs + span, nowUs);
}

function within(fromUs: number, toUs: number, nowUs: number): TrendRange {
  return toUs >= nowUs ? liveRange(toUs - fromUs, nowUs) : { fromUs, toUs, live: false };
}

const units = { s: 1e6, min: 60e6, h: 3_600e6, d: 86_400e6, y: 365 * 86_400e6 } as const;

/** For the address: `8h` follows the present, `1760000000-1760003600` are seconds of a time that stands still. */
export function rangeText(range: TrendRange): string {
  if (!range.live) return `${Math.floor(range.fromUs / 1e6)}-${Math.ceil(range.toUs / 1e6)}`;
  const span = Math.max(1e6, Math.round(spanOf(range) / 1e6) * 1e6);
  const [unit, us] = Object.entries(units).findLast(fits(span)) ?? ["s", 1e6];
  return `${span / us}${unit}`;
}

/** A day is said in hours, as its button is. */
function fits(spanUs: number): (unit: readonly [string, number]) => boolean {
  return ([name, us]) => spanUs % us === 0 && (name !== "d" || spanUs > us);
}

/** Undefined when the text says no range. */
export function parseRange(text: string, nowUs: number): TrendRange | undefined {
  const still = /^(\d{1,12})-(\d{1,12})$/.exec(text);
  if (still !== null) {
    const [fromUs, toUs] = [Number(still[1]) * 1e6, Number(still[2]) * 1e6];
    return toUs - fromUs >= spanUsMin ? { fromUs, toUs, live: false } : undefined;
  }
  const live = /^(\d{1,9})(s|min|h|d|y)$/.exec(text);
  const unit = units[(live?.[2] ?? "s") as keyof typeof units];
  return live === null ? undefined : liveRange(Number(live[1]) * unit, nowUs);
}
