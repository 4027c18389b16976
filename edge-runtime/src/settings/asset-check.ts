/** What the schema of assets cannot know: which tags there are. */
import type { AssetFile } from "../detect/settings.ts";
import type { Problem } from "./problem.ts";

/**
 * @param where the place of the list, for the report
 * @param known ids of all tags
 */
export function assetProblems(
  assets: readonly AssetFile[],
  where: string,
  known: ReadonlySet<string>,
): readonly Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  assets.forEach((asset, index) => {
    const place = `${where}: assets[${index}] (${asset.id})`;
    const refuse = (path: string, what: string): void => {
      problems.push({ where: `${place}${path}`, what });
    };
    if (seen.has(asset.id)) refuse("", "is declared twice");
    seen.add(asset.id);
    const tagOf = (path: string, tag: string): void => {
      if (!known.has(tag)) refuse(path, `"${tag}" is no tag`);
    };
    for (const [property, tag] of Object.entries(asset.tags)) tagOf(`.tags.${property}`, tag);
    if (asset.state !== undefined) tagOf(".state.tag", asset.state.tag);
    for (const [name, tag] of Object.entries(asset.context)) tagOf(`.context.${name}`, tag);
    const { watch = [], ignore, relativeTo = {}, limits } = asset.detection;
    const propertyOf = (path: string, property: string): void => {
      if (!(property in asset.tags)) {
        refuse(path, `"${property}" is no property of this asset; its tags name them`);
      }
    };
    for (const property of watch) propertyOf(".detection.watch", property);
    for (const property of ignore) propertyOf(".detection.ignore", property);
    for (const property of Object.entries(relativeTo).flat()) {
      propertyOf(".detection.relativeTo", property);
    }
    for (const property of Object.keys(limits)) propertyOf(".detection.limits", property);
  });
  return problems;
}
