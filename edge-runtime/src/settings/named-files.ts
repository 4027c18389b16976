/** Files are named relative to the file that names them. */
import { isAbsolute, join } from "node:path";

export function beside(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

/** Settings that end in `File` are paths, in every protocol and in groups of settings as well. */
export function resolveFiles(
  connection: Readonly<Record<string, unknown>>,
  folder: string,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(connection).map(([key, value]) => {
      if (typeof value === "string" && key.endsWith("File")) return [key, beside(folder, value)];
      return [key, isGroup(value) ? resolveFiles(value, folder) : value];
    }),
  );
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
