import type { Attribute } from "./model.ts";

/** A branch asks `x[feature] <= threshold` and goes to `left` when it is true; a leaf adds its value. */
export type TreeNode =
  | {
      readonly feature: number;
      readonly threshold: number;
      /** Places in the tree's list; both after the branch itself. */
      readonly left: number;
      readonly right: number;
    }
  | { readonly value: number };

/** Nodes of one tree; the first is its root. */
export type Tree = readonly TreeNode[];

/** Attributes of a `TreeEnsembleRegressor` (ai.onnx.ml, version 3) that adds up its trees and `base`. */
export function treeEnsemble(
  trees: readonly Tree[],
  base: number,
): Readonly<Record<string, Attribute>> {
  const ids: number[] = [];
  const nodeTrees: number[] = [];
  const features: number[] = [];
  const thresholds: number[] = [];
  const modes: string[] = [];
  const yes: number[] = [];
  const no: number[] = [];
  const leafIds: number[] = [];
  const leafTrees: number[] = [];
  const weights: number[] = [];
  trees.forEach((tree, treeId) => {
    tree.forEach((node, id) => {
      const leaf = "value" in node;
      ids.push(id);
      nodeTrees.push(treeId);
      features.push(leaf ? 0 : node.feature);
      thresholds.push(leaf ? 0 : node.threshold);
      modes.push(leaf ? "LEAF" : "BRANCH_LEQ");
      yes.push(leaf ? 0 : node.left);
      no.push(leaf ? 0 : node.right);
      if (!leaf) return;
      leafIds.push(id);
      leafTrees.push(treeId);
      weights.push(node.value);
    });
  });
  return {
    n_targets: { kind: "int", value: 1 },
    base_values: { kind: "floats", value: [base] },
    nodes_treeids: { kind: "ints", value: nodeTrees },
    nodes_nodeids: { kind: "ints", value: ids },
    nodes_featureids: { kind: "ints", value: features },
    nodes_values: { kind: "floats", value: thresholds },
    nodes_modes: { kind: "strings", value: modes },
    nodes_truenodeids: { kind: "ints", value: yes },
    nodes_falsenodeids: { kind: "ints", value: no },
    target_treeids: { kind: "ints", value: leafTrees },
    target_nodeids: { kind: "ints", value: leafIds },
    target_ids: { kind: "ints", value: leafIds.map(() => 0) },
    target_weights: { kind: "floats", value: weights },
  };
}
