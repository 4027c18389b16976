/**
 * What both servers answer about the past of tags: for each a line with at most four points for a column of the chart,
 * and what is known of it. Times and values are exact, but for the times of long lines (see `timesForm`).
 *
 * The body: length of the head as a 32-bit number, the head as JSON in UTF-8, then for each line its times and its
 * values. Each part begins at a multiple of 8 bytes; all is little endian.
 */
import type { LedgerEntry, LossCount, LossReason } from "./ledger.ts";

/** Columns that a chart may ask for: the widest screens have no more to show. */
export const chartColumnsMax = 4_096;

/** From which store a line is drawn: samples as they were stored, or the least, greatest, first and last of a bucket. */
export type HistoryTier = "samples" | "seconds" | "minutes" | "hours";

export interface HistoryGap {
  readonly reason: LossReason;
  readonly fromUs: number;
  readonly toUs: number;
  readonly count: LossCount;
}

/** Where what was asked for is not kept any more, and what stands there instead. */
export interface CoarserPart {
  readonly tier: HistoryTier;
  readonly fromUs: number;
  readonly toUs: number;
}

export interface LineFacts {
  readonly tag: string;
  readonly tier: HistoryTier;
  readonly coarser: readonly CoarserPart[];
  /** No acquired value was further from the line than this, in the unit of the tag; 0 where every sample is in it. */
  readonly error: number;
  readonly gaps: readonly HistoryGap[];
}

export interface HistoryLine extends LineFacts {
  /** µs since 1970 UTC, rising. */
  readonly times: Float64Array;
  /** NaN breaks the line. */
  readonly values: Float64Array;
}

/** Of ledger entries what a chart says: without what only the ledger needs. */
export function toGaps(entries: readonly LedgerEntry[]): readonly HistoryGap[] {
  return entries.map(({ reason, fromUs, toUs, count }) => ({ reason, fromUs, toUs, count }));
}

type TimesForm = { readonly form: "exact" } | { readonly fromUs: number; readonly stepUs: number };
type ValuesForm = "f64" | "f32" | { readonly decimals: number };

interface LineHead extends LineFacts {
  readonly count: number;
  readonly times: TimesForm;
  readonly values: ValuesForm;
}

/** Lines of fewer points have their times exact in any case: they cost little. */
const exactPointsMax = 1_000;
/** Measured values have few decimals; those that need more are floats of a machine, or need all their bytes. */
const decimalsMax = 4;
const noValue = -(2 ** 31);
const wholes = 2 ** 32;

export function encodeHistory(lines: readonly HistoryLine[]): ArrayBuffer {
  const heads = lines.map(({ times, values, ...facts }): LineHead => {
    return { ...facts, count: times.length, times: timesForm(times), values: valuesForm(values) };
  });
  const head = new TextEncoder().encode(JSON.stringify(heads));
  const sizes = heads.map((one) => padded(timeBytes(one)) + padded(valueBytes(one)));
  const first = padded(4 + head.length);
  const body = new ArrayBuffer(sizes.reduce((sum, size) => sum + size, first));
  new DataView(body).setUint32(0, head.length, true);
  new Uint8Array(body, 4, head.length).set(head);
  let at = first;
  for (const [index, line] of lines.entries()) {
    const one = heads[index];
    if (one === undefined) continue;
    putTimes(body, at, one.times, line.times);
    at += padded(timeBytes(one));
    putValues(body, at, one.values, line.values);
    at += padded(valueBytes(one));
  }
  return body;
}

