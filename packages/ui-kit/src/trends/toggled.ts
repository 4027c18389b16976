/**
 * What is chosen after one was pressed: without it where it was among them, else with it; as it is where there is no room.
 *
 * @param keyOf says whether two are the same
 * @param most of them, as many as a chart has pens
 */
export function toggled<T>(
  chosen: readonly T[],
  one: T,
  keyOf: (one: T) => string,
  most: number,
): readonly T[] {
  const others = chosen.filter((other) => keyOf(other) !== keyOf(one));
  if (others.length < chosen.length) return others;
  return chosen.length < most ? [...chosen, one] : chosen;
}
