/** In which forms a known secret may stand in a text: each is found, wherever in the text it begins. */

/**
 * Shorter ones are words that stand in any text: to take them out everywhere would say what they are, and hide what a reader
 * needs.
 */
export const secretCharactersMin = 6;

interface Form {
  readonly text: string;
  /** Characters around it in the same run may hold its first and last bits, and go with it. */
  readonly inBase64: boolean;
}

/**
 * By hand and not by a regular expression: a megabyte of texts with the forms of twenty secrets took three seconds of a loop
 * that has devices to read.
 *
 * @param secrets as they are
 * @returns what puts `instead` in the place of each of them, also in base64, in hexadecimal, and escaped for addresses and JSON
 */
export function createTakingOut(
  secrets: Iterable<string>,
  instead: string,
): (text: string) => string {
  const byBeginning = new Map<string, Form[]>();
  const filter = new Uint8Array(filterSize);
  for (const form of formsOf(secrets)) {
    const beginning = form.text.slice(0, secretCharactersMin);
    const same = byBeginning.get(beginning);
    if (same === undefined) byBeginning.set(beginning, [form]);
    else same.push(form);
    filter[placeOf(form.text, 0)] = 1;
  }
  // The longest first: a secret may begin as another one does.
  for (const forms of byBeginning.values()) forms.sort((a, b) => b.text.length - a.text.length);

  return (text) => {
    let left = "";
    let done = 0;
    for (let at = 0; at + secretCharactersMin <= text.length; at++) {
      if (filter[placeOf(text, at)] === 0) continue;
      const forms = byBeginning.get(text.slice(at, at + secretCharactersMin)) ?? [];
      const found = forms.find((form) => text.startsWith(form.text, at));
      if (found === undefined) continue;
      let from = at;
      let to = at + found.text.length;
      if (found.inBase64) {
        while (from > done && base64Letter.test(text.charAt(from - 1))) from--;
        while (to < text.length && base64Letter.test(text.charAt(to))) to++;
      }
      left += text.slice(done, from) + instead;
      done = to;
      at = to - 1;
    }
    return done === 0 ? text : left + text.slice(done);
  };
}

const base64Letter = /[\w+/=-]/;

/** Few of so many places are taken by the forms of a hundred secrets. */
const filterSize = 2 ** 16;

/** By three characters: most of a text begins no form, and this is told at once. */
function placeOf(text: string, at: number): number {
  const spread =
    text.charCodeAt(at) ^ (text.charCodeAt(at + 1) << 5) ^ (text.charCodeAt(at + 2) << 9);
  return spread & (filterSize - 1);
}

function formsOf(secrets: Iterable<string>): readonly Form[] {
  const plain = new Set<string>();
  const cores = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < secretCharactersMin) continue;
    for (const form of plainForms(secret)) plain.add(form);
    for (const core of base64Cores(secret)) cores.add(core);
  }
  return [
    ...Array.from(plain, (text) => ({ text, inBase64: false })),
    ...Array.from(cores, (text) => ({ text, inBase64: true })),
  ];
}

function plainForms(secret: string): readonly string[] {
  const inAddress = encodeURIComponent(secret);
  // RFC 3986 reserves these, too, and others escape them.
  const strictly = inAddress.replace(/[!'()*~._-]/g, percent);
  const hex = Buffer.from(secret).toString("hex");
  return [
    secret,
    inAddress,
    lowerEscapes(inAddress),
    strictly,
    lowerEscapes(strictly),
    // As forms are sent.
    inAddress.replaceAll("%20", "+"),
    new URLSearchParams([["", secret]]).toString().slice(1),
    hex.replace(/../g, "%$&"),
    hex.replace(/../g, "%$&").toUpperCase(),
    hex,
    hex.toUpperCase(),
    inJson(secret),
    // A text of JSON that stands in JSON.
    inJson(inJson(secret)),
  ];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Three bytes are four characters, so a text that holds the secret holds one of three, whatever stands before it. */
function base64Cores(secret: string): readonly string[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
    const text = bytes.toString("base64").replace(/=+$/, "");
    // Characters at the ends hold bits of the neighbours.
    const from = Math.ceil((before * 8) / 6);
    const to = bytes.length % 3 === 0 ? text.length : text.length - 1;
    const core = text.slice(from, to);
    return [core, core.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function lowerEscapes(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (one) => one.toLowerCase());
}
