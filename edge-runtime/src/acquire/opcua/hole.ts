import type { Hole } from "./history.ts";
import type { ItemPlan } from "./items.ts";
import type { opcua } from "./library.ts";
import type { Memory, Resume } from "./resume.ts";

/**
 * What a new subscription cannot know: for each item, from the last value we have to the first that we got again. Times
 * are those of the device, µs.
 *
 * @param presentUs source time of the first value of this conversation, NaN when there is none
 * @param nowUs the server's own time
 */
export function planHoles(
  items: readonly ItemPlan[],
  nodeIds: readonly (opcua.NodeId | undefined)[],
  resume: Resume,
  memory: Memory | undefined,
  presentUs: (item: number) => number,
  nowUs: number,
): readonly Hole[] {
  return nodeIds.flatMap((nodeId, item): Hole[] => {
    if (nodeId === undefined) return [];
    const remembered = memory?.seen.us[item] ?? NaN;
    // A value may have been measured before the last message was published and be sampled after it.
    const marginUs = (items[item]?.samplingMs ?? 0) * 1_000;
    const fromUs = Number.isNaN(remembered) ? resume.publishedUs - marginUs : remembered;
    const present = presentUs(item);
    const toUs = present > fromUs ? present : nowUs;
    return toUs > fromUs ? [{ item, nodeId, fromUs, toUs }] : [];
  });
}
