import type { Dictionary } from "../dictionary.ts";
import { exponentOf, toMode, toWhole, type ValueMode, valueKinds } from "./decimals.ts";
import { ruleBookOf, shown } from "./rule-book.ts";
import { traitsOf } from "./target.ts";

/** The cheapest way that gives all these values of one tag back. */
export function modeOfSeries(
  value: Float64Array,
  index: number,
  dictionary: Dictionary,
): ValueMode {
  const tag = traitsOf(dictionary, index);
  if (value.every((one) => Number.isNaN(one))) return toMode(valueKinds.none, 0);
  const book = ruleBookOf(dictionary);
  const fits = (mode: ValueMode): boolean => {
    const rule = book.rule(mode, index);
    return rule !== undefined && value.every((one) => !Number.isNaN(toWhole(rule, one)));
  };
  if (fits(shown)) return shown;
  const single = tag.type === "float32" && value.every((one) => Object.is(Math.fround(one), one));
  let exponent = 0;
  for (const one of value) {
    const needed = exponentOf(one, single);
    exponent = needed < 0 ? -1 : Math.max(exponent, needed);
    if (exponent < 0) break;
  }
  const decimal = toMode(single ? valueKinds.decimalSingle : valueKinds.decimal, exponent);
  // What the least exponent of one value gives back, the greater one of another need not.
  if (exponent >= 0 && fits(decimal)) return decimal;
  const device = toMode(single ? valueKinds.deviceSingle : valueKinds.device, 0);
  if (fits(device)) return device;
  return toMode(single ? valueKinds.single : valueKinds.double, 0);
}
