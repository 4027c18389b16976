/**
 * What of settings stands in the diagnostics. Whoever adds a setting says it here or the types do not fit; and what nobody has
 * named is not shown, so that a new secret cannot slip through.
 */

/**
 * `plain`: as it is written, a text without what the redaction finds in it. `is-set`: whether it is there. `count`: how many
 * entries. A list says it for each of its entries, a group for each of its keys.
 */
export type Shown<T> = Plain | ShownList<NonNullable<T>> | ShownGroup<NonNullable<T>>;

type Plain = "plain" | "is-set" | "count";
type ShownList<T> = T extends readonly (infer Item)[] ? readonly [Shown<Item>] : never;
type ShownGroup<T> = T extends object
  ? { readonly [Key in KeysOf<T>]-?: Shown<ValueOf<T, Key>> }
  : never;
/** Of all members of a union. */
type KeysOf<T> = T extends unknown ? keyof T : never;
type ValueOf<T, Key extends PropertyKey> = T extends unknown
  ? Key extends keyof T
    ? T[Key]
    : never
  : never;

/** More entries of a list of settings nobody reads in a diagnosis. */
const entriesMax = 100;
const deepestLevel = 8;

/**
 * What may be shown of a value that was written as settings, also of one that no schema has accepted.
 *
 * @param shown a `Shown` of the type that its schema gives
 * @param text takes secrets out of what a person wrote
 */
export function showSettings(
  written: unknown,
  shown: object | string,
  text: (words: string) => string,
): unknown {
  return show(written, shown, text, 0);
}

function show(
  written: unknown,
  how: unknown,
  text: (words: string) => string,
  level: number,
): unknown {
  if (level > deepestLevel) return isSetWords(written);
  if (how === "plain") return plainly(written, text);
  if (how === "count") return countWords(written);
  if (Array.isArray(how)) {
    if (!Array.isArray(written)) return isSetWords(written);
    const [ofEach] = how as readonly unknown[];
    return written.slice(0, entriesMax).map((one) => show(one, ofEach, text, level + 1));
  }
  if (!isGroup(how) || !isGroup(written)) return isSetWords(written);
  const known = Object.entries(how).map(
    ([key, ofKey]) => [key, show(written[key], ofKey, text, level + 1)] as const,
  );
  // Their names may be a slip of somebody who wrote a secret in the wrong place.
  const others = Object.keys(written).filter((key) => !Object.hasOwn(how, key)).length;
  return {
    ...Object.fromEntries(known),
    ...(others === 0 ? {} : { "(other keys)": others }),
  };
}

function plainly(written: unknown, text: (words: string) => string): unknown {
  if (typeof written === "number" || typeof written === "boolean") return written;
  if (typeof written === "string" && written !== "") return text(written);
  const isList = Array.isArray(written) && written.every((one) => typeof one !== "object");
  return isList
    ? written.slice(0, entriesMax).map((one: unknown) => plainly(one, text))
    : isSetWords(written);
}

function countWords(written: unknown): string {
  if (typeof written !== "object" || written === null) return isSetWords(written);
  return `(${Object.keys(written).length} entries)`;
}

export function isSetWords(written: unknown): "(set)" | "(not set)" {
  return written === undefined || written === null || written === "" ? "(not set)" : "(set)";
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
