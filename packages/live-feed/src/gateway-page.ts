/** What a page is told once about a gateway's tags: each of them, and which stand on the overview. Both servers say it alike. */
import type { LiveTag, TagDefinition } from "@millwright/wire-contract";

/** An overview has room for so many indicators of one asset, and for so many sparklines (ux-guide 8, H1). */
const indicatorsPerAsset = 12;
const sparklinesMax = 6;

/**
 * Ids for the overview: the chosen ones in their order. Without a choice the first tags of each asset that a person
 * reads at a glance stand there, so that a first page is never empty.
 *
 * @param chosen ids by rank; one that is not among `tags` is left out
 */
export function overviewOf(
  tags: readonly TagDefinition[],
  chosen: readonly string[],
): readonly string[] {
  const byId = new Map<string, TagDefinition>(tags.map((tag) => [tag.id, tag]));
  const candidates =
    chosen.length > 0
      ? chosen.flatMap((id) => byId.get(id) ?? [])
      : tags.filter((tag) => tag.kind !== "text" && tag.type !== "bytes");
  const perAsset = new Map<string, number>();
  return candidates
    .filter((tag) => {
      const before = perAsset.get(tag.asset) ?? 0;
      perAsset.set(tag.asset, before + 1);
      return before < indicatorsPerAsset;
    })
    .map((tag) => tag.id);
}

/** Of the overview, the first measurements: only they have a course that a small picture can show. */
export function sparklinesOf(
  tags: readonly TagDefinition[],
  overview: readonly string[],
): readonly string[] {
  const measured = new Set<string>(
    tags.filter((tag) => tag.kind === "measurement").map((tag) => tag.id),
  );
  return overview.filter((id) => measured.has(id)).slice(0, sparklinesMax);
}

/** A tag of the dictionary as a page knows it: JSON has no NaN, so a limit that is not stated is null. */
export function toLiveTag(tag: TagDefinition): LiveTag {
  return {
    id: tag.id,
    name: tag.name,
    device: tag.device,
    asset: tag.asset,
    unit: tag.unit,
    type: tag.type,
    kind: tag.kind,
    decimals: tag.decimals,
    expectedMs: tag.expectedMs,
    low: Number.isNaN(tag.low) ? null : tag.low,
    high: Number.isNaN(tag.high) ? null : tag.high,
    texts: Object.fromEntries(tag.texts),
  };
}
