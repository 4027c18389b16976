import type { Epoch, LaneMark, RoadLane } from "@millwright/wire-contract";

/**
 * Finds the mark of a lane among those of a gateway. A gateway in a crash loop has begun thousands of epochs, and each of
 * its hellos asks for each of them.
 */
export function markFinder(
  marks: readonly LaneMark[],
): (epoch: Epoch, lane: RoadLane) => LaneMark | undefined {
  const byEpoch = Map.groupBy(marks, ({ epoch }) => epoch);
  return (epoch, lane) => byEpoch.get(epoch)?.find((mark) => mark.lane === lane);
}
