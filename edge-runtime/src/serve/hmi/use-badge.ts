import { useEffect, useRef } from "preact/hooks";

/** A reader types its characters within this time of each other, ms; fingers do not. */
const typedWithinMs = 50;
/** Less is no badge. */
const badgeCharsMin = 6;

/**
 * Calls back with what a badge reader types: many characters in a row, faster than a person, and Enter. What is typed into
 * a field is left to the field.
 */
export function useBadge(onBadge: (badge: string) => void): void {
  const newest = useRef(onBadge);
  newest.current = onBadge;
  useEffect(() => {
    let typed = "";
    let lastMs = -Infinity;
    const take = (event: KeyboardEvent): void => {
      if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey) return;
      if (event.timeStamp - lastMs > typedWithinMs) typed = "";
      lastMs = event.timeStamp;
      if (event.key.length === 1) typed += event.key;
      if (event.key !== "Enter") return;
      const badge = typed;
      typed = "";
      if (badge.length < badgeCharsMin) return;
      // The button that has the focus is not meant.
      event.preventDefault();
      newest.current(badge);
    };
    addEventListener("keydown", take);
    return () => removeEventListener("keydown", take);
  }, []);
}
