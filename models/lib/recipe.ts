import type { FeatureSpec } from "@millwright/features";
import type { Random } from "@millwright/kit";
import type { PlantFault } from "@millwright/virtual-plant";
import type { OperatingState } from "@millwright/wire-contract/events";
import type { Detector, FeatureMap } from "./detector.ts";

/** How one bundle is trained: everything that does not come from data. */
export interface Recipe {
  readonly name: string;
  readonly version: string;
  readonly assetType: string;
  /** For the card: what it watches, what it finds, where it must not be used. */
  readonly purpose: string;
  readonly limitsOfUse: string;
  readonly inputs: readonly RecipeInput[];
  readonly features: FeatureSpec;
  readonly lag: number;
  readonly states: readonly OperatingState[];
  /** Silent so long after a change into such a state, s. */
  readonly settlingS: number;
  /** How the detector is called on the card. */
  readonly method: string;
  fit(
    rows: readonly Float64Array[],
    map: FeatureMap,
    random: Random,
    say: (line: string) => void,
  ): Promise<Detector>;
  /** How it is played on the virtual plant. */
  readonly played: PlayedRecipe;
}

export interface RecipeInput {
  readonly property: string;
  /** UCUM code. */
  readonly unit: string;
  /** Point of the machine in the virtual plant. */
  readonly point: string;
  /** Where it may score, where that is narrower than what was seen: a setpoint that it was not trained for. */
  readonly range?: { readonly min: number; readonly max: number };
}

export interface PlayedRecipe {
  /** Place among the plant's machines: pump, spindle, press, oven. */
  readonly machine: 0 | 1 | 2 | 3;
  /** Values of a setpoint that the normal runs take turns with. */
  readonly setpoint?: { readonly point: string; readonly values: readonly number[] };
  /** What it is judged with: a fault that begins after normal hours. */
  readonly faults: readonly PlayedFault[];
}

export interface PlayedFault {
  readonly name: string;
  readonly fault: FaultKind;
}

type FaultKind = PlantFault extends infer Fault
  ? Fault extends PlantFault
    ? Omit<Fault, "machine" | "atS">
    : never
  : never;

/** Which numbers of a vector stand for which inputs. */
export function featureMapOf({ inputs, features, lag }: Recipe): FeatureMap {
  const once = features.windows.map(({ property }) =>
    inputs.findIndex((input) => input.property === property),
  );
  return {
    inputOf: Array.from({ length: lag + 1 }, () => once).flat(),
    // The newest window's level; of an input that has none, its first number.
    shownBy: inputs.map(({ property }, input) => {
      const level = features.windows.findIndex(
        (feature) =>
          feature.property === property && (feature.kind === "mean" || feature.kind === "value"),
      );
      return level >= 0 ? level : once.indexOf(input);
    }),
  };
}
