import type { Metrics } from "./metrics.ts";
import type { Recipe } from "./recipe.ts";

/** `card.md`: what a person reads before the bundle is let near a machine. */
export function cardOf(recipe: Recipe, metrics: Metrics): string {
  const faults = metrics.faults.map(
    ({ name, found, delayMinutes, largest, named }) =>
      `| ${name} | ${found ? `yes, after ${delayMinutes} min` : "no"} | ${largest} | ${named.join(", ")} |`,
  );
  const inputs = recipe.inputs.map(({ property, unit }) => `- \`${property}\` (${unit})`);
  const found = metrics.faults.filter((fault) => fault.found).length;
  return `# ${recipe.name} ${recipe.version}

${recipe.purpose}

- **For** assets of type \`${recipe.assetType}\`, in the states: ${recipe.states.join(", ")}, ${recipe.settlingS} s after they begin.
- **Method**: ${recipe.method}
- **Not for**: ${recipe.limitsOfUse}

## Inputs

${inputs.join("\n")}

A window with a value outside its trained range (see the manifest) is named and not scored.

## Data

Trained on ${metrics.data}. Windows: ${metrics.windows.fit} to fit, ${metrics.windows.calibrate} to set the limit,
${metrics.windows.heldOut} to judge. Runs are never split between these.

## What it reached

On ${metrics.heldOutDays} held-out normal days: ${metrics.falseEpisodesPerDay} false episodes a day; the largest score was ${metrics.heldOutLargest} of
the limit. Each figure comes from few played faults: it shows that the model works, not how well it works on your machine.
${
  faults.length === 0
    ? "\nThe data hold no labelled faults: how many it would find is not known.\n"
    : `
| fault | found | largest score / limit | inputs named |
| --- | --- | --- | --- |
${faults.join("\n")}

An isolation forest on the same windows found ${metrics.isolationForest.faultsFound} of ${metrics.faults.length} (this bundle ${found}), with ${metrics.isolationForest.falseEpisodesPerDay} false episodes a day.
`
}`;
}
