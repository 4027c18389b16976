/** What the schema of models cannot know: which assets there are. What is in a bundle is judged when it is opened. */
import type { AssetFile } from "../detect/settings.ts";
import type { ModelsFile } from "../detect/models/settings.ts";
import type { Problem } from "./problem.ts";

/** @param where the file, for the report */
export function modelProblems(
  { bundles }: ModelsFile,
  assets: readonly AssetFile[],
  where: string,
): readonly Problem[] {
  const problems: Problem[] = [];
  const known = new Set(assets.map(({ id }) => id));
  const seen = new Set<string>();
  bundles.forEach((use, index) => {
    const place = `${where}: models.bundles[${index}] (${use.bundle})`;
    for (const asset of use.assets ?? []) {
      if (!known.has(asset))
        problems.push({ where: `${place}.assets`, what: `"${asset}" is no asset` });
    }
    if (seen.has(use.bundle)) {
      problems.push({ where: place, what: "stands there twice; name all its assets in one entry" });
    }
    seen.add(use.bundle);
  });
  if (bundles.length > 0 && assets.length === 0) {
    problems.push({
      where: `${where}: models.bundles`,
      what: "a model watches assets, and there are none: write them under assets, with their type and the tag of each property",
    });
  }
  return problems;
}
