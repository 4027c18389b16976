/** What detection says of the fixture's machines: one that is still learnt, or one that is not as usual. */
export type Watched = "learning" | "anomaly";

/** @param startedUs when the fixture was started */
export function assetsOf(
  watched: Watched,
  assets: readonly string[],
  startedUs: number,
): readonly object[] {
  // The day stands before the time of what began on another one, so these words are as long as they get.
  const sinceUs = startedUs - 3 * 86_400e6;
  return assets.map((asset) => {
    const state = { asset, state: "maintenance", sinceUs, settled: true };
    if (watched === "learning") return { state, score: 0, learnt: 0.994 };
    const event = { what: "began", beginUs: sinceUs, peakUs: sinceUs, score: 120, severity: 1 };
    return { state, score: 120, learnt: 1, episode: { id: "episode-7", asset, event } };
  });
}
