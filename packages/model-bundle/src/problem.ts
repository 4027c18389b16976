import { Fault } from "@millwright/kit";

/** One thing that is wrong in a bundle: the file and the place in it, what it is, and what to do. */
export interface BundleProblem {
  /** `manifest.json: limits.off`, `model.onnx: tensor "W1"`. */
  readonly where: string;
  readonly what: string;
}

/** The bundle cannot be used. The message is the whole report: all problems, each on a line of its own. */
export class BundleRefused extends Fault {
  override readonly name = "BundleRefused";
  readonly code = "model.refused";
  readonly retry = "never";
  readonly hint = "Mend what the report names, or go back to the version before.";
  readonly problems: readonly BundleProblem[];

  /** @param bundle its folder, as the settings name it */
  constructor(bundle: string, problems: readonly BundleProblem[]) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    const lines = problems.slice(0, toldMax).map(({ where, what }) => `  ${where}: ${what}`);
    if (problems.length > toldMax) lines.push(`  and ${problems.length - toldMax} more`);
    super(`The bundle ${bundle} has ${count} and is not used.\n${lines.join("\n")}`);
    this.problems = problems;
  }
}

/** A thousand weights that are no numbers are one trouble; a person reads the first lines. */
const toldMax = 20;
