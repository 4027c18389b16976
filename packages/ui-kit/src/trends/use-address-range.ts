import { useSignal, useSignalEffect, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { liveRange, parseRange, rangeText, type TrendRange } from "./trend-range.ts";

/** An address that is written with each step of a finger is refused by some browsers (100 in half a minute). */
const writeMs = 500;
const hourUs = 3_600_000_000;

export interface AskedRange {
  readonly text: string;
  /** The same address with another range. */
  readonly hrefWith: (text: string) => string;
}

/**
 * The range of a chart that stands in the address, so that a link opens the same view. Moving it replaces the address and
 * leaves no trail of steps to go back through.
 *
 * @param text of the address that is painted; another one moves the chart there
 * @param asked what the address asks for by now, which the painting follows; undefined once it leads elsewhere
 */
export function useAddressRange(
  text: string,
  nowUs: () => number,
  asked: () => AskedRange | undefined,
): {
  readonly range: Signal<TrendRange>;
  /** The range as an address says it. */
  readonly rangeNow: () => string;
} {
  const read = (): TrendRange => parseRange(text, nowUs()) ?? liveRange(hourUs, nowUs());
  const range = useSignal<TrendRange>(read());
  const newest = useRef(asked);
  newest.current = asked;
  useEffect(() => {
    if (rangeText(range.peek()) !== text) range.value = read();
  }, [text]);
  useSignalEffect(() => {
    const now = rangeText(range.value);
    const timer = setTimeout(() => {
      const address = newest.current();
      // A bare address stays bare until somebody moves the chart.
      if (address === undefined || address.text === now) return;
      history.replaceState(null, "", address.hrefWith(now));
    }, writeMs);
    return () => {
      clearTimeout(timer);
    };
  });
  return { range, rangeNow: () => rangeText(range.peek()) };
}
