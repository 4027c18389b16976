import type { Refused } from "@millwright/kit";
import type * as z from "zod";

/** @param what is read, for the reason of a refusal: "order: tags.0: no tag id" */
export function parseJson<T>(schema: z.ZodType<T>, text: string, what: string): T | Refused {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: "refused", reason: `${what} is not JSON` };
  }
  const read = schema.safeParse(json);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue?.path.join(".") ?? "";
  return { kind: "refused", reason: `${what}: ${where}: ${issue?.message ?? "is not one"}` };
}
