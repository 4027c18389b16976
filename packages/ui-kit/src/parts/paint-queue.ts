/**
 * Rows are painted a few in each frame, in the order in which they asked. A burst of two hundred changes then costs
 * several short frames instead of a long one, in which a tap would find no answer (ux-guide 12, V3 to V5).
 */

/** On a panel that is four times slower than a desk, so many rows with their layout take about half of a frame. */
const rowsPerFrame = 12;

const waiting = new Set<() => void>();
let asked = false;

/** Paints in one of the next frames; once, however often it was asked for. */
export function paintSoon(paint: () => void): void {
  waiting.add(paint);
  if (asked) return;
  asked = true;
  requestAnimationFrame(paintSome);
}

/** What was asked for is not wanted any more. */
export function paintNever(paint: () => void): void {
  waiting.delete(paint);
}

/**
 * Calls back when every row that asked stands on the screen: the past may wait for the present. Whether a row is near the
 * screen is told at the end of a frame, and only then does it ask; so nothing must wait in two frames one after the other.
 */
export function afterPaint(then: () => void): void {
  let still = 0;
  const look = (): void => {
    still = waiting.size > 0 ? 0 : still + 1;
    if (still === 2) setTimeout(then);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

function paintSome(): void {
  let painted = 0;
  for (const paint of waiting) {
    if (painted === rowsPerFrame) break;
    waiting.delete(paint);
    paint();
    painted += 1;
  }
  asked = waiting.size > 0;
  if (asked) requestAnimationFrame(paintSome);
}
