import { useSignal, type ReadonlySignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";

import { ChartView, type ChartViewOptions } from "./chart-view.ts";

/**
 * A chart that lives as long as its element and its sources do.
 *
 * @param changes when one of these is another, the chart is made anew
 */
export function useChart(
  options: () => Omit<ChartViewOptions, "place">,
  changes: readonly unknown[],
): {
  readonly place: { current: HTMLDivElement | null };
  readonly view: ReadonlySignal<ChartView | undefined>;
  readonly retry: () => void;
} {
  const place = useRef<HTMLDivElement>(null);
  const view = useSignal<ChartView | undefined>(undefined);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (place.current === null) return undefined;
    const made = new ChartView({ ...options(), place: place.current });
    view.value = made;
    return () => {
      made.close();
    };
  }, [...changes, tries]);
  return { place, view, retry: () => setTries((count) => count + 1) };
}
