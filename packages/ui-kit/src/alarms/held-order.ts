/**
 * The order of a list that people touch. While it is held nothing moves: what is new is counted and waits, what would have
 * left stays where it is (ux-guide 2.6, 5).
 */
export interface HeldOrder {
  readonly ids: readonly string[];
  /** So many wait to be shown. */
  readonly waiting: number;
}

/**
 * @param shown as it stands on the screen
 * @param wanted as it would stand
 * @param held somebody touches, scrolls or has chosen a row
 */
export function nextOrder(
  shown: readonly string[],
  wanted: readonly string[],
  held: boolean,
): HeldOrder {
  if (!held || shown.length === 0) return { ids: wanted, waiting: 0 };
  const known = new Set(shown);
  return { ids: shown, waiting: wanted.filter((id) => !known.has(id)).length };
}
