import type { Refused } from "@millwright/kit";

/** One step into a structure or array: a field by name, or an element by its indices (several for a matrix). */
export type ElementStep = { readonly field: string } | { readonly indices: readonly number[] };

/** Deeper structures are not met in plants, and a bound ends a hostile address. */
const stepsMax = 16;
const stepPattern = /^(?:\.?([A-Za-z_][A-Za-z0-9_]*)|\[(\d{1,7}(?:,\d{1,7}){0,4})\])/;

/** Reads the option column `path`: `Zone[3].Setpoint`, `[7]`, `[2,0]`. An empty text means the value itself. */
export function parseElementPath(text: string): readonly ElementStep[] | Refused {
  const steps: ElementStep[] = [];
  let rest = text.trim();
  while (rest !== "") {
    const match = stepPattern.exec(rest);
    if (match === null || steps.length >= stepsMax) {
      return {
        kind: "refused",
        reason: `"${text}" is not a path into a structure; write for example Zone[3].Setpoint`,
      };
    }
    const [whole, field, indices] = match;
    if (field !== undefined) steps.push({ field });
    if (indices !== undefined) steps.push({ indices: indices.split(",").map(Number) });
    rest = rest.slice(whole.length);
  }
  return steps;
}

/** What the path leads to, undefined when it leads nowhere. Fields are found by their name in the model. */
export function follow(
  value: unknown,
  dimensions: readonly number[] | null | undefined,
  steps: readonly ElementStep[],
): unknown {
  let at: unknown = value;
  let shape = dimensions;
  for (const step of steps) {
    if ("field" in step) {
      at = fieldOf(at, step.field);
    } else {
      const index = flatIndex(step.indices, shape);
      at = index !== undefined && isList(at) ? at[index] : undefined;
    }
    shape = undefined;
    if (at === undefined || at === null) return undefined;
  }
  return at;
}

/** Matrices come flat, in row-major order (OPC 10000-6, 5.2.2.16). */
function flatIndex(
  indices: readonly number[],
  dimensions: readonly number[] | null | undefined,
): number | undefined {
  if (indices.length === 1) return indices[0];
  if (dimensions?.length !== indices.length) return undefined;
  let flat = 0;
  for (const [axis, length] of dimensions.entries()) {
    const index = indices[axis] ?? 0;
    if (index >= length) return undefined;
    flat = flat * length + index;
  }
  return flat;
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value);
}

function fieldOf(value: unknown, field: string): unknown {
  if (typeof value !== "object" || value === null || isList(value)) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(fields, field)) return fields[field];
  // The library writes the fields of decoded structures in lower camel case.
  const camel = `${field.charAt(0).toLowerCase()}${field.slice(1)}`;
  return Object.hasOwn(fields, camel) ? fields[camel] : undefined;
}
