/**
 * CEL text to our own tree. The grammar is the library's (Common Expression Language, cel-spec langdef.md); what rules
 * leave out of it is refused here: a rule answers in a bounded time, so it has no loops, no maps and no regular
 * expressions (field practice 72).
 */
import { createRequire } from "node:module";

import type { parse } from "@bufbuild/cel";

import { toInt, type ConditionProblem, type Node, type Value, type ValueKind } from "./node.ts";

let library: { readonly parse: typeof parse } | undefined;

/** Loaded with the first rule only: it takes 200 ms of a processor and 20 MB, and many gateways have no rules. */
function load(): { readonly parse: typeof parse } {
  library ??= createRequire(import.meta.url)("@bufbuild/cel") as { readonly parse: typeof parse };
  return library;
}

type CelExpr = ReturnType<typeof parse>["expr"];

/** As long as a page of text; a condition that a person can check is a line. */
const charactersMax = 2_000;
/** Deeper than anybody writes, and far from the end of the stack. */
const depthMax = 50;

class Refusal extends Error {
  readonly problem: ConditionProblem;
  constructor(problem: ConditionProblem) {
    super(problem.what);
    this.problem = problem;
  }
}

export function parseCondition(text: string): Node | ConditionProblem {
  if (text.length > charactersMax) {
    return {
      at: 0,
      what: `has ${text.length} characters, and may have ${charactersMax}; make two rules of it`,
    };
  }
  // Outside of the attempt: a library that is missing is no condition that is wrong.
  const cel = load();
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = cel.parse(text);
  } catch (failure) {
    return syntaxProblem(failure);
  }
  const positions = parsed.sourceInfo?.positions ?? {};
  const placeOf = (expr: CelExpr): number => {
    const at = positions[expr.id.toString()] ?? 0;
    // The library counts the blanks before an operator to it.
    return at + (/^\s*/.exec(text.slice(at))?.[0].length ?? 0);
  };
  try {
    return toNode(parsed.expr, placeOf, 0);
  } catch (failure) {
    if (failure instanceof Refusal) return failure.problem;
    throw failure;
  }
}

function toNode(expr: CelExpr, placeOf: (expr: CelExpr) => number, depth: number): Node {
  const at = placeOf(expr);
  if (depth > depthMax) throw new Refusal({ at, what: `is nested deeper than ${depthMax}` });
  const { exprKind } = expr;
  switch (exprKind.case) {
    case "constExpr":
      return { kind: "constant", at, ...constantOf(exprKind.value.constantKind, at) };
    case "identExpr":
      return { kind: "name", at, name: exprKind.value.name };
    case "listExpr":
      return {
        kind: "list",
        at,
        items: exprKind.value.elements.map((each) => toNode(each, placeOf, depth + 1)),
      };
    case "callExpr": {
      const { function: call, target, args } = exprKind.value;
      const of = (target === undefined ? args : [target, ...args]).map((each) =>
        toNode(each, placeOf, depth + 1),
      );
      return { kind: "call", at, call: target === undefined ? call : `.${call}`, of };
    }
    case "selectExpr":
      throw new Refusal({
        at,
        what: `".${exprKind.value.field}" looks into a value; inputs of a rule are plain names, so name what you need under inputs`,
      });
    case "comprehensionExpr":
      throw new Refusal({
        at,
        what: "is a loop (all, exists, map, filter); a rule has none, so that it always answers in time",
      });
    case "structExpr":
    case undefined:
      throw new Refusal({ at, what: "is nothing that a rule can judge (map, message)" });
  }
}

type ConstantKind = Extract<CelExpr["exprKind"], { case: "constExpr" }>["value"]["constantKind"];

function constantOf(
  constant: ConstantKind,
  at: number,
): { readonly type: ValueKind; readonly value: Value } {
  switch (constant.case) {
    case "boolValue":
      return { type: "bool", value: constant.value };
    case "int64Value":
      return { type: "int", value: toInt(constant.value) };
    case "doubleValue":
      return { type: "double", value: constant.value };
    case "stringValue":
      return { type: "string", value: constant.value };
    case "bytesValue":
    case "durationValue":
    case "nullValue":
    case "timestampValue":
    case "uint64Value":
    case undefined:
      throw new Refusal({ at, what: "is no number, text, true or false" });
  }
}

/** The library says where in an error of its own shape (peggy's `SyntaxError` with `location`). */
function syntaxProblem(failure: unknown): ConditionProblem {
  const at =
    typeof failure === "object" &&
    failure !== null &&
    "location" in failure &&
    typeof failure.location === "object" &&
    failure.location !== null &&
    "start" in failure.location &&
    typeof failure.location.start === "object" &&
    failure.location.start !== null &&
    "offset" in failure.location.start &&
    typeof failure.location.start.offset === "number"
      ? failure.location.start.offset
      : 0;
  const said = failure instanceof Error ? failure.message : String(failure);
  const what = said.replace(/^syntax error <input>:\d+:\d+: /, "");
  return { at, what: `is no CEL: ${what}` };
}
