/** Puts parameters into a template: `{name}` in any text of it becomes the value the device gives. Pure. */

const placeholder = /\{([A-Za-z][A-Za-z0-9_]*)\}/g;

/**
 * @param missing called with the name of each placeholder that has no value; it is left as it stands
 */
export function fill<T>(
  part: T,
  parameters: ReadonlyMap<string, string>,
  missing: (name: string) => void,
): T {
  if (typeof part === "string") {
    return part.replace(placeholder, (whole, name: string) => {
      const value = parameters.get(name);
      if (value === undefined) missing(name);
      return value ?? whole;
    }) as T;
  }
  if (Array.isArray(part)) return part.map((each: unknown) => fill(each, parameters, missing)) as T;
  if (typeof part === "object" && part !== null) {
    return Object.fromEntries(
      Object.entries(part).map(([key, value]) => [
        key,
        fill(value as unknown, parameters, missing),
      ]),
    ) as T;
  }
  return part;
}

/** What is written nearer to the device goes before the template, key by key, through nested groups. */
export function overlay(
  beneath: Readonly<Record<string, unknown>>,
  above: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const merged: Record<string, unknown> = { ...beneath };
  for (const [key, value] of Object.entries(above)) {
    const under = merged[key];
    merged[key] = isGroup(under) && isGroup(value) ? overlay(under, value) : value;
  }
  return merged;
}

function isGroup(part: unknown): part is Readonly<Record<string, unknown>> {
  return typeof part === "object" && part !== null && !Array.isArray(part);
}
