/** When the people change who answer the alarms of a plant: a shelf may last to the end of the shift (ux-guide 5). Pure. */

/** The same on every day. A shift ends when the next begins. */
export interface ShiftPlan {
  /** Minutes since midnight on the plant's clocks at which a shift begins; at least one. */
  readonly beginMin: readonly number[];
  /** Whose clocks: a name of the IANA time zone database, as "Europe/Berlin". */
  readonly timeZone: string;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** @returns end of the shift that works at `nowUs`, µs: always later than that */
export function shiftEndUs({ beginMin, timeZone }: ShiftPlan, nowUs: number): number {
  const nowMs = nowUs / 1_000;
  const clockMs = clocksOf(timeZone);
  const midnightMs = Math.floor(clockMs(nowMs) / dayMs) * dayMs;
  const ends = [midnightMs, midnightMs + dayMs].flatMap((dayFromMs) =>
    beginMin.map((min) => instantOf(dayFromMs + min * minuteMs, clockMs)),
  );
  return Math.min(...ends.filter((end) => end > nowMs)) * 1_000;
}

/** What clocks of a place show at an instant, written as ms since 1970 as if the place were on UTC. */
type Clocks = (instantMs: number) => number;

function clocksOf(timeZone: string): Clocks {
  const format = new Intl.DateTimeFormat("en", {
    ...{ timeZone, hourCycle: "h23" },
    ...{ year: "numeric", month: "numeric", day: "numeric" },
    ...{ hour: "numeric", minute: "numeric", second: "numeric" },
  });
  return (instantMs) => {
    const parts = new Map(
      format.formatToParts(instantMs).map(({ type, value }) => [type, Number(value)]),
    );
    const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? NaN;
    return Date.UTC(
      ...([part("year"), part("month") - 1, part("day")] as const),
      ...([part("hour"), part("minute"), part("second")] as const),
    );
  };
}

/**
 * When the clocks of a place show a time. One that comes twice, in the night in which they go back, is meant the first time; one
 * that they leave out is as long after the change as it would have been.
 */
function instantOf(shownMs: number, clockMs: Clocks): number {
  // They change by an hour or so, and not twice in two days: a day before and a day after are on both sides of a change.
  const [before, after] = [shownMs - dayMs, shownMs + dayMs].map(
    (near) => shownMs - (clockMs(near) - near),
  ) as [number, number];
  const shown = [before, after].filter((instant) => clockMs(instant) === shownMs);
  return shown.length === 0 ? before : Math.min(...shown);
}

/** @returns false for a name that this machine's time zone database does not have */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
