import type { GatewayPage, LiveTag } from "@millwright/wire-contract";

/** Few enough that each can be followed; more are a choice. */
const usualCount = 3;
const chartTagsMax = 8;

/** The tags of the address `#/trends/RANGE/TAG/TAG`; without any those that the overview shows as small pictures. */
export function trendTagsOf(page: GatewayPage, place: readonly string[]): readonly LiveTag[] {
  const byId = new Map(page.tags.map((tag) => [tag.id, tag]));
  const usual = page.sparklines.length > 0 ? page.sparklines : page.overview;
  const ids = place.length <= 1 ? usual.slice(0, usualCount) : place.slice(2);
  return [...new Set(ids)].flatMap((id) => byId.get(id) ?? []).slice(0, chartTagsMax);
}
