/**
 * Takes secrets out of what was written without a thought of them: lines of the log, notes of devices, reasons of a refusal.
 * Settings do not rely on it; of them only what is named is shown (`shown-settings.ts`).
 */
import { isSetWords } from "../shown-settings.ts";
import { secretPattern } from "./secret-forms.ts";

export interface Redaction {
  readonly text: (words: string) => string;
  /** Plain data, of which every text is gone through; of fields that are named as secrets nothing stays. */
  readonly data: (value: unknown) => unknown;
}

const removed = "(removed)";
/** Plain data of ours is flatter. */
const deepestLevel = 16;

/**
 * Secrets by their looks. The user before an @ goes with the password: where a password holds an @ or a slash, nobody can say
 * where it begins.
 */
const looks: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g, removed],
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s"'<>]*@/gi, `$1${removed}@`],
  [/\b(Bearer|Basic|Digest)\s+[\w.~+/=-]{6,}/gi, `$1 ${removed}`],
  // JSON Web Tokens (RFC 7519), seeds of NATS keys, one-time codes of this gateway.
  [/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*/g, removed],
  [/\bS[ACNOUX][A-Z2-7]{56}\b/g, removed],
  [/\b[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}\b/g, removed],
  [
    /(pass(?:word|wd|phrase|code)?|pwd|secret|token|\bpin|api[-_ ]?key|private[-_ ]?key|authorization|cookie)(["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|[^\s,;&"']+)/gi,
    `$1$2${removed}`,
  ],
];

const secretName =
  /pass(?:word|wd|phrase|code)?$|^pwd$|secret|token|^pin$|credential|private[-_]?key|^key$|authorization|cookie|api[-_]?key/i;

/** Long, and of all kinds of letters: a line of a key, and no path. */
const keyLine = /[A-Za-z0-9+/]{60,}={0,2}/g;

/** @param secrets whose values are known, in whatever form they may stand there */
export function createRedaction(secrets: Iterable<string>): Redaction {
  const known = secretPattern(secrets);
  const text = (words: string): string => {
    let left = known === undefined ? words : words.replace(known, removed);
    for (const [look, instead] of looks) left = left.replace(look, instead);
    return left.replace(keyLine, (line) =>
      /[a-z]/.test(line) && /[A-Z]/.test(line) && /\d/.test(line) ? removed : line,
    );
  };
  const data = (value: unknown, level: number): unknown => {
    if (typeof value === "string") return text(value);
    // JSON has no such numbers.
    if (typeof value === "bigint") return String(value);
    if (typeof value !== "object" || value === null) return value;
    if (level > deepestLevel) return removed;
    if (Array.isArray(value)) return value.map((one) => data(one, level + 1));
    return Object.fromEntries(
      Object.entries(value).map(([key, inside]: [string, unknown]) => [
        text(key),
        secretName.test(key) ? isSetAlready(inside) : data(inside, level + 1),
      ]),
    );
  };
  return { text, data: (value) => data(value, 0) };
}

/** Settings that are shown say it of themselves. */
function isSetAlready(value: unknown): string {
  return value === "(not set)" ? value : isSetWords(value);
}
