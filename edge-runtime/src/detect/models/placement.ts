/** Which bundle watches which asset, by its type and its properties. Pure. */
import type { Bundle } from "@millwright/model-bundle";
import type { TagDefinition } from "@millwright/wire-contract";
import type { BundleRole } from "@millwright/wire-contract/events";

import type { AssetFile } from "../settings.ts";
import type { WatchedInput } from "./bundle-watch.ts";
import type { BundleUseFile } from "./settings.ts";

export interface UsedBundle {
  readonly bundle: Bundle;
  readonly slot: number;
  readonly use: BundleUseFile;
}

export interface Placement {
  readonly bundle: Bundle;
  readonly slot: number;
  /** On this asset: where a canary of the same name is tried, the bundle in service becomes its shadow. */
  readonly role: BundleRole;
  readonly asset: string;
  readonly inputs: readonly WatchedInput[];
}

export interface PlacementProblem {
  readonly slot: number;
  readonly reason: string;
}

export function placeBundles(
  used: readonly UsedBundle[],
  assets: readonly AssetFile[],
  tagOf: (id: string) => TagDefinition | undefined,
): { readonly placements: readonly Placement[]; readonly problems: readonly PlacementProblem[] } {
  const placements: Placement[] = [];
  const problems: PlacementProblem[] = [];
  const canaries = new Set(
    used.flatMap(({ bundle, use }) =>
      use.role === "canary"
        ? (use.assets ?? []).map((asset) => `${bundle.manifest.name} ${asset}`)
        : [],
    ),
  );
  for (const { bundle, slot, use } of used) {
    const { assetType, name } = bundle.manifest;
    let placed = 0;
    for (const asset of assets) {
      const named = use.assets?.includes(asset.id) ?? false;
      if (use.assets === undefined ? asset.type !== assetType : !named) continue;
      const refuse = (what: string): void => {
        problems.push({ slot, reason: `${asset.id} is not watched: ${what}` });
      };
      placed++;
      if (asset.type !== assetType) {
        refuse(`it is of type "${asset.type}", and the bundle is made for "${assetType}"`);
        continue;
      }
      const inputs = inputsOf(bundle, asset, tagOf, refuse);
      if (inputs === undefined) continue;
      const tried = use.role === "live" && canaries.has(`${name} ${asset.id}`);
      placements.push({ bundle, slot, role: tried ? "shadow" : use.role, asset: asset.id, inputs });
    }
    if (placed === 0) {
      problems.push({
        slot,
        reason: `no asset is of type "${assetType}"; write the type of the assets that it is for`,
      });
    }
  }
  return { placements, problems };
}

function inputsOf(
  { manifest }: Bundle,
  asset: AssetFile,
  tagOf: (id: string) => TagDefinition | undefined,
  refuse: (what: string) => void,
): readonly WatchedInput[] | undefined {
  const troubles: string[] = [];
  const inputs = manifest.inputs.map(({ property, unit, required }): WatchedInput => {
    const id = asset.tags[property];
    const tag = id === undefined ? undefined : tagOf(id);
    if (tag === undefined) {
      if (required) troubles.push(`it has no tag for "${property}", which the bundle needs`);
      return { property, tag: undefined };
    }
    if (tag.unit !== unit) {
      troubles.push(
        `${tag.id} comes in "${tag.unit}", and the bundle takes "${property}" in "${unit}"`,
      );
    }
    return { property, tag: { id: tag.id, index: tag.index, device: tag.device } };
  });
  for (const trouble of troubles) refuse(trouble);
  return troubles.length === 0 ? inputs : undefined;
}
