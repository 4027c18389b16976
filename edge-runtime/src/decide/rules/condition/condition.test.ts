import assert from "node:assert/strict";
import { test } from "node:test";

import { CelScalar, celEnv, isCelError, parse, plan } from "@bufbuild/cel";
import fc from "fast-check";

import { checkCondition, type DeclaredInput } from "./check.ts";
import { compileCondition } from "./compile.ts";
import { withDeadBands } from "./dead-band.ts";
import { isProblem, toInt, type Typed, type Value } from "./node.ts";
import { parseCondition } from "./parse.ts";

const inputs = new Map<string, DeclaredInput>([
  ["a", { slot: 0, type: "double" }],
  ["b", { slot: 1, type: "double" }],
  ["i", { slot: 2, type: "int" }],
  ["j", { slot: 3, type: "int" }],
  ["p", { slot: 4, type: "bool" }],
  ["q", { slot: 5, type: "bool" }],
  ["s", { slot: 6, type: "string" }],
]);

function understood(text: string): Typed {
  const node = parseCondition(text);
  assert.ok(!isProblem(node), `${text}: ${"what" in node ? node.what : ""}`);
  const checked = checkCondition(node, inputs);
  assert.ok(!isProblem(checked), `${text}: ${"what" in checked ? checked.what : ""}`);
  return checked;
}

function refusal(text: string): { readonly at: number; readonly what: string } {
  const node = parseCondition(text);
  if (isProblem(node)) return node;
  const checked = checkCondition(node, inputs);
  assert.ok(isProblem(checked), `${text} was taken`);
  return checked;
}

function answer(text: string, values: readonly Value[]): Value {
  return compileCondition(understood(text))(values);
}

/** Random conditions in the words of a rule, by type. */
const { bool: anyCondition } = fc.letrec<{
  bool: string;
  int: string;
  double: string;
  text: string;
}>((tie) => ({
  bool: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("p", "q", "true", "false"),
    fc.tuple(tie("bool"), fc.constantFrom("&&", "||", "==", "!="), tie("bool")).map(joined),
    fc.tuple(tie("bool"), tie("bool"), tie("bool")).map(([x, y, z]) => `(${x} && ${y} && ${z})`),
    tie("bool").map((x) => `!(${x})`),
    fc.tuple(tie("int"), fc.constantFrom("<", "<=", ">", ">=", "==", "!="), tie("int")).map(joined),
    fc
      .tuple(tie("double"), fc.constantFrom("<", "<=", ">", ">=", "==", "!="), tie("double"))
      .map(joined),
    fc
      .tuple(tie("int"), fc.constantFrom("<", "<=", ">", ">=", "==", "!="), tie("double"))
      .map(joined),
    fc
      .tuple(tie("text"), fc.constantFrom("<", "<=", ">", ">=", "==", "!="), tie("text"))
      .map(joined),
    fc.tuple(tie("bool"), tie("bool"), tie("bool")).map(([x, y, z]) => `(${x} ? ${y} : ${z})`),
    fc
      .tuple(tie("int"), fc.array(tie("int"), { maxLength: 3 }))
      .map(([x, all]) => `(${x} in [${all.join(", ")}])`),
    fc
      .tuple(tie("double"), fc.array(tie("int"), { maxLength: 3 }))
      .map(([x, all]) => `(${x} in [${all.join(", ")}])`),
    fc
      .tuple(tie("text"), fc.constantFrom("contains", "startsWith", "endsWith"), tie("text"))
      .map(([x, f, y]) => `${x}.${f}(${y})`),
  ),
  int: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("i", "j", "0", "1", "-1", "7", "9007199254740993", "9223372036854775807"),
    fc.tuple(tie("int"), fc.constantFrom("+", "-", "*", "/", "%"), tie("int")).map(joined),
    tie("int").map((x) => `(-(${x}))`),
    tie("double").map((x) => `int(${x})`),
    tie("text").map((x) => `size(${x})`),
  ),
  double: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("a", "b", "0.0", "2.5", "-1.0", "1e18"),
    fc.tuple(tie("double"), fc.constantFrom("+", "-", "*", "/"), tie("double")).map(joined),
    tie("double").map((x) => `(-(${x}))`),
    tie("int").map((x) => `double(${x})`),
  ),
  text: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom("s", '"auto"', '""', '"ü€"'),
    fc.tuple(tie("text"), tie("text")).map(([x, y]) => `(${x} + ${y})`),
  ),
}));

function joined([left, sign, right]: readonly [string, string, string]): string {
  return `(${left} ${sign} ${right})`;
}

const double = fc.oneof(
  fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, 2.5, 9.3e18, -9.3e18),
  fc.double(),
);
const int = fc.oneof(
  fc.constantFrom(0n, 1n, -1n, 2n ** 53n, 2n ** 53n - 1n, 2n ** 63n - 1n, -(2n ** 63n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -9n, max: 9n }),
);
const some = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined, freq: 6 });

