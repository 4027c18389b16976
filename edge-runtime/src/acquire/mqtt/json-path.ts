/**
 * The part of JSONPath (RFC 9535) that names exactly one value: `$`, `.name`, `["any name"]`, `[3]`. Wildcards, slices
 * and filters would make it unclear which tag a value belongs to, so they are refused.
 */
import type { Refused } from "@millwright/kit";

/** What JSON can hold; whole numbers that a double would change come as bigint. */
export type Json =
  string | number | bigint | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Names of members and indices of elements, outermost first. */
export type JsonPath = readonly (string | number)[];

/** Deeper than any payload that is let in, so a longer path can never be met. */
const stepsMax = 32;
const stepPattern =
  /\.([A-Za-z_\u0080-\uffff][\w\u0080-\uffff-]*)|\[(0|[1-9]\d{0,8})\]|\[("(?:[^"\\]|\\.)*")\]/uy;

export function parseJsonPath(text: string): JsonPath | Refused {
  if (!text.startsWith("$")) return refuse(text, "it must begin with $");
  const steps: (string | number)[] = [];
  let at = 1;
  while (at < text.length) {
    stepPattern.lastIndex = at;
    const match = stepPattern.exec(text);
    if (match === null) {
      return refuse(text, `it cannot be read from ${JSON.stringify(text.slice(at, at + 12))} on`);
    }
    const [whole, name, index, quoted] = match;
    if (name !== undefined) steps.push(name);
    else if (index !== undefined) steps.push(Number(index));
    else if (quoted !== undefined) {
      const member = unquote(quoted);
      if (member === undefined) return refuse(text, `${quoted} is not a JSON string`);
      steps.push(member);
    }
    if (steps.length > stepsMax) return refuse(text, `it has more than ${stepsMax} steps`);
    at += whole.length;
  }
  return steps;
}

/** The path as text that `parseJsonPath` reads back. */
export function formatJsonPath(path: JsonPath): string {
  const steps = path.map((step) => {
    if (typeof step === "number") return `[${step}]`;
    return /^[A-Za-z_]\w*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  });
  return `$${steps.join("")}`;
}

/** The value at the path; absent when the payload does not have it. Never finds what an object merely inherits. */
export function selectJson(json: Json, path: JsonPath): Json | undefined {
  let value: Json = json;
  for (const step of path) {
    if (typeof value !== "object" || value === null) return undefined;
    if (typeof step === "number") {
      if (!isArray(value)) return undefined;
      const element: Json | undefined = value[step];
      if (element === undefined) return undefined;
      value = element;
    } else {
      if (isArray(value) || !Object.hasOwn(value, step)) return undefined;
      const member: Json | undefined = value[step];
      if (member === undefined) return undefined;
      value = member;
    }
  }
  return value;
}

/** All values that are no object and no array, with their paths, at most `max`. */
export function leavesOf(json: Json, max: number): (readonly [JsonPath, Json])[] {
  const leaves: (readonly [JsonPath, Json])[] = [];
  const visit = (value: Json, path: JsonPath): void => {
    if (leaves.length >= max || path.length > stepsMax) return;
    if (typeof value !== "object" || value === null) leaves.push([path, value]);
    else if (isArray(value)) value.forEach((element, index) => visit(element, [...path, index]));
    else for (const [name, member] of Object.entries(value)) visit(member, [...path, name]);
  };
  visit(json, []);
  return leaves;
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function unquote(quoted: string): string | undefined {
  try {
    const text: unknown = JSON.parse(quoted);
    return typeof text === "string" ? text : undefined;
  } catch {
    return undefined;
  }
}

function refuse(path: string, why: string): Refused {
  return { kind: "refused", reason: `${path} is not a path to one JSON value: ${why}` };
}
