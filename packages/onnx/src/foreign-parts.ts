import { opsetDomains, type Graph, type Model, type Tensor } from "./model.ts";

/** Something in a model that would reach out of its file. */
export interface ForeignPart {
  readonly kind: "external-data" | "operator-domain" | "unread-field";
  /** The tensor, node or field. */
  readonly where: string;
  /** The file that the tensor names, the domain of the operator, or "". */
  readonly what: string;
}

/**
 * What must not be in a bundle (field practice 81): tensors that lie in other files, operators of a library of their
 * own, and fields that we did not read and so cannot judge (training steps, functions, sparse tensors).
 */
export function findForeignParts(model: Model): readonly ForeignPart[] {
  const parts: ForeignPart[] = [];
  const searchTensor = (tensor: Tensor): void => {
    if (tensor.external === undefined) return;
    const what = tensor.external["location"] ?? "";
    parts.push({ kind: "external-data", where: tensor.name, what });
  };
  const searchGraph = (graph: Graph): void => {
    graph.initializers.forEach(searchTensor);
    for (const node of graph.nodes) {
      const where = node.name === "" ? node.opType : `${node.opType} ${node.name}`;
      if (!opsetDomains.includes(node.domain)) {
        parts.push({ kind: "operator-domain", where, what: node.domain });
      }
      for (const attribute of Object.values(node.attributes)) {
        if (attribute.kind === "graph") searchGraph(attribute.value);
        if (attribute.kind === "graphs") attribute.value.forEach(searchGraph);
        if (attribute.kind === "tensor") searchTensor(attribute.value);
        if (attribute.kind === "tensors") attribute.value.forEach(searchTensor);
      }
    }
  };
  searchGraph(model.graph);
  for (const domain of Object.keys(model.opsets)) {
    if (!opsetDomains.includes(domain)) {
      parts.push({ kind: "operator-domain", where: "opset_import", what: domain });
    }
  }
  for (const field of model.unread) parts.push({ kind: "unread-field", where: field, what: "" });
  return parts;
}