test("closures and the CEL library agree on random conditions and values, unknown ones included", () => {
  const { BOOL, INT, DOUBLE, STRING } = CelScalar;
  const env = celEnv({
    variables: { a: DOUBLE, b: DOUBLE, i: INT, j: INT, p: BOOL, q: BOOL, s: STRING },
  });
  const seen = new Set<Value>();
  fc.assert(
    fc.property(
      anyCondition,
      fc.tuple(
        some(double),
        some(double),
        some(int),
        some(int),
        some(fc.boolean()),
        some(fc.boolean()),
        some(fc.constantFrom("auto", "hand", "ü")),
      ),
      (text, values) => {
        const bound = Object.fromEntries(
          [...inputs.keys()].flatMap((name, at) =>
            values[at] === undefined ? [] : [[name, values[at]]],
          ),
        );
        // A name that is not bound is an error in the library, which is what unknown is here.
        const theirs = plan(env, parse(text))(bound as never);
        const ours = answer(
          text,
          values.map((value) => (typeof value === "bigint" ? toInt(value) : value)),
        );
        seen.add(ours);
        assert.equal(ours, isCelError(theirs) ? undefined : theirs);
      },
    ),
    { numRuns: 1_000 },
  );
  assert.deepEqual(seen, new Set([true, false, undefined]), "all three answers were drawn");
});

test("what passes 64 bits and what is divided by zero is unknown, and what decides wins over it", () => {
  const values: Value[] = [NaN, 1, 2n ** 63n - 1n, 0, true, false, "auto"];
  assert.equal(answer("i + 1 > 0", values), undefined);
  assert.equal(answer("i / j > 0", values), undefined);
  assert.equal(answer("i / j > 0 || p", values), true);
  assert.equal(answer("q && i / j > 0", values), false);
  assert.equal(answer("i / j > 0 && q", values), false);
  assert.equal(answer("a > 0.0 || a <= 0.0", values), false, "NaN is neither");
  assert.equal(answer("a / 0.0 > 1.0", [1, 0]), true, "a double divided by zero is infinite");
});

test("a mistake is named with its place", () => {
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ["a > ", 2, /no CEL/],
    ["a > 1.0 && tmp > 2.0", 11, /"tmp" is none of the inputs \(a, b, i/],
    ["a + 2 > 1.0", 2, /"\+" does not take double and int; write 2\.0 for 2/],
    ["p > q", 2, /">" does not take bool and bool/],
    ["s == 1", 2, /"==" does not take string and int/],
    ["[1, 2].all(x, x > i)", 6, /is a loop/],
    ["s.matches('(a+)+')", 1, /a rule has no matches\(\)/],
    ["a.b > 1.0", 1, /"\.b" looks into a value/],
    ["p ? 1 : 2.0", 0, /"\? :" does not take bool and int and double/],
    ['i in [1, "two"]', 9, /string is sought among int/],
    ["[1] == [1]", 0, /a list stands only behind "in"/],
    ["{'a': 1} == {'a': 1}", 0, /nothing that a rule can judge/],
  ];
  for (const [text, at, what] of cases) {
    const problem = refusal(text);
    assert.match(problem.what, what, text);
    assert.equal(problem.at, at, text);
  }
});

test("a condition that is nested without end is refused before it takes the stack", () => {
  assert.match(refusal(`${"(p && (q || ".repeat(60)}p${"))".repeat(60)}`).what, /nested deeper/);
  assert.match(refusal(`p || ${"(a > 1.0) || ".repeat(200)} q`).what, /characters/);
});

test("a dead-band keeps a condition by so much longer, on the side where it holds", () => {
  const held = (text: string, bands: Record<string, number>, values: readonly Value[]): Value => {
    const widened = withDeadBands(understood(text), new Map(Object.entries(bands)));
    assert.ok(!isProblem(widened));
    return compileCondition(widened)(values);
  };
  assert.equal(held("a > 95.0", { a: 3 }, [92.5]), true);
  assert.equal(held("a > 95.0", { a: 3 }, [92]), false);
  assert.equal(held("95.0 < a", { a: 3 }, [92.5]), true);
  assert.equal(held("a < 5.0", { a: 3 }, [7.5]), true);
  assert.equal(held("!(a < 5.0)", { a: 3 }, [2.5]), true);
  assert.equal(held("i >= 5 && p", { i: 2 }, [0, 0, 3, 0, true]), true);
  assert.equal(held("a > 95.0 && b < 1.0", { a: 3, b: 1 }, [93, 1.5]), true);
});

test("a dead-band that would do nothing is refused", () => {
  for (const text of ["b > 1.0", "a + b > 1.0", "a == 1.0", "a > 1.0 == p", "a > b"]) {
    const widened = withDeadBands(understood(text), new Map([["a", 1]]));
    assert.ok(isProblem(widened), text);
    assert.match(widened.what, /dead-band of a does nothing/);
  }
});
