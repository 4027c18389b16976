import assert from "node:assert/strict";

import type { TagDefinition, TagKind } from "@millwright/wire-contract";

/**
 * Tags lie on disk in groups of neighbours: a row for each tag would waste half a page, and a row for all of them would
 * have to be read whole for one. Telemetry is apart from what is said seldom and means much, so that the one can be
 * thinned without the other.
 */

/** With 512 samples of each a row is 9 kB, nine pages; reading one tag of it decodes 8,192 samples, 0.2 ms. */
export const tagsPerGroup = 16;

/** Sixteen tags at 1 kHz fill a row in four seconds, and this many in 34 years. Keys of 2^25 groups stay below 2^53. */
const rowsPerGroup = 2 ** 28;

export type GroupKey = number;

/** Groups of telemetry are even. */
export function groupOf(tag: Pick<TagDefinition, "index" | "kind">): GroupKey {
  return Math.floor(tag.index / tagsPerGroup) * 2 + (isTelemetry(tag.kind) ? 0 : 1);
}

/** Both groups in which a tag may lie: its kind may have been another one. */
export function groupsOf(tagIndex: number): readonly GroupKey[] {
  const first = Math.floor(tagIndex / tagsPerGroup) * 2;
  return [first, first + 1];
}

/** Measured again and again: its course can be told by buckets. */
export function isTelemetry(kind: TagKind): boolean {
  return kind === "measurement" || kind === "counter";
}

/** Key of a row: the rows of one group lie together. @param place number of the row, or the hour since 1970 */
export function rowKey(group: GroupKey, place: number): number {
  assert(place >= 0 && place < rowsPerGroup, `place ${place} of group ${group}`);
  return group * rowsPerGroup + place;
}

export function groupOfRow(key: number): GroupKey {
  return Math.floor(key / rowsPerGroup);
}

export function placeOfRow(key: number): number {
  return key % rowsPerGroup;
}
