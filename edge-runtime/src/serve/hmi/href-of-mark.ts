import { hrefOf } from "@millwright/ui-kit";
import type { ChartMark } from "@millwright/ui-kit/trends";

/** People acknowledge an alarm after it has gone, too. */
const storyAfterS = 3_600;

/** What lasts leads to what to do; an alarm that is over to its story, an episode to the screen of its machine. */
export function hrefOfMark({ mark }: ChartMark): string {
  const { id, fromUs, toUs } = mark;
  if (mark.kind === "episode") return hrefOf("machine", mark.asset, id);
  if (toUs === undefined) return hrefOf("alarms", "active", id);
  const time = `${Math.floor(fromUs / 1e6)}-${Math.ceil(toUs / 1e6) + storyAfterS}`;
  return hrefOf("alarms", "history", id, time);
}
