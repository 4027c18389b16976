/**
 * Amounts of data as a technician says them: 23,631,183,872 bytes are read "23.6 GB". Only bytes and bits are scaled,
 * and rates of them: they run over nine powers of ten and their last digits say nothing. A plant's own quantities keep
 * the unit that its people have chosen, because that is what stands on their drawings.
 */
import type { LiveTag } from "@millwright/wire-contract";

import { numberWords } from "./numbers.ts";
import { unitWords } from "./units.ts";

/** What one step of a prefix stands for, in base units: powers of 1,000 (SI), of 1,024 (IEC 80000-13; UCUM table 2). */
interface Prefix {
  readonly code: string;
  readonly factor: number;
}

const decimalPrefixes: readonly Prefix[] = ["", "k", "M", "G", "T", "P"].map((code, step) => ({
  code,
  factor: 1_000 ** step,
}));
const binaryPrefixes: readonly Prefix[] = ["", "Ki", "Mi", "Gi", "Ti"].map((code, step) => ({
  code,
  factor: 1_024 ** step,
}));

/** How values of one unit are printed: times `factor`, in another unit. */
export interface AmountScale {
  readonly factor: number;
  /** As it is printed: `GB`, `Mbit/s`. */
  readonly unit: string;
  /** One where there is a prefix; a single byte has no tenths. */
  readonly decimals: number;
}

/** One digit after the point: digits of a live value must not come and go, and a tenth of a GB is fine enough. */
const scaledDecimals = 1;

/**
 * The prefix with which `value` has one to three digits before the point; undefined for a unit that is not of data.
 *
 * @param code UCUM: `By`, `MiBy`, `bit/s`
 */
export function amountScale(code: string, value: number): AmountScale | undefined {
  const found = /^(|k|M|G|T|P|Ki|Mi|Gi|Ti)(By|bit)(\/.+)?$/.exec(code);
  if (found === null) return undefined;
  const [, prefix = "", atom = "", rest = ""] = found;
  // A unit that counts in 1,024 goes on counting so; a plain one is read in powers of 1,000, as disks are sold.
  const prefixes = prefix.endsWith("i") ? binaryPrefixes : decimalPrefixes;
  const own = prefixes.find((one) => one.code === prefix)?.factor ?? 1;
  const size = Math.abs(value) * own;
  const reaches = (one: Prefix): boolean =>
    // What would be rounded up to a thousand is read with the next prefix: "1.0 MB" and never "1,000.0 kB".
    one.factor === 1 || size >= one.factor - (one.factor / stepOf(prefixes)) * 0.05;
  const chosen = prefixes.findLast(reaches) ?? { code: "", factor: 1 };
  return {
    factor: own / chosen.factor,
    unit: `${chosen.code}${atom === "By" ? "B" : atom}${rest}`,
    decimals: chosen.factor === 1 ? 0 : scaledDecimals,
  };
}

function stepOf(prefixes: readonly Prefix[]): number {
  return prefixes[1]?.factor ?? 1;
}

/** Digits after the point that values of a tag have at most on a screen, so that a column can be lined up. */
export function shownDecimals(tag: Pick<LiveTag, "unit" | "decimals">): number {
  return amountScale(tag.unit, 0) === undefined ? tag.decimals : scaledDecimals;
}

/** A number as it is read: digits, how many of them stand after the point, and the unit as it is printed. */
export function quantityOf(
  tag: Pick<LiveTag, "unit" | "decimals">,
  value: number,
): { readonly digits: string; readonly decimals: number; readonly unit: string } {
  const scale = amountScale(tag.unit, value);
  const decimals = scale?.decimals ?? tag.decimals;
  return {
    digits: numberWords(value * (scale?.factor ?? 1), decimals),
    decimals,
    unit: scale?.unit ?? unitWords(tag.unit),
  };
}

/** `23.6 GB`, `61.0 °C`, `12`. */
export function quantityWords(tag: Pick<LiveTag, "unit" | "decimals">, value: number): string {
  const { digits, unit } = quantityOf(tag, value);
  return `${digits} ${unit}`.trim();
}
