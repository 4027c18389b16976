/**
 * Numbers of a plant are short decimals, or whole numbers times the scale of a register, although they travel as
 * doubles. A form is used for a column only where it gives back each of its numbers bit by bit.
 */
export type Form =
  | { readonly kind: "decimal"; readonly exponent: number; readonly single: boolean }
  | { readonly kind: "device"; readonly scale: number; readonly offset: number }
  | { readonly kind: "single" }
  | { readonly kind: "double" };

/** Scale and offset of the tag: how its device counts. */
export interface DeviceScale {
  readonly scale: number;
  readonly offset: number;
}

/** Integrals are value × µs: with times of whole ms their last three digits are zero. */
export const exponentMin = -3;
export const exponentMax = 12;
// The difference of two such numbers still has an exact zigzag code.
const wholeMax = 2 ** 51;
// A single that needs more than 7 digits is noise.
const wholeMaxSingle = 2 ** 22;
const powers: readonly number[] = Array.from({ length: 16 }, (_, index) => 10 ** index);

/** The form that gives back all these numbers. */
export function formOf(numbers: Float64Array, device?: DeviceScale): Form {
  const decimal = exponentOfAll(numbers, false);
  if (decimal !== undefined) return { kind: "decimal", exponent: decimal, single: false };
  if (device !== undefined && device.scale !== 1) {
    const form = { kind: "device", ...device } as const;
    if (numbers.every((number) => isWhole(form, number))) return form;
  }
  if (!numbers.every((number) => Object.is(Math.fround(number), number))) return { kind: "double" };
  const single = exponentOfAll(numbers, true);
  if (single !== undefined) return { kind: "decimal", exponent: single, single: true };
  return { kind: "single" };
}

/** The whole number for `number`; exact only where the form was found to fit. */
export function toWhole(form: Form, number: number): number {
  switch (form.kind) {
    case "decimal": {
      const power = powers[Math.abs(form.exponent)] ?? 1;
      return Math.round(form.exponent < 0 ? number / power : number * power);
    }
    case "device":
      return Math.round((number - form.offset) / form.scale);
    case "single":
    case "double":
      return NaN;
  }
}

export function fromWhole(form: Form, whole: number): number {
  switch (form.kind) {
    case "decimal": {
      const power = powers[Math.abs(form.exponent)] ?? 1;
      const number = form.exponent < 0 ? whole * power : whole / power;
      return form.single ? Math.fround(number) : number;
    }
    case "device":
      return form.scale * whole + form.offset;
    case "single":
    case "double":
      return NaN;
  }
}

function isWhole(form: Form, number: number): boolean {
  const whole = toWhole(form, number);
  const max = form.kind === "decimal" && form.single ? wholeMaxSingle : wholeMax;
  if (!(whole <= max && whole >= -max)) return false;
  // Object.is: no whole number gives a negative zero.
  return Object.is(fromWhole(form, whole === 0 ? 0 : whole), number);
}

function exponentOfAll(numbers: Float64Array, single: boolean): number | undefined {
  let exponent = exponentMin;
  for (const number of numbers) {
    while (!isWhole({ kind: "decimal", exponent, single }, number)) {
      exponent++;
      if (exponent > exponentMax) return undefined;
    }
  }
  // A number that was whole at a lesser exponent may be too large at this one.
  const form = { kind: "decimal", exponent, single } as const;
  return numbers.every((number) => isWhole(form, number)) ? exponent : undefined;
}
