/** From the bytes of one message to JSON, within caps, and without losing a digit of a 64-bit integer. */
import type { Refused } from "@millwright/kit";

import type { Json } from "./json-path.ts";

export interface PayloadCaps {
  readonly bytesMax: number;
  readonly depthMax: number;
  readonly elementsMax: number;
}

/**
 * Field practice 46 asks for caps. A machine's message has some kB, three levels and some hundred values; these leave
 * room for a hundred times that and keep one hostile message from holding the process for more than milliseconds.
 */
export const payloadCaps: PayloadCaps = {
  bytesMax: 262_144,
  depthMax: 16,
  elementsMax: 20_000,
};

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Wrapped, because what a device sends could look like a refusal. */
export function parseJsonPayload(
  bytes: Uint8Array,
  caps: PayloadCaps,
): { readonly json: Json } | Refused {
  const sized = refuseBySize(bytes, caps);
  if (sized !== undefined) return sized;
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return refuse("it is not UTF-8 text");
  }
  const shaped = refuseByShape(text, caps);
  if (shaped !== undefined) return shaped;
  try {
    // Only texts with so many digits can hold a whole number that a double changes; the others are parsed faster.
    const json: unknown = /\d{16}/.test(text) ? JSON.parse(text, exactIntegers) : JSON.parse(text);
    return { json: json as Json };
  } catch (error) {
    return refuse(`it is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
}

/** A text payload that is a value by itself. */
export function parseTextPayload(bytes: Uint8Array, caps: PayloadCaps): string | Refused {
  const sized = refuseBySize(bytes, caps);
  if (sized !== undefined) return sized;
  try {
    return utf8.decode(bytes);
  } catch {
    return refuse("it is not UTF-8 text");
  }
}

export function refuseBySize(bytes: Uint8Array, caps: PayloadCaps): Refused | undefined {
  if (bytes.length <= caps.bytesMax) return undefined;
  return refuse(`it has ${bytes.length} bytes, more than ${caps.bytesMax}`);
}

/** Counts levels and values without building anything, so that a bomb is refused before it is unpacked. */
function refuseByShape(text: string, caps: PayloadCaps): Refused | undefined {
  let depth = 0;
  let elements = 1;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === 0x5c) at++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      depth++;
      if (depth > caps.depthMax) return refuse(`it is nested deeper than ${caps.depthMax} levels`);
    } else if (code === 0x7d || code === 0x5d) depth--;
    else if (code === 0x2c) {
      elements++;
      if (elements > caps.elementsMax)
        return refuse(`it holds more than ${caps.elementsMax} values`);
    }
  }
  return undefined;
}

/** Reviver: a whole number above 2^53 is read from its digits (ECMAScript 2025, JSON.parse source text access). */
function exactIntegers(
  _key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined || Number.isSafeInteger(value))
    return value;
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}

function refuse(reason: string): Refused {
  return { kind: "refused", reason };
}