/** Throws when the body is not what `encodeHistory` makes. */
export function decodeHistory(body: ArrayBuffer): readonly HistoryLine[] {
  if (body.byteLength < 4) throw new Error(`history answer has ${body.byteLength} bytes`);
  const length = new DataView(body).getUint32(0, true);
  if (4 + length > body.byteLength) {
    throw new Error(`history answer of ${body.byteLength} bytes has a head of ${length}`);
  }
  const text = new TextDecoder().decode(new Uint8Array(body, 4, length));
  // Server and page are built from one package.
  const heads = JSON.parse(text) as readonly LineHead[];
  let at = padded(4 + length);
  return heads.map((head) => {
    const { count, times: timesAs, values: valuesAs, ...facts } = head;
    const times = takeTimes(body, at, timesAs, count);
    at += padded(timeBytes(head));
    const values = takeValues(body, at, valuesAs, count);
    at += padded(valueBytes(head));
    return { ...facts, times, values };
  });
}

/**
 * In steps of a µs, ms or s where all fit. Else a long line has steps of a part in 2³² of its length, which is a
 * thousandth of a pixel of the widest screens at most.
 */
function timesForm(times: Float64Array): TimesForm {
  const fromUs = times[0] ?? 0;
  const length = (times.at(-1) ?? 0) - fromUs;
  for (const stepUs of [1, 1_000, 1_000_000]) {
    if (length / stepUs < wholes && times.every((us) => Number.isInteger((us - fromUs) / stepUs))) {
      return { fromUs, stepUs };
    }
  }
  if (times.length <= exactPointsMax) return { form: "exact" };
  return { fromUs, stepUs: Math.ceil(length / (wholes - 1)) };
}

function valuesForm(values: Float64Array): ValuesForm {
  for (let decimals = 0; decimals <= decimalsMax; decimals++) {
    const power = 10 ** decimals;
    const fits = (value: number): boolean => {
      const whole = Math.round(value * power);
      return Number.isNaN(value) || (Math.abs(whole) < -noValue && whole / power === value);
    };
    if (values.every(fits)) return { decimals };
  }
  return values.every((value) => Object.is(Math.fround(value), value)) ? "f32" : "f64";
}

function timeBytes({ times, count }: LineHead): number {
  return count * ("form" in times ? 8 : 4);
}

function valueBytes({ values, count }: LineHead): number {
  return count * (values === "f64" ? 8 : 4);
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function putTimes(body: ArrayBuffer, at: number, form: TimesForm, times: Float64Array): void {
  if ("form" in form) {
    new Float64Array(body, at, times.length).set(times);
    return;
  }
  const steps = new Uint32Array(body, at, times.length);
  for (const [index, us] of times.entries())
    steps[index] = Math.round((us - form.fromUs) / form.stepUs);
}

function takeTimes(body: ArrayBuffer, at: number, form: TimesForm, count: number): Float64Array {
  if ("form" in form) return new Float64Array(body, at, count);
  const { fromUs, stepUs } = form;
  const steps = new Uint32Array(body, at, count);
  const times = new Float64Array(count);
  // A loop: a page may be given a day of samples, and calls for each of them would be seen.
  for (let row = 0; row < count; row++) times[row] = fromUs + (steps[row] ?? 0) * stepUs;
  return times;
}

function putValues(body: ArrayBuffer, at: number, form: ValuesForm, values: Float64Array): void {
  if (form === "f64") new Float64Array(body, at, values.length).set(values);
  else if (form === "f32") new Float32Array(body, at, values.length).set(values);
  else {
    const power = 10 ** form.decimals;
    const wholes = new Int32Array(body, at, values.length);
    for (const [index, value] of values.entries()) {
      wholes[index] = Number.isNaN(value) ? noValue : Math.round(value * power);
    }
  }
}

function takeValues(body: ArrayBuffer, at: number, form: ValuesForm, count: number): Float64Array {
  if (form === "f64") return new Float64Array(body, at, count);
  if (form === "f32") return Float64Array.from(new Float32Array(body, at, count));
  const power = 10 ** form.decimals;
  const wholes = new Int32Array(body, at, count);
  const values = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const whole = wholes[row] ?? noValue;
    values[row] = whole === noValue ? NaN : whole / power;
  }
  return values;
}
