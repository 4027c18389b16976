export {
  elementTypes,
  opsetDomains,
  type Attribute,
  type Dimension,
  type Graph,
  type GraphNode,
  type Model,
  type Tensor,
  type TensorValue,
} from "./model.ts";
export { encodeModel } from "./encode.ts";
export { decodeModel } from "./decode.ts";
export { NotOnnx } from "./fields.ts";
export { findForeignParts, type ForeignPart } from "./foreign-parts.ts";
export { float32, int64, GraphBuilder } from "./graph-builder.ts";
export { treeEnsemble, type TreeNode, type Tree } from "./tree-ensemble.ts";
