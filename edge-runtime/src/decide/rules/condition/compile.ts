/**
 * A typed condition to closures over the table of inputs. The library's own evaluation of flat names reaches 0.6 to
 * 2.7 million conditions a second, but makes an error object with a stack for each unknown input, and unknown inputs
 * come together, when a device is lost. A property holds these closures and the library equal.
 */
import { toInt, type Typed, type Value } from "./node.ts";

/** @param inputs by slot; undefined where the input is stale, bad or not there yet */
export type Condition = (inputs: readonly Value[]) => Value;

export function compileCondition(node: Typed): Condition {
  switch (node.kind) {
    case "constant": {
      const { value } = node;
      return () => value;
    }
    case "input": {
      const { slot } = node;
      return (inputs) => inputs[slot];
    }
    case "call":
      return compileCall(node);
  }
}

function compileCall({ call, type, of }: Extract<Typed, { kind: "call" }>): Condition {
  const parts = of.map(compileCondition);
  const [a, b, c] = parts;
  const types = of.map((each) => each.type);
  if (a === undefined) throw new TypeError(`${call} of nothing`);
  switch (call) {
    case "_&&_":
      return absorbing(parts, false);
    case "_||_":
      return absorbing(parts, true);
    case "!_":
      return one(a, (value) => value !== true);
    case "-_":
      return type === "double"
        ? one(a, (value) => -(value as number))
        : one(a, (value) => intOf("-", 0, value as Int));
    case "int":
      return types[0] === "int" ? a : one(a, (value) => intFrom(value as number));
    case "double":
      return one(a, Number);
    case "size":
    case ".size":
      // CEL counts code points (cel-spec, "size").
      return one(a, (value) => Array.from(value as string).length);
    case "@in":
      return amongOf(a, parts.slice(1));
  }
  if (b === undefined) throw new TypeError(`${call} of one`);
  if (call === "_?_:_") {
    if (c === undefined) throw new TypeError(`${call} of two`);
    return (inputs) => {
      const which = a(inputs);
      return which === undefined ? undefined : which === true ? b(inputs) : c(inputs);
    };
  }
  const two = type === "int" ? intTwo[call] : (plainTwo[call] ?? comparison(call, types));
  if (two === undefined) throw new TypeError(`${call} is not compiled`);
  return (inputs) => {
    const left = a(inputs);
    if (left === undefined) return undefined;
    const right = b(inputs);
    return right === undefined ? undefined : two(left, right);
  };
}

/**
 * `&&` and `||` of CEL: what decides wins over what is unknown, from either side (cel-spec, "Logical Operators").
 *
 * @param decisive false for `&&`, true for `||`
 */
function absorbing(parts: readonly Condition[], decisive: boolean): Condition {
  return (inputs) => {
    let unknown = false;
    for (const part of parts) {
      const value = part(inputs);
      if (value === decisive) return decisive;
      if (value === undefined) unknown = true;
    }
    return unknown ? undefined : !decisive;
  };
}

function one(part: Condition, apply: (value: NonNullable<Value>) => Value): Condition {
  return (inputs) => {
    const value = part(inputs);
    return value === undefined ? undefined : apply(value);
  };
}

function amongOf(sought: Condition, items: readonly Condition[]): Condition {
  return (inputs) => {
    const value = sought(inputs);
    if (value === undefined) return undefined;
    let found = false;
    for (const item of items) {
      const each = item(inputs);
      // The list is made before it is looked into, so one unknown element makes it all unknown.
      if (each === undefined) return undefined;
      if (equal(value, each)) found = true;
    }
    return found;
  };
}

type Two = (left: NonNullable<Value>, right: NonNullable<Value>) => Value;
type Int = number | bigint;

const plainTwo: Readonly<Record<string, Two>> = {
  "_+_": (left, right) =>
    typeof left === "string" ? left + String(right) : (left as number) + (right as number),
  "_-_": (left, right) => (left as number) - (right as number),
  "_*_": (left, right) => (left as number) * (right as number),
  "_/_": (left, right) => (left as number) / (right as number),
  "_==_": equal,
  "_!=_": (left, right) => !equal(left, right),
  ".contains": (left, right) => String(left).includes(String(right)),
  ".startsWith": (left, right) => String(left).startsWith(String(right)),
  ".endsWith": (left, right) => String(left).endsWith(String(right)),
};

const intTwo: Readonly<Record<string, Two>> = {
  "_+_": (left, right) => intOf("+", left as Int, right as Int),
  "_-_": (left, right) => intOf("-", left as Int, right as Int),
  "_*_": (left, right) => intOf("*", left as Int, right as Int),
  "_/_": (left, right) => intOf("/", left as Int, right as Int),
  "_%_": (left, right) => intOf("%", left as Int, right as Int),
};

function comparison(call: string, types: readonly string[]): Two | undefined {
  const compare = comparisons[call];
  if (compare === undefined || types[0] === types[1]) return compare;
  // An integer beside a double is compared as a double, as the library does.
  return (left, right) => compare(Number(left), Number(right));
}

const comparisons: Readonly<Record<string, Two>> = {
  "_<_": (left, right) => left < right,
  "_<=_": (left, right) => left <= right,
  "_>_": (left, right) => left > right,
  "_>=_": (left, right) => left >= right,
};

function equal(left: NonNullable<Value>, right: NonNullable<Value>): boolean {
  if (typeof left === typeof right) return left === right;
  // Only numbers of two kinds come here: JavaScript compares a bigint and a double exactly.
  return left == right;
}

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);

/** Integers of CEL: what passes 64 bits, and what is divided by zero, is unknown. */
function intOf(sign: "+" | "-" | "*" | "/" | "%", left: Int, right: Int): Value {
  if ((sign === "/" || sign === "%") && Number(right) === 0) return undefined;
  if (typeof left === "number" && typeof right === "number") {
    const result = smallInt(sign, left, right);
    // Adding zero makes of a negative zero the one that integers have.
    if (Number.isSafeInteger(result)) return result + 0;
  }
  const exact = bigInt(sign, BigInt(left), BigInt(right));
  return exact < int64Min || exact > int64Max ? undefined : toInt(exact);
}

function smallInt(sign: "+" | "-" | "*" | "/" | "%", left: number, right: number): number {
  switch (sign) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      // Exact below 2^53: the quotient is further from the next integer than it is rounded.
      return Math.trunc(left / right);
    case "%":
      return left % right;
  }
}

function bigInt(sign: "+" | "-" | "*" | "/" | "%", left: bigint, right: bigint): bigint {
  switch (sign) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
  }
}

function intFrom(value: number): Value {
  if (!(value > -(2 ** 63) && value < 2 ** 63)) return undefined;
  return toInt(BigInt(Math.trunc(value)));
}
