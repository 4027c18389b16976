/**
 * What two places have in common that are one screen: another value in a chart, another tab of the alarms leaves what a finger
 * may be about to press, and where somebody types, as it is. Anything else is a screen that is read from its beginning.
 */
export function screenName(place: readonly string[]): string {
  const [screen = ""] = place;
  if (screen === "trends" || (screen === "alarms" && place.length < 3)) return screen;
  return place.join("/");
}
