import type { Problem } from "./problem.ts";

/**
 * Tags of one gateway, all its devices together. So many are measured (`bench growth`) in the heap that a runtime is given
 * at first (`supervise/restart-policy.ts`), and a site with more has several machines to put gateways beside.
 */
export const tagsMax = 100_000;

/** What is wrong with so many tags, and where most of them are. Pure. @param devices those whose tags a person typed */
export function tooManyTags(
  file: string,
  devices: readonly { readonly id: string; readonly tags: { readonly length: number } }[],
): Problem | undefined {
  const count = devices.reduce((sum, { tags }) => sum + tags.length, 0);
  const [largest] = devices.toSorted((a, b) => b.tags.length - a.tags.length);
  if (count <= tagsMax || largest === undefined) return undefined;
  return {
    where: file,
    what: `declares ${count} tags, and one gateway takes ${tagsMax}; divide its devices among two gateways (device ${largest.id} has ${largest.tags.length} of them)`,
  };
}
