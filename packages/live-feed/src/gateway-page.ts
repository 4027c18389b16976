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
  tags: Iterable<TagDefinition>,
  chosen: readonly string[],
): readonly string[] {
  const places = new Map(chosen.map((id, place) => [id, place]));
  const perAsset = new Map<string, number>();
  const hasRoom = ({ asset }: TagDefinition): boolean => {
    const before = perAsset.get(asset) ?? 0;
    perAsset.set(asset, before + 1);
    return before < indicatorsPerAsset;
  };
  const found: TagDefinition[] = [];
  for (const tag of tags) {
    if (chosen.length === 0) {
      if (tag.kind !== "text" && tag.type !== "bytes" && hasRoom(tag)) found.push(tag);
    } else if (places.has(tag.id)) found.push(tag);
  }
  if (chosen.length === 0) return found.map(({ id }) => id);
  return found
    .sort((a, b) => (places.get(a.id) ?? 0) - (places.get(b.id) ?? 0))
    .filter(hasRoom)
    .map(({ id }) => id);
}

/** Of the overview, the first measurements: only they have a course that a small picture can show. */
export function sparklinesOf(
  tags: Iterable<TagDefinition>,
  overview: readonly string[],
): readonly string[] {
  const shown = new Set(overview);
  const measured = new Set<string>();
  for (const { id, kind } of tags) if (kind === "measurement" && shown.has(id)) measured.add(id);
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
