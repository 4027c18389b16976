/** In which forms a known secret may stand in a text: each is found, wherever in the text it begins. */

/**
 * Shorter ones are words that stand in any text: to take them out everywhere would say what they are, and hide what a reader
 * needs.
 */
export const secretCharactersMin = 6;

/**
 * @param secrets as they are
 * @returns finds each of them, also in base64, in hexadecimal, and escaped for addresses and JSON; undefined for none
 */
export function secretPattern(secrets: Iterable<string>): RegExp | undefined {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < secretCharactersMin) continue;
    for (const form of plainForms(secret)) forms.add(escaped(form));
    // What stands around it in the same run of base64 may hold its first or last bits.
    for (const core of base64Cores(secret)) forms.add(`[\\w+/=-]*${escaped(core)}[\\w+/=-]*`);
  }
  if (forms.size === 0) return undefined;
  // The longest first: a secret may begin as another one does.
  const alternatives = [...forms].toSorted((a, b) => b.length - a.length);
  return new RegExp(alternatives.join("|"), "g");
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

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}
