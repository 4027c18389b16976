/**
 * Units by UCUM (the Unified Code for Units of Measure, ucum.org, version 2.1). A conversion is a scale and an offset,
 * because that is what a tag's definition records and what can be undone; whatever is not of that shape is refused.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import type { Refused } from "@millwright/kit";

/** value in `to` = scale × value in `from` + offset */
export interface UnitConversion {
  readonly scale: number;
  readonly offset: number;
}

/**
 * Temperatures on a scale with a zero of its own, by their exact definitions: kelvin = (value + zero) × degree. They
 * are kept here because the library loses prefixes and zeros on the way between them and other multiples of kelvin.
 */
const temperatureScales = new Map<string, { readonly degree: number; readonly zero: number }>([
  ["Cel", { degree: 1, zero: 273.15 }],
  ["[degF]", { degree: 5 / 9, zero: 459.67 }],
  ["[degRe]", { degree: 1.25, zero: 218.52 }],
]);
/** As the library writes it. That of the scales stands here too: between two of them, as most plants convert, it is not loaded. */
const temperature = { Θ: 1 };

/**
 * How a value in one unit becomes a value in another.
 *
 * A difference of temperatures is not a temperature (field practice 51): 10 °C of difference are 18 °F of difference,
 * while 10 °C are 50 °F. UCUM writes a difference of °C as `K` and one of °F as `[degR]`; `Cel` and `[degF]` always mean
 * a point on the scale.
 */
export function unitConversion(from: string, to: string): UnitConversion | Refused {
  if (from === to) return { scale: 1, offset: 0 };
  const source = canonical(from);
  if ("kind" in source) return source;
  const target = canonical(to);
  if ("kind" in target) return target;
  if (!sameDimension(source.dimension, target.dimension)) {
    return refuse(`${from} cannot be converted to ${to}: they measure different things`);
  }
  // degree × (value + zero) is kelvin; kelvin ÷ degree − zero is the value on the other scale.
  const scale = tidy(source.degree / target.degree);
  // Zeros that nearly cancel (491.67 − 459.67) leave noise in the 14th digit; 1e-11 of a degree is below any sensor.
  return { scale, offset: Number((source.zero * scale - target.zero).toFixed(11)) };
}

/** True when `code` is a unit that UCUM knows; `°C`, `rpm` and the empty text are not. */
export function isUcum(code: string): boolean {
  return parse(code) !== undefined;
}

interface Canonical {
  readonly dimension: Readonly<Record<string, number>>;
  readonly degree: number;
  readonly zero: number;
}

function canonical(code: string): Canonical | Refused {
  const scale = temperatureScales.get(code);
  if (scale !== undefined) return { dimension: temperature, ...scale };
  const form = parse(code);
  if (form === undefined) return refuse(`${JSON.stringify(code)} is not a UCUM unit code`);
  if (form.specialFunction !== undefined) {
    return refuse(
      /Cel|degF|degRe/.test(code)
        ? `${code} takes a temperature scale as a multiple; write K (or [degR] for °F) for differences`
        : `${code} is not linear (a logarithm or the like), so no scale and offset convert it`,
    );
  }
  // Arbitrary units ([IU], …) are commensurable with nothing, although the library gives them no dimension.
  if (/U\]|\[hp_/.test(code)) {
    return refuse(`${code} is an arbitrary unit, which converts to nothing else`);
  }
  return { dimension: form.dimension, degree: form.magnitude, zero: 0 };
}

/** What we use of the library; its own declarations do not resolve under `nodenext`. */
interface Library {
  /** Throws what is not a unit. */
  readonly toCanonicalForm: (code: string) => CanonicalForm;
}
interface CanonicalForm {
  readonly magnitude: number;
  readonly dimension: Readonly<Record<string, number>>;
  readonly units: readonly { readonly unit: string; readonly exponent: number }[];
  readonly specialFunction?: { readonly name: string };
}
let library: Library | undefined;

/** Loaded at the first question only: most gateways never ask, and it takes 18 ms and 5 MB. */
function load(): Library {
  library ??= createRequire(import.meta.url)(
    fileURLToPath(import.meta.resolve("@atomic-ehr/ucum")),
  ) as Library;
  return library;
}

function parse(code: string): CanonicalForm | undefined {
  // The longest codes in use have some 20 characters; whatever is longer did not come from a person.
  if (code.length > 64) return undefined;
  // Outside of the attempt: a library that is missing is no unit that is wrong.
  const { toCanonicalForm } = load();
  try {
    const form = toCanonicalForm(code);
    // Names of properties that every object has pass the library's look-up of units.
    const sound =
      Number.isFinite(form.magnitude) &&
      form.units.every(({ unit }) => !(unit in Object.prototype));
    return sound ? form : undefined;
  } catch {
    // The library throws plain errors for what is not a unit.
    return undefined;
  }
}

function sameDimension(
  left: Readonly<Record<string, number>>,
  right: Readonly<Record<string, number>>,
): boolean {
  const bases = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...bases].every((base) => (left[base] ?? 0) === (right[base] ?? 0));
}

/** Takes back what dividing two doubles added (0.06000000000000001), where 14 digits say the same within rounding. */
function tidy(value: number): number {
  const short = Number(value.toPrecision(14));
  return Math.abs(short - value) <= 8 * Number.EPSILON * Math.abs(value) ? short : value;
}

function refuse(reason: string): Refused {
  return { kind: "refused", reason };
}
