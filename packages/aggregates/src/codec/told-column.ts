import {
  forget,
  forgetNumbers,
  makeBits,
  makeNumberModel,
  Malformed,
  readSigned,
  readTree,
  writeSigned,
  writeTree,
  type Bits,
  type NumberModel,
  type RangeReader,
  type RangeWriter,
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
import { wholeGuess } from "./number-column.ts";
import type { Known, ToldColumn } from "./told-order.ts";

/** One column of one tag: its form, and the differences between values and guesses, which the coder learns. */

const formTree = 6;
/** First row of a column, and the others by the length of the difference before. */
const contextCount = 7;

export interface ColumnModels {
  readonly plan: ToldColumn;
  readonly forms: Bits;
  /** Of a whole column, and of a number that has no form. */
  readonly asGuessed: Bits;
  readonly differences: readonly NumberModel[];
}

export function makeColumnModels(plan: ToldColumn): ColumnModels {
  return {
    plan,
    forms: makeBits(2 ** formTree),
    asGuessed: makeBits(2),
    differences: Array.from({ length: contextCount }, makeNumberModel),
  };
}

export function forgetColumn({ forms, asGuessed, differences }: ColumnModels): void {
  forget(forms);
  forget(asGuessed);
  differences.forEach(forgetNumbers);
}

export function writeColumn(
  coder: RangeWriter,
  { plan, forms, asGuessed, differences }: ColumnModels,
  known: Known,
  rows: Uint32Array,
  numbers: Float64Array,
  scale: DeviceScale | undefined,
): void {
  if (rows.length === 0) return;
  const form = formOf(numbers, scale);
  writeTree(coder, forms, formTree, codeOf(form));
  if (form.kind === "single" || form.kind === "double") {
    for (const [place, number] of numbers.entries()) {
      const guess = plan.guess(known, rows[place] ?? 0, rows[place - 1] ?? -1);
      const guessed = Object.is(guess, number);
      coder.bit(asGuessed, 1, guessed ? 0 : 1);
      if (!guessed) writeRaw(coder, form.kind, number);
    }
    return;
  }
  const written = numbers.map((number, place) => {
    const row = rows[place] ?? 0;
    return toWhole(form, number) - wholeGuess(form, plan.guess(known, row, rows[place - 1] ?? -1));
  });
  const guessed = written.every((difference) => difference === 0);
  coder.bit(asGuessed, 0, guessed ? 0 : 1);
  if (guessed) return;
  let context = 0;
  for (const difference of written) {
    writeSigned(coder, differences[context] as NumberModel, difference);
    context = contextAfter(difference);
  }
}

export function readColumn(
  coder: RangeReader,
  { plan, forms, asGuessed, differences }: ColumnModels,
  known: Known,
  rows: Uint32Array,
  scale: DeviceScale | undefined,
): void {
  if (rows.length === 0) return;
  const column = known[plan.name];
  const form = formAt(readTree(coder, forms, formTree), scale);
  if (form.kind === "single" || form.kind === "double") {
    for (const [place, row] of rows.entries()) {
      const guessed = coder.bit(asGuessed, 1) === 0;
      column[row] = guessed
        ? plan.guess(known, row, rows[place - 1] ?? -1)
        : readRaw(coder, form.kind);
    }
    return;
  }
  const guessed = coder.bit(asGuessed, 0) === 0;
  let context = 0;
  for (const [place, row] of rows.entries()) {
    const guess = wholeGuess(form, plan.guess(known, row, rows[place - 1] ?? -1));
    const difference = guessed ? 0 : readSigned(coder, differences[context] as NumberModel);
    column[row] = fromWhole(form, guess + difference);
    context = contextAfter(difference);
  }
}

/** By the length of the difference in bits: what was near is near again. */
function contextAfter(difference: number): number {
  const size = Math.abs(difference);
  if (size === 0) return 1;
  if (size < 2 ** 3) return 2;
  if (size < 2 ** 6) return 3;
  if (size < 2 ** 10) return 4;
  return size < 2 ** 16 ? 5 : 6;
}

/** Exponent and width of decimals, and three more. */
const formCodes = { decimalSingle: 16, device: 32, single: 33, double: 34 } as const;

function codeOf(form: Form): number {
  if (form.kind !== "decimal") return formCodes[form.kind];
  return form.exponent - exponentMin + (form.single ? formCodes.decimalSingle : 0);
}

function formAt(code: number, scale: DeviceScale | undefined): Form {
  if (code === formCodes.single) return { kind: "single" };
  if (code === formCodes.double) return { kind: "double" };
  if (code === formCodes.device && scale !== undefined) {
    return { kind: "device", scale: scale.scale, offset: scale.offset };
  }
  const single = code >= formCodes.decimalSingle;
  const exponent = code - (single ? formCodes.decimalSingle : 0) + exponentMin;
  if (exponent > exponentMax) throw new Malformed(`form ${code} is not known`);
  return { kind: "decimal", exponent, single };
}

const raw = new DataView(new ArrayBuffer(8));

function writeRaw(coder: RangeWriter, kind: "single" | "double", number: number): void {
  if (kind === "single") raw.setFloat32(0, number);
  else raw.setFloat64(0, number);
  for (let bit = 0; bit < (kind === "single" ? 32 : 64); bit++) {
    coder.evenBit((raw.getUint8(bit >> 3) >> (7 - (bit & 7))) & 1);
  }
}

function readRaw(coder: RangeReader, kind: "single" | "double"): number {
  const bytes = kind === "single" ? 4 : 8;
  for (let at = 0; at < bytes; at++) {
    let byte = 0;
    for (let bit = 0; bit < 8; bit++) byte = byte * 2 + coder.evenBit();
    raw.setUint8(at, byte);
  }
  return kind === "single" ? raw.getFloat32(0) : raw.getFloat64(0);
}
