/** Fingers, mouse and keys on a chart, as movements of its range. */
import { dragged, panned, zoomed, type TrendRange } from "./trend-range.ts";

export interface Hands {
  readonly range: () => TrendRange;
  readonly nowUs: () => number;
  /** Called for each step; the next may come before the picture is painted. */
  readonly move: (range: TrendRange) => void;
}

/** A finger that trembles does not move the chart: it is a tap, and puts the cursor there. */
const tapPx = 8;

/** @returns what takes it back */
export function followFingers(over: HTMLElement, hands: Hands): () => void {
  const began = new Map<number, number>();
  const now = new Map<number, number>();
  let startRange: TrendRange | undefined;
  const share = (event: PointerEvent): number => {
    const box = over.getBoundingClientRect();
    return (event.clientX - box.left) / Math.max(1, box.width);
  };
  /** From here on: fingers that come or go must not make the chart jump. */
  const begin = (): void => {
    startRange = hands.range();
    for (const [id, at] of now) began.set(id, at);
  };
  const down = (event: PointerEvent): void => {
    if (event.button !== 0 || now.size === 2) return;
    now.set(event.pointerId, share(event));
    begin();
  };
  const move = (event: PointerEvent): void => {
    if (!now.has(event.pointerId) || startRange === undefined) return;
    now.set(event.pointerId, share(event));
    const width = over.clientWidth;
    const far = [...now].some(([id, at]) => Math.abs(at - (began.get(id) ?? at)) * width > tapPx);
    if (!far) return;
    // From here on it is the chart's, also beyond its edge.
    if (!over.hasPointerCapture(event.pointerId)) over.setPointerCapture(event.pointerId);
    const from = [...now.keys()].map((id) => began.get(id) ?? 0);
    hands.move(dragged(startRange, from, [...now.values()], hands.nowUs()));
  };
  const up = (event: PointerEvent): void => {
    now.delete(event.pointerId);
    began.delete(event.pointerId);
    begin();
  };
  const wheel = (event: WheelEvent): void => {
    // The wheel alone scrolls the page; trackpads send a pinch as a wheel with Ctrl.
    if (!event.ctrlKey && !event.shiftKey) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    const at = (event.clientX - box.left) / Math.max(1, box.width);
    const factor = (event.deltaY || event.deltaX) > 0 ? 1.25 : 0.8;
    hands.move(zoomed(hands.range(), factor, at, hands.nowUs()));
  };
  const ends = new AbortController();
  const { signal } = ends;
  over.style.touchAction = "pan-y";
  over.addEventListener("pointerdown", down, { signal });
  over.addEventListener("pointermove", move, { signal });
  over.addEventListener("pointerup", up, { signal });
  over.addEventListener("pointercancel", up, { signal });
  over.addEventListener("wheel", wheel, { signal, passive: false });
  return () => {
    ends.abort();
  };
}

/** A step of a key or a button, as a part of what is shown. */
export const panShare = 0.25;
export const zoomFactor = 0.5;

/** What a key means for the range; undefined when it means nothing. Arrows alone move the cursor. */
export function rangeOfKey(
  event: Pick<KeyboardEvent, "key" | "shiftKey">,
  range: TrendRange,
  nowUs: number,
): TrendRange | undefined {
  switch (event.key) {
    case "ArrowLeft":
      return event.shiftKey ? panned(range, -panShare, nowUs) : undefined;
    case "ArrowRight":
      return event.shiftKey ? panned(range, panShare, nowUs) : undefined;
    case "PageUp":
      return panned(range, -1, nowUs);
    case "PageDown":
      return panned(range, 1, nowUs);
    case "+":
    case "=":
      return zoomed(range, zoomFactor, 0.5, nowUs);
    case "-":
      return zoomed(range, 1 / zoomFactor, 0.5, nowUs);
    default:
      return undefined;
  }
}

/** Seconds to which an arrow takes the cursor: a hundredth of what is shown, or to its end. */
export function cursorOfKey(
  key: string,
  range: TrendRange,
  cursor: number | undefined,
): number | undefined {
  const [from, to] = [range.fromUs / 1e6, range.toUs / 1e6];
  const step = (to - from) / 100;
  const at = Math.min(to, Math.max(from, cursor ?? to));
  switch (key) {
    case "ArrowLeft":
      return Math.max(from, at - step);
    case "ArrowRight":
      return Math.min(to, at + step);
    case "Home":
      return from;
    case "End":
      return to;
    default:
      return undefined;
  }
}
