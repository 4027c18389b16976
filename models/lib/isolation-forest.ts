import type { Random } from "@millwright/kit";
import {
  float32,
  GraphBuilder,
  treeEnsemble,
  type Model,
  type Tree,
  type TreeNode,
} from "@millwright/onnx";

/**
 * Isolation forest (Liu, Ting and Zhou 2008): what is cut off from the others by few random cuts is odd. For comparison:
 * on our data it finds far less than a distance does, and it cannot say which input was odd.
 */
export class IsolationForest {
  readonly #trees: readonly Tree[];
  readonly #typical: number;
  readonly #width: number;

  /** @param rows normal windows, at least two */
  constructor(rows: readonly Float64Array[], random: Random, trees = 100, sampled = 256) {
    this.#width = rows[0]?.length ?? 0;
    const size = Math.min(sampled, rows.length);
    const depthMax = Math.ceil(Math.log2(Math.max(2, size)));
    this.#typical = pathLength(size);
    this.#trees = Array.from({ length: trees }, () => {
      const nodes: TreeNode[] = [];
      const chosen = Array.from(
        { length: size },
        () => rows[random.int(rows.length)] ?? new Float64Array(),
      );
      grow(nodes, chosen, 0, depthMax, random);
      // The mean over trees is taken where they are grown: a runtime only adds.
      return nodes.map((node) => ("value" in node ? { value: node.value / trees } : node));
    });
  }

  /** 0.5 is usual; near 1 is odd. */
  score(window: Float64Array): number {
    const depth = this.#trees.reduce((sum, tree) => sum + walk(tree, window), 0);
    return 2 ** (-depth / this.#typical);
  }

  /** Input `window` [batch, width], output `score` [batch, 1]. */
  toModel(): Model {
    const graph = new GraphBuilder();
    const window = graph.input("window", ["batch", this.#width]);
    graph.node(
      "TreeEnsembleRegressor",
      "depth",
      [window],
      treeEnsemble(this.#trees, 0),
      "ai.onnx.ml",
    );
    const power = graph.node("Div", "power", [
      "depth",
      graph.constant(float32("typical", [1], [-this.#typical])),
    ]);
    graph.node("Pow", "score", [graph.constant(float32("two", [1], [2])), power]);
    graph.output("score", ["batch", 1]);
    return graph.build("isolation-forest", "how few random cuts single a window out");
  }
}

/** Mean depth of an unsuccessful search in a binary tree of so many values. */
function pathLength(size: number): number {
  if (size <= 1) return 0;
  if (size === 2) return 1;
  const harmonic = Math.log(size - 1) + 0.577_215_664_901_532_9;
  return 2 * harmonic - (2 * (size - 1)) / size;
}

/** Adds the nodes of one tree, each before what is below it; gives the place of the first. */
function grow(
  nodes: TreeNode[],
  rows: readonly Float64Array[],
  depth: number,
  depthMax: number,
  random: Random,
): number {
  const place = nodes.length;
  const width = rows[0]?.length ?? 0;
  const feature = random.int(Math.max(1, width));
  let low = Infinity;
  let high = -Infinity;
  for (const row of rows) {
    low = Math.min(low, row[feature] ?? NaN);
    high = Math.max(high, row[feature] ?? NaN);
  }
  // Thresholds are 32-bit in the file: they are rounded here, so that both sides cut at the same place.
  const threshold = Math.fround(low + random.next() * (high - low));
  if (depth >= depthMax || rows.length <= 1 || !(threshold >= low && threshold < high)) {
    nodes.push({ value: depth + pathLength(rows.length) });
    return place;
  }
  nodes.push({ value: 0 });
  const left = grow(
    nodes,
    rows.filter((row) => Math.fround(row[feature] ?? 0) <= threshold),
    depth + 1,
    depthMax,
    random,
  );
  const right = grow(
    nodes,
    rows.filter((row) => Math.fround(row[feature] ?? 0) > threshold),
    depth + 1,
    depthMax,
    random,
  );
  nodes[place] = { feature, threshold, left, right };
  return place;
}

/** The value of the leaf in which a window ends. */
export function walk(tree: Tree, window: Float64Array): number {
  let node = tree[0];
  while (node !== undefined && !("value" in node)) {
    node =
      tree[Math.fround(window[node.feature] ?? NaN) <= node.threshold ? node.left : node.right];
  }
  return node?.value ?? NaN;
}
