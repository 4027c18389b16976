/** Types of a condition, before anything runs: a mistake is found by whoever writes the rule, not by the machine. */
import type { ConditionProblem, Node, Typed, ValueKind } from "./node.ts";

/** An input as the condition may name it. */
export interface DeclaredInput {
  readonly slot: number;
  readonly type: ValueKind;
}

class Refusal extends Error {
  readonly problem: ConditionProblem;
  constructor(at: number, what: string) {
    super(what);
    this.problem = { at, what };
  }
}

/** Refuses unknown names, calls that CEL or a rule does not have, and types that do not fit. */
export function checkCondition(
  node: Node,
  inputs: ReadonlyMap<string, DeclaredInput>,
): Typed | ConditionProblem {
  try {
    return typed(node, inputs);
  } catch (failure) {
    if (failure instanceof Refusal) return failure.problem;
    throw failure;
  }
}

function typed(node: Node, inputs: ReadonlyMap<string, DeclaredInput>): Typed {
  switch (node.kind) {
    case "constant":
      return { kind: "constant", type: node.type, value: node.value };
    case "name": {
      const input = inputs.get(node.name);
      if (input !== undefined) return { kind: "input", name: node.name, ...input };
      const known = [...inputs.keys()].join(", ");
      throw new Refusal(node.at, `"${node.name}" is none of the inputs (${known})`);
    }
    case "list":
      throw new Refusal(node.at, 'a list stands only behind "in"');
    case "call":
      return typedCall(node, inputs);
  }
}

type Call = Extract<Node, { kind: "call" }>;

function typedCall(node: Call, inputs: ReadonlyMap<string, DeclaredInput>): Typed {
  const { call, at } = node;
  if (call === "@in") return typedIn(node, inputs);
  const of = node.of.map((each) => typed(each, inputs));
  const types = of.map(({ type }) => type);
  const type = resultOf(call, types);
  if (type !== undefined) return { kind: "call", type, call, of };
  throw new Refusal(at, mismatch(call, types));
}

/** `x in [1, 2, 3]`: the list is written out, so its length is known. */
function typedIn({ at, of }: Call, inputs: ReadonlyMap<string, DeclaredInput>): Typed {
  const [one, list] = of;
  if (one === undefined || list?.kind !== "list") {
    throw new Refusal(at, '"in" needs a list that is written out, such as [1, 2, 3]');
  }
  const sought = typed(one, inputs);
  const items = list.items.map((item) => {
    const each = typed(item, inputs);
    if (!comparable(sought.type, each.type)) {
      throw new Refusal(item.at, `${each.type} is sought among ${sought.type}`);
    }
    return each;
  });
  return { kind: "call", type: "bool", call: "@in", of: [sought, ...items] };
}

function isNumber(type: ValueKind | undefined): boolean {
  return type === "int" || type === "double";
}

/** CEL compares numbers across their types, and nothing else. */
function comparable(a: ValueKind | undefined, b: ValueKind | undefined): boolean {
  return a === b || (isNumber(a) && isNumber(b));
}

/** Type of the result; undefined where CEL has no such overload (cel-spec, "Standard Definitions"). */
function resultOf(call: string, types: readonly ValueKind[]): ValueKind | undefined {
  const [a, b, c] = types;
  switch (call) {
    case "_&&_":
    case "_||_":
      return types.every((type) => type === "bool") ? "bool" : undefined;
    case "!_":
      return a === "bool" ? "bool" : undefined;
    case "_?_:_":
      return a === "bool" && b === c ? b : undefined;
    case "_==_":
    case "_!=_":
      return comparable(a, b) ? "bool" : undefined;
    case "_<_":
    case "_<=_":
    case "_>_":
    case "_>=_":
      return a !== "bool" && comparable(a, b) ? "bool" : undefined;
    case "_+_":
      return a === b && a !== "bool" ? a : undefined;
    case "_-_":
    case "_*_":
    case "_/_":
      return a === b && isNumber(a) ? a : undefined;
    case "_%_":
      return a === "int" && b === "int" ? "int" : undefined;
    case "-_":
      return isNumber(a) ? a : undefined;
    case "int":
    case "double":
      return types.length === 1 && isNumber(a) ? call : undefined;
    case "size":
    case ".size":
      return types.length === 1 && a === "string" ? "int" : undefined;
    case ".contains":
    case ".startsWith":
    case ".endsWith":
      return types.length === 2 && a === "string" && b === "string" ? "bool" : undefined;
    default:
      return undefined;
  }
}

const signs: Readonly<Record<string, string>> = {
  "_&&_": "&&",
  "_||_": "||",
  "!_": "!",
  "_?_:_": "? :",
  "_==_": "==",
  "_!=_": "!=",
  "_<_": "<",
  "_<=_": "<=",
  "_>_": ">",
  "_>=_": ">=",
  "_+_": "+",
  "_-_": "-",
  "_*_": "*",
  "_/_": "/",
  "_%_": "%",
  "-_": "-",
};
const named: readonly string[] = ["int", "double", "size", ".size", ".contains"];
const methods: readonly string[] = [".startsWith", ".endsWith"];

function mismatch(call: string, types: readonly ValueKind[]): string {
  const sign = signs[call];
  if (sign === undefined && !named.includes(call) && !methods.includes(call)) {
    return `a rule has no ${call.replace(/^\./, "")}(); it has int, double, size, contains, startsWith, endsWith`;
  }
  const shown = `"${sign ?? call.replace(/^\./, "")}" does not take ${types.join(" and ")}`;
  // CEL never mixes the two silently, and nobody who writes "2" beside a temperature knows it.
  const mixed = types.includes("int") && types.includes("double");
  return mixed ? `${shown}; write 2.0 for 2, or double(x)` : shown;
}
