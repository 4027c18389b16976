import {
  Malformed,
  readPlanes,
  writePlanes,
  type ByteReader,
  type ByteWriter,
} from "@millwright/wire-contract/codec";

import {
  exponentMax,
  exponentMin,
  formOf,
  fromWhole,
  toWhole,
  type DeviceScale,
  type Form,
} from "./forms.ts";

/**
 * A column of numbers against a guess of each: what is written are the differences in whole numbers, nothing at all when
 * every guess is right, and the numbers as they are when no form fits. The guess may use whatever was read before.
 */
export function writeNumbers(
  out: ByteWriter,
  numbers: Float64Array,
  guess: (row: number) => number,
  device?: DeviceScale,
): void {
  const form = formOf(numbers, device);
  if (form.kind === "single" || form.kind === "double") {
    out.byte(form.kind === "single" ? codes.single : codes.double);
    writePlanes(out, numbers, 0, numbers.length, form.kind === "single" ? 4 : 8);
    return;
  }
  const differences = numbers.map(
    (number, row) => toWhole(form, number) - wholeGuess(form, guess(row)),
  );
  const asGuessed = differences.every((difference) => difference === 0);
  writeForm(out, form, asGuessed);
  if (asGuessed) return;
  for (const difference of differences) out.zigzag(difference);
}

/** @param put called row by row, so that a guess may look at the rows before */
export function readNumbers(
  input: ByteReader,
  count: number,
  guess: (row: number) => number,
  put: (row: number, number: number) => void,
): void {
  const code = input.byte();
  if (code === codes.single || code === codes.double) {
    const numbers = new Float64Array(count);
    readPlanes(input, numbers, 0, count, code === codes.single ? 4 : 8);
    numbers.forEach((number, row) => {
      put(row, number);
    });
    return;
  }
  const { form, asGuessed } = readForm(input, code);
  for (let row = 0; row < count; row++) {
    const difference = asGuessed ? 0 : input.zigzag();
    put(row, fromWhole(form, wholeGuess(form, guess(row)) + difference));
  }
}

/** First byte of a column. Below `single`: exponent and the two flags. */
const codes = {
  asGuessed: 0x20,
  decimalSingle: 0x40,
  device: 0x1f,
  single: 0x80,
  double: 0x81,
} as const;

function writeForm(out: ByteWriter, form: Form, asGuessed: boolean): void {
  const flag = asGuessed ? codes.asGuessed : 0;
  if (form.kind === "decimal") {
    out.byte((form.exponent - exponentMin) | (form.single ? codes.decimalSingle : 0) | flag);
  } else if (form.kind === "device") {
    out.byte(codes.device | flag);
    out.float64(form.scale);
    out.float64(form.offset);
  }
}

function readForm(input: ByteReader, code: number): { form: Form; asGuessed: boolean } {
  const asGuessed = (code & codes.asGuessed) !== 0;
  const low = code & 0x1f;
  if (low === codes.device) {
    const scale = input.float64();
    return { form: { kind: "device", scale, offset: input.float64() }, asGuessed };
  }
  const exponent = low + exponentMin;
  if (code > 0x7f || exponent > exponentMax) throw new Malformed(`form ${code} is not known`);
  const single = (code & codes.decimalSingle) !== 0;
  return { form: { kind: "decimal", exponent, single }, asGuessed };
}

/** The same arithmetic when writing and when reading; a guess that is no number is 0. */
export function wholeGuess(form: Form, guess: number): number {
  const whole = toWhole(form, guess);
  return whole <= 2 ** 51 && whole >= -(2 ** 51) ? whole + 0 : 0;
}
