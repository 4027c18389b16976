/**
 * The same condition, easier to keep than to begin: while a rule is fired, an input with a dead-band may come back by so
 * much over its limit before the rule clears. `temp > 95.0` with 3 stays true down to 92.
 */
import type { ConditionProblem, Typed } from "./node.ts";

const rising: readonly string[] = ["_>_", "_>=_"];
const falling: readonly string[] = ["_<_", "_<=_"];

/**
 * @param bands amount by name of input, in its unit, above 0
 * @returns what holds the rule; refuses a band that would do nothing, or whose direction cannot be told
 */
export function withDeadBands(
  condition: Typed,
  bands: ReadonlyMap<string, number>,
): Typed | ConditionProblem {
  const used = new Set<string>();
  const widen = (node: Typed, wanted: boolean | undefined): Typed => {
    if (node.kind !== "call") return node;
    const compared = wanted === undefined ? undefined : sides(node);
    const by = compared === undefined ? undefined : bands.get(compared.input.name);
    if (compared !== undefined && by !== undefined) {
      used.add(compared.input.name);
      const up = compared.up === wanted;
      const widened = shifted(compared.input, up ? by : -by);
      const of = node.of.map((each) => (each === compared.input ? widened : each));
      return { ...node, of };
    }
    const inner = wantedOf(node.call, wanted);
    return { ...node, of: node.of.map((each, at) => widen(each, inner(at))) };
  };
  const widened = widen(condition, true);
  for (const name of bands.keys()) {
    if (used.has(name)) continue;
    return {
      at: 0,
      what: `the dead-band of ${name} does nothing, because ${name} alone stands at no side of <, <=, > or >=; write "until" instead`,
    };
  }
  return widened;
}

/** Which answer of each part helps the whole to be true; undefined where that cannot be told. */
function wantedOf(call: string, wanted: boolean | undefined): (at: number) => boolean | undefined {
  switch (call) {
    case "_&&_":
    case "_||_":
      return () => wanted;
    case "!_":
      return () => (wanted === undefined ? undefined : !wanted);
    case "_?_:_":
      return (at) => (at === 0 ? undefined : wanted);
    default:
      return () => undefined;
  }
}

type Input = Extract<Typed, { kind: "input" }>;

/** The input of a comparison that has one, and whether it is a rising one that makes it true. */
function sides(
  node: Extract<Typed, { kind: "call" }>,
): { readonly input: Input; readonly up: boolean } | undefined {
  const up = rising.includes(node.call);
  if (!up && !falling.includes(node.call)) return undefined;
  const [left, right] = node.of;
  if (left?.kind === "input" && right?.kind !== "input") return { input: left, up };
  if (right?.kind === "input" && left?.kind !== "input") return { input: right, up: !up };
  return undefined;
}

function shifted(input: Input, by: number): Typed {
  const type = "double";
  const own: Typed =
    input.type === "double" ? input : { kind: "call", type, call: "double", of: [input] };
  return { kind: "call", type, call: "_+_", of: [own, { kind: "constant", type, value: by }] };
}
