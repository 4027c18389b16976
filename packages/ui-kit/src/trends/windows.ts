/**
 * Times that are alike, so that what a value did in each of them can be laid over what it did in the others (ux-guide 9, C6):
 * those from the beginning of an alarm or of an episode on, or from when a value went over a limit.
 */
import type { HistoryLine } from "@millwright/wire-contract/history";
import type { TimeMark } from "@millwright/wire-contract/events";

/** What begins such a time. */
export type WindowRule =
  | { readonly kind: "alarm"; readonly id: string }
  | { readonly kind: "episode"; readonly class: string }
  /** The value is above (or below) a limit for so long at least. */
  | {
      readonly kind: "above" | "below";
      readonly limit: number;
      readonly leastUs: number;
    };

/** One occurrence. */
export interface TimeWindow {
  readonly fromUs: number;
  /** Absent where it lasts beyond what is known. */
  readonly toUs?: number;
}

/** As many as there are pens. */
export const windowsMax = 8;

/** The newest of the alarm or of the class that began in the range, the oldest first. */
export function windowsOfMarks(
  marks: readonly TimeMark[],
  rule: Extract<WindowRule, { readonly kind: "alarm" | "episode" }>,
  range: { readonly fromUs: number; readonly toUs: number },
): readonly TimeWindow[] {
  return marks.filter(
    (mark) =>
      mark.fromUs >= range.fromUs &&
      mark.fromUs <= range.toUs &&
      (mark.kind === "alarm"
        ? rule.kind === "alarm" && mark.id === rule.id
        : rule.kind === "episode" && mark.class === rule.class),
  );
}

/**
 * When a value was beyond a limit for long enough. A value holds until the next one. A time that begins with the line or
 * after a hole began earlier than is known, and is not one: others could not be laid over it.
 *
 * @param line with the first, the least, the greatest and the last value of each column, as history answers it
 */
export function windowsBeyond(
  line: Pick<HistoryLine, "times" | "values">,
  rule: Extract<WindowRule, { readonly kind: "above" | "below" }>,
): readonly TimeWindow[] {
  const { limit, leastUs } = rule;
  const isBeyond = (value: number): boolean =>
    rule.kind === "above" ? value > limit : value < limit;
  const found: TimeWindow[] = [];
  let fromUs: number | undefined;
  let isKnown = false;
  const end = (toUs: number): void => {
    if (fromUs !== undefined && toUs - fromUs >= leastUs) found.push({ fromUs, toUs });
    fromUs = undefined;
  };
  for (const [at, us] of line.times.entries()) {
    const value = line.values[at] ?? NaN;
    if (Number.isNaN(value)) {
      end(us);
      isKnown = false;
    } else if (!isBeyond(value)) {
      end(us);
      isKnown = true;
    } else if (isKnown) {
      fromUs ??= us;
    }
  }
  const lastUs = line.times.at(-1) ?? 0;
  if (fromUs !== undefined && lastUs - fromUs >= leastUs) found.push({ fromUs });
  return found;
}
