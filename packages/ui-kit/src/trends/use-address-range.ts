import { useSignal, useSignalEffect, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { liveRange, parseRange, rangeText, type TrendRange } from "./trend-range.ts";

/** An address that is written with each step of a finger is refused by some browsers (100 in half a minute). */
const writeMs = 500;
const hourUs = 3_600_000_000;

/**
 * The range of a chart that stands in the address, so that a link opens the same view. Moving it replaces the address and
 * leaves no trail of steps to go back through.
 *
 * @param text of the address now; another one moves the chart there
 * @param hrefOf the address with this text
 */
export function useAddressRange(
  text: string,
  nowUs: () => number,
  hrefOf: (text: string) => string,
): {
  readonly range: Signal<TrendRange>;
  /** Another address with the range as it is. */
  readonly hrefWith: (href: (text: string) => string) => string;
} {
  const read = (): TrendRange => parseRange(text, nowUs()) ?? liveRange(hourUs, nowUs());
  const range = useSignal<TrendRange>(read());
  useEffect(() => {
    if (rangeText(range.peek()) !== text) range.value = read();
  }, [text]);
  useSignalEffect(() => {
    const now = rangeText(range.value);
    const timer = setTimeout(() => {
      // A bare address stays bare until somebody moves the chart.
      if (now !== text) history.replaceState(null, "", hrefOf(now));
    }, writeMs);
    return () => {
      clearTimeout(timer);
    };
  });
  return { range, hrefWith: (href) => href(rangeText(range.peek())) };
}
