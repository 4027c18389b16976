import type { Random } from "@millwright/kit";
import { type Tree, type TreeNode } from "@millwright/onnx";
import { walk } from "./isolation-forest.ts";

/** How boosted trees are grown. The defaults suit some thousand rows of a machine. */
export interface BoostingSettings {
  readonly rounds: number;
  readonly depthMax: number;
  /** Share of each tree that is added. */
  readonly rate: number;
  /** Rows that each side of a cut keeps at least. */
  readonly leafRowsMin: number;
  /** Share of the rows that each tree is grown on. */
  readonly rowShare: number;
}

export const boostingDefaults: BoostingSettings = {
  rounds: 120,
  depthMax: 4,
  rate: 0.1,
  leafRowsMin: 20,
  rowShare: 0.7,
};

/** Values are sorted into so many bins once; a cut lies between two of them (LightGBM; Ke and others 2017). */
const binsMax = 64;

/** Gradient boosting of squared errors over histograms: seeded, and the same on every machine. */
export class Boosting {
  /** Added up, with `base`, they are the estimate. */
  readonly trees: readonly Tree[];
  readonly base: number;

  constructor(
    rows: readonly Float64Array[],
    targets: Float64Array,
    random: Random,
    settings: BoostingSettings = boostingDefaults,
  ) {
    const edges = edgesOf(rows);
    const bins = rows.map((row) =>
      Uint8Array.from(edges, (each, feature) => binOf(each, row[feature] ?? NaN)),
    );
    const estimates = new Float64Array(targets.length);
    this.base = Math.fround(targets.reduce((sum, value) => sum + value, 0) / targets.length);
    estimates.fill(this.base);
    this.trees = Array.from({ length: settings.rounds }, () => {
      const wrong = targets.map((target, at) => target - (estimates[at] ?? 0));
      const chosen = rows.flatMap((_row, at) => (random.next() < settings.rowShare ? [at] : []));
      const nodes: TreeNode[] = [];
      grow(nodes, chosen, 0, { bins, edges, wrong, settings });
      rows.forEach((row, at) => {
        estimates[at] = (estimates[at] ?? 0) + walk(nodes, row);
      });
      return nodes;
    });
  }

  estimate(row: Float64Array): number {
    return this.trees.reduce((sum, tree) => sum + walk(tree, row), this.base);
  }
}

interface Growth {
  readonly bins: readonly Uint8Array[];
  readonly edges: readonly Float64Array[];
  readonly wrong: Float64Array;
  readonly settings: BoostingSettings;
}

function grow(nodes: TreeNode[], rows: readonly number[], depth: number, growth: Growth): number {
  const { bins, edges, wrong, settings } = growth;
  const place = nodes.length;
  const total = rows.reduce((sum, row) => sum + (wrong[row] ?? 0), 0);
  nodes.push({ value: Math.fround((settings.rate * total) / Math.max(1, rows.length)) });
  const cut = depth >= settings.depthMax ? undefined : bestCut(rows, total, growth);
  if (cut === undefined) return place;
  const { feature, bin } = cut;
  const below = rows.filter((row) => (bins[row]?.[feature] ?? 0) <= bin);
  const above = rows.filter((row) => (bins[row]?.[feature] ?? 0) > bin);
  const left = grow(nodes, below, depth + 1, growth);
  const right = grow(nodes, above, depth + 1, growth);
  nodes[place] = { feature, threshold: edges[feature]?.[bin] ?? 0, left, right };
  return place;
}

/** The cut that leaves the least squared error; the first of equals, so that the order of work does not matter. */
function bestCut(
  rows: readonly number[],
  total: number,
  { bins, edges, wrong, settings }: Growth,
): { readonly feature: number; readonly bin: number } | undefined {
  let best: { readonly feature: number; readonly bin: number } | undefined;
  // A cut must gain something: 1e-12 of the error is rounding.
  let bestGain = (total * total) / Math.max(1, rows.length) + 1e-12;
  const sums = new Float64Array(binsMax);
  const counts = new Int32Array(binsMax);
  for (let feature = 0; feature < edges.length; feature++) {
    sums.fill(0);
    counts.fill(0);
    for (const row of rows) {
      const bin = bins[row]?.[feature] ?? 0;
      sums[bin] = (sums[bin] ?? 0) + (wrong[row] ?? 0);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    let sum = 0;
    let count = 0;
    for (let bin = 0; bin < (edges[feature]?.length ?? 0); bin++) {
      sum += sums[bin] ?? 0;
      count += counts[bin] ?? 0;
      const other = rows.length - count;
      if (count < settings.leafRowsMin || other < settings.leafRowsMin) continue;
      const gain = (sum * sum) / count + (total - sum) ** 2 / other;
      if (gain > bestGain) {
        bestGain = gain;
        best = { feature, bin };
      }
    }
  }
  return best;
}

/** Upper edges of the bins of each feature, at equal shares of the rows; 32-bit, as they stand in the file. */
function edgesOf(rows: readonly Float64Array[]): readonly Float64Array[] {
  const width = rows[0]?.length ?? 0;
  return Array.from({ length: width }, (_unused, feature) => {
    const sorted = Float64Array.from(rows, (row) => Math.fround(row[feature] ?? 0)).sort();
    const edges = new Set<number>();
    for (let bin = 1; bin < binsMax; bin++) {
      const edge = sorted[Math.floor((bin * sorted.length) / binsMax)];
      if (edge !== undefined && edge < (sorted.at(-1) ?? edge)) edges.add(edge);
    }
    return Float64Array.from(edges);
  });
}

/** The first bin whose upper edge is not below the value; the last bin has none. */
function binOf(edges: Float64Array, value: number): number {
  const rounded = Math.fround(value);
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rounded <= (edges[middle] ?? Infinity)) high = middle;
    else low = middle + 1;
  }
  return low;
}
