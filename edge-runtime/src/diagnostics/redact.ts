/**
 * Takes secrets out of what was written without a thought of them: lines of the log, notes of devices, reasons of a refusal.
 * Settings do not rely on it; of them only what is named is shown (`shown-settings.ts`).
 */
import { isSetWords } from "../shown-settings.ts";
import { createTakingOut } from "./secret-forms.ts";

export interface Redaction {
  readonly text: (words: string) => string;
  /** Plain data, of which every text is gone through; of fields that are named as secrets nothing stays. */
  readonly data: (value: unknown) => unknown;
}

const removed = "(removed)";
/** Plain data of ours is flatter. */
const deepestLevel = 16;

interface Look {
  /** Quickly seen: most texts hold nothing of it. */
  readonly mayBeIn: (text: string) => boolean;
  readonly pattern: RegExp;
  readonly instead: string;
}

/**
 * Secrets by their looks. The user before an @ goes with the password: where a password holds an @ or a slash, nobody can say
 * where it begins.
 */
const looks: readonly Look[] = [
  {
    mayBeIn: (text) => text.includes("PRIVATE KEY"),
    pattern: /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g,
    instead: removed,
  },
  {
    mayBeIn: (text) => text.includes("@") && text.includes("://"),
    pattern: /\b([a-z][a-z0-9+.-]*:\/\/)[^\s"'<>]*@/gi,
    instead: `$1${removed}@`,
  },
  {
    mayBeIn: (text) => /bearer|basic|digest/i.test(text),
    pattern: /\b(Bearer|Basic|Digest)\s+[\w.~+/=-]{6,}/gi,
    instead: `$1 ${removed}`,
  },
  // JSON Web Tokens (RFC 7519).
  {
    mayBeIn: (text) => text.includes("eyJ"),
    pattern: /\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*/g,
    instead: removed,
  },
  // Seeds of NATS keys.
  {
    mayBeIn: (text) => text.length >= 58,
    pattern: /\bS[ACNOUX][A-Z2-7]{56}\b/g,
    instead: removed,
  },
  // One-time codes of this gateway.
  {
    mayBeIn: (text) => text.includes("-"),
    pattern: /\b[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}\b/g,
    instead: removed,
  },
  {
    mayBeIn: (text) => text.includes("=") || text.includes(":"),
    pattern:
      /(pass(?:word|wd|phrase|code)?|pwd|secret|token|\bpin|api[-_ ]?key|private[-_ ]?key|authorization|cookie)(["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|[^\s,;&"']+)/gi,
    instead: `$1$2${removed}`,
  },
];

const secretName =
  /pass(?:word|wd|phrase|code)?$|^pwd$|secret|token|^pin$|credential|private[-_]?key|^key$|authorization|cookie|api[-_]?key/i;

/** Long, and of all kinds of letters: a line of a key, and no path. */
const keyLine = /[A-Za-z0-9+/]{60,}={0,2}/g;
const keyLineCharacters = 60;

/** @param secrets whose values are known, in whatever form they may stand there */
export function createRedaction(secrets: Iterable<string>): Redaction {
  const takeOut = createTakingOut(secrets, removed);
  const text = (words: string): string => {
    let left = takeOut(words);
    for (const { mayBeIn, pattern, instead } of looks) {
      if (mayBeIn(left)) left = left.replace(pattern, instead);
    }
    if (left.length < keyLineCharacters) return left;
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
