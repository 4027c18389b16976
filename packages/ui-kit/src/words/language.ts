/**
 * What a page needs of a language for every value it paints: marks of numbers and the form of a count. `Intl` knows it
 * too, but its first use costs a slow panel a third of a second, which a page that loads does not have; a test holds
 * the two against each other. Dates and all that is rare go through `Intl` with the locale.
 */
export interface Language {
  /** BCP 47 tag. */
  readonly locale: string;
  /** Between groups of three digits, and before the decimals. */
  readonly groupMark: string;
  readonly pointMark: string;
  /** Which form of a message a count takes, by the plural rules of the language (Unicode CLDR). */
  readonly formOf: (count: number) => Intl.LDMLPluralRule;
}

export const english: Language = {
  locale: "en-GB",
  groupMark: ",",
  pointMark: ".",
  formOf: (count) => (count === 1 ? "one" : "other"),
};

/** From here on a double prints as a power of ten, which only `Intl` writes out. */
const plainMax = 1e21;

/**
 * @param groupFrom digits before the point from which they are grouped: 5 leaves four together, as on a meter
 */
export function decimalText(
  language: Language,
  value: number,
  decimals: number,
  groupFrom: number,
): string {
  if (!(Math.abs(value) < plainMax)) {
    return new Intl.NumberFormat(language.locale, {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    }).format(value);
  }
  const [whole = "", part] = Math.abs(value).toFixed(decimals).split(".");
  const digits = groupDigits(language, whole, groupFrom);
  const text = part === undefined ? digits : `${digits}${language.pointMark}${part}`;
  // A small negative number rounded away would read as "-0.0" and look like trouble.
  return value < 0 && /[1-9]/.test(text) ? `-${text}` : text;
}

/** @param digits of a whole number, without a sign */
export function groupDigits(language: Language, digits: string, groupFrom: number): string {
  return digits.length < groupFrom
    ? digits
    : digits.replace(/\B(?=(\d{3})+$)/g, language.groupMark);
}
