import type * as z from "zod";

/** What is wrong with what a page has sent, for whoever writes pages and programs: "tags.0: no id of a tag; …". */
export function wrongWith(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`))
    .join("; ");
}
