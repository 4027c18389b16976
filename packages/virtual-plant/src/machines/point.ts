import type { PlantValue, PointSpec } from "../machine.ts";

type Extras = Partial<
  Pick<
    PointSpec,
    "low" | "high" | "decimals" | "resolution" | "texts" | "overview" | "write" | "everyMs"
  >
>;

const secondMs = 1_000;

/** A measured quantity, sampled once a second unless said otherwise. */
export function measurement(
  path: string,
  name: string,
  unit: string,
  read: () => number,
  extras: Extras = {},
): PointSpec {
  return {
    path,
    name,
    // A controller scales what it counts at an analogue input to a 32-bit float (REAL of IEC 61131-3).
    type: extras.resolution !== undefined && "counts" in extras.resolution ? "float32" : "float64",
    kind: "measurement",
    unit,
    everyMs: secondMs,
    read,
    ...extras,
  };
}

/** A number that only rises, and rolls over or resets. */
export function counter(
  path: string,
  name: string,
  type: "uint16" | "uint32" | "uint64",
  unit: string,
  read: () => number | bigint,
  extras: Extras = {},
): PointSpec {
  return { path, name, type, kind: "counter", unit, everyMs: secondMs, read, ...extras };
}

/** One of a few states with texts. */
export function state(
  path: string,
  name: string,
  texts: Readonly<Record<number, string>>,
  read: () => number,
  extras: Extras = {},
): PointSpec {
  return {
    path,
    name,
    type: "enum",
    kind: "state",
    unit: "",
    everyMs: secondMs,
    texts,
    read,
    ...extras,
  };
}

export function flag(
  path: string,
  name: string,
  read: () => boolean,
  extras: Extras = {},
): PointSpec {
  return { path, name, type: "bool", kind: "state", unit: "", everyMs: secondMs, read, ...extras };
}

export function text(
  path: string,
  name: string,
  read: () => string,
  extras: Extras = {},
): PointSpec {
  return {
    path,
    name,
    type: "string",
    kind: "text",
    unit: "",
    everyMs: 5 * secondMs,
    read,
    ...extras,
  };
}

/** A number that may be written between two bounds; anything else is refused. */
export function setpoint(
  path: string,
  name: string,
  unit: string,
  bounds: readonly [low: number, high: number],
  read: () => number,
  set: (value: number) => void,
  extras: Extras = {},
): PointSpec {
  const [low, high] = bounds;
  const write = (value: PlantValue): boolean => {
    const number = Number(value);
    if (!(number >= low && number <= high)) return false;
    set(number);
    return true;
  };
  return {
    path,
    name,
    type: "float64",
    kind: "setpoint",
    unit,
    everyMs: secondMs,
    low,
    high,
    read,
    write,
    ...extras,
  };
}

/** `Produced` is filled in by whoever serves it, so its place in a machine is only kept. */
export function produced(everyMs: number): PointSpec {
  return {
    path: "Produced",
    name: "Served readings of this number",
    type: "uint32",
    kind: "counter",
    unit: "1",
    everyMs,
    decimals: 0,
    read: () => 0,
  };
}
