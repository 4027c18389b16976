/** Ages and times in the words of the guide: `41 s`, `2 h 14 min`, `3 d`, `14:02:11` (ux-guide 3.3). */
import { sayKit } from "./english.ts";
import { english } from "./language.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** An age of a value, in whole seconds so that it stays quiet; a clock that runs ahead gives no negative age. */
export function ageWords(ageMs: number): string {
  if (!Number.isFinite(ageMs)) return sayKit("age.never");
  return ageMs < second ? sayKit("age.now") : durationWords(ageMs);
}

/** The age of the last sign of life, with a tenth of a second as long as it matters: `0.2 s`. */
export function beatWords(ageMs: number): string {
  return ageMs < 10 * second
    ? `${(Math.max(0, ageMs) / second).toFixed(1)} s`
    : durationWords(ageMs);
}

/** The two largest parts, the second one only where the first is small enough to need it. */
export function durationWords(ms: number): string {
  if (ms < minute) return `${Math.max(0, Math.floor(ms / second))} s`;
  if (ms < 10 * minute) return pair(ms, minute, "min", second, "s");
  if (ms < hour) return `${Math.floor(ms / minute)} min`;
  if (ms < day) return pair(ms, hour, "h", minute, "min");
  if (ms < 3 * day) return pair(ms, day, "d", hour, "h");
  return `${Math.floor(ms / day)} d`;
}

/** An interval of the settings, exact because a bound on loss is: `100 ms`, `1.5 s`, `2 min`. */
export function intervalWords(ms: number): string {
  if (ms < second) return `${ms} ms`;
  return ms < minute ? `${ms / second} s` : durationWords(ms);
}

function pair(
  ms: number,
  large: number,
  largeName: string,
  small: number,
  smallName: string,
): string {
  const whole = Math.floor(ms / large);
  const rest = Math.floor((ms - whole * large) / small);
  return rest === 0 ? `${whole} ${largeName}` : `${whole} ${largeName} ${rest} ${smallName}`;
}

// Each is made when it is first needed: a formatter of dates costs a slow panel a tenth of a second.
let dateFormat: Intl.DateTimeFormat | undefined;
let monthFormat: Intl.DateTimeFormat | undefined;
let yearFormat: Intl.DateTimeFormat | undefined;
let fullFormat: Intl.DateTimeFormat | undefined;

/** `14:02:11`, a clock of 24 hours in every language, so that it needs no formatter. @param us µs since 1970 UTC */
export function clockWords(us: number): string {
  const time = new Date(us / 1_000);
  return [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

/** `20 Nov`. */
export function dateWords(us: number): string {
  dateFormat ??= new Intl.DateTimeFormat(english.locale, { day: "numeric", month: "short" });
  return dateFormat.format(us / 1_000);
}

/** `Nov 2026`. */
export function monthWords(us: number): string {
  monthFormat ??= new Intl.DateTimeFormat(english.locale, { month: "short", year: "numeric" });
  return monthFormat.format(us / 1_000);
}

/** One end of a time of so many µs: `14:02:11`, `20 Nov 14:02`, or `20 Nov 2024` where years are shown. */
export function momentWords(us: number, spanUs: number): string {
  if (spanUs > 200 * day * 1_000) {
    yearFormat ??= new Intl.DateTimeFormat(english.locale, {
      day: "numeric",
      month: "short",
      year: "numeric",
    });
    return yearFormat.format(us / 1_000);
  }
  const clock = clockWords(us);
  return `${dateWords(us)} ${spanUs > 2 * hour * 1_000 ? clock.slice(0, 5) : clock}`;
}

/** How long before or after a beginning: `−10 min`, `0 s`, `+1 h 30 min`. @param us below 0 before it */
export function relativeWords(us: number): string {
  const words = durationWords(Math.abs(Math.round(us / 1e6)) * second);
  return us < 0 ? `−${words}` : us > 0 ? `+${words}` : words;
}

/** `14:02:11` within half a day of now, otherwise with the date before it. */
export function sinceWords(us: number, nowUs: number): string {
  if (us <= 0) return sayKit("age.never");
  return Math.abs(nowUs - us) < (day / 2) * 1_000
    ? clockWords(us)
    : `${dateWords(us)} ${clockWords(us)}`;
}

/** For where a row has no room for both: `14:02:11` within half a day of now, otherwise `20 Nov`. */
export function briefSinceWords(us: number, nowUs: number): string {
  return us > 0 && Math.abs(nowUs - us) >= (day / 2) * 1_000
    ? dateWords(us)
    : sinceWords(us, nowUs);
}

/** Date and time with milliseconds, for the detail of one value. */
export function fullTimeWords(us: number): string {
  if (us <= 0) return sayKit("age.never");
  fullFormat ??= new Intl.DateTimeFormat(english.locale, {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
  });
  return fullFormat.format(us / 1_000);
}
