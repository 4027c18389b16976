import type { Feature, FeatureKind, FeatureSpec } from "@millwright/features";

/** Features of several kinds over the same inputs and window, on a grid of one second. */
export function featuresOf(
  parts: readonly {
    readonly properties: readonly string[];
    readonly kinds: readonly FeatureKind[];
    readonly rows: number;
  }[],
  everyRows: number,
): FeatureSpec {
  const windows = parts.flatMap(({ properties, kinds, rows }) =>
    kinds.flatMap((kind) =>
      properties.map((property): Feature => {
        return { name: `${property}.${kind}.${rows}`, property, kind, rows };
      }),
    ),
  );
  // Controllers say most things once a second, slow ones each five: a value holds three times that.
  return { gridMs: 1_000, holdMs: 15_000, graceMs: 1_000, everyRows, windows };
}
