import type { WatchedAsset, WatchedTag, WatchPlan } from "@millwright/detection";
import { isWide, type TagDefinition } from "@millwright/wire-contract";

import type { AssetFile, DetectionFile } from "./settings.ts";

/** Settings joined with the dictionary. A tag belongs to the first asset that names it. */
export function watchPlan(
  assets: readonly AssetFile[],
  detection: DetectionFile,
  tagOf: (id: string) => TagDefinition | undefined,
): WatchPlan {
  const taken = new Set<string>();
  return {
    assets: assets.map((asset) => toWatched(asset, tagOf, taken)),
    episodesPerDayMax: detection.episodesPerDayMax,
    learnS: detection.learnMin * 60,
  };
}

function toWatched(
  asset: AssetFile,
  tagOf: (id: string) => TagDefinition | undefined,
  taken: Set<string>,
): WatchedAsset {
  const { watch, ignore, relativeTo = {}, limits, states } = asset.detection;
  const tags: WatchedTag[] = [];
  const setpoints: number[] = [];
  const properties: string[] = [];
  for (const [property, id] of Object.entries(asset.tags)) {
    const tag = tagOf(id);
    if (tag === undefined || taken.has(id)) continue;
    taken.add(id);
    if (tag.kind === "setpoint") {
      setpoints.push(tag.index);
      continue;
    }
    const limit = limits[property];
    const chosen = watch === undefined ? tag.kind === "measurement" : watch.includes(property);
    properties.push(property);
    tags.push({
      tag: tag.index,
      id,
      expectedS: tag.expectedMs / 1_000,
      range: tag.high - tag.low,
      learnt: chosen && !ignore.includes(property) && !isWide(tag.type) && tag.type !== "bool",
      relativeTo: -1,
      low: limit?.low ?? NaN,
      high: limit?.high ?? NaN,
      perSecondMax: limit?.perSecondMax ?? NaN,
    });
  }
  const source = asset.state === undefined ? undefined : tagOf(asset.state.tag);
  const { values, above, settleS = 0 } = asset.state ?? {};
  return {
    id: asset.id,
    tags: tags.map((tag, place) => ({
      ...tag,
      relativeTo: properties.indexOf(relativeTo[properties[place] ?? ""] ?? ""),
    })),
    states: states.filter((state, place) => states.indexOf(state) === place),
    setpoints,
    ...(source === undefined
      ? {}
      : {
          state: {
            tag: source.index,
            expectedS: source.expectedMs / 1_000,
            settleS,
            ...(above === undefined ? {} : { above }),
            ...(values === undefined
              ? {}
              : {
                  values: new Map(
                    Object.entries(values).map(([number, state]) => [Number(number), state]),
                  ),
                }),
          },
        }),
  };
}
