/** Files that people write, as plain data: what is wrong with one is said with its name, line and column. */
import { readFileSync } from "node:fs";
import { relative } from "node:path";

import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";

import type { Problem } from "./problem.ts";

/**
 * While it is read, YAML takes 80 times its own size, and the gateway has 96 MB for all that it does. Half a megabyte is
 * 2,500 devices with tables, or 4,000 tags written out; nobody types either (field practice 62).
 */
const yamlCharactersMax = 500_000;

export function readYaml<T>(
  path: string,
  schema: z.ZodType<T>,
  problems: Problem[],
): T | undefined {
  const content = readContent(path, problems);
  return content === undefined ? undefined : checked(content.value, schema, path, problems);
}

/** The file as plain data; undefined when it is not there or is no YAML. */
export function readContent(
  path: string,
  problems: Problem[],
): { readonly value: unknown } | undefined {
  const shown = relative(".", path) || path;
  const text = readText(path, problems);
  if (text === undefined) return undefined;
  if (text.length > yamlCharactersMax) {
    problems.push({
      where: shown,
      what: `holds ${text.length} characters, and may hold ${yamlCharactersMax}. Put the tags of each device into a table beside it, as in "tags: press-1.csv"`,
    });
    return undefined;
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  for (const error of document.errors) {
    const { line, col } = lines.linePos(error.pos[0]);
    problems.push({
      where: `${shown}: line ${line}, column ${col}`,
      what: firstLine(error.message),
    });
  }
  if (document.errors.length > 0) return undefined;
  return { value: document.toJS({ maxAliasCount: 100 }) as unknown };
}

export function checked<T>(
  content: unknown,
  schema: z.ZodType<T>,
  path: string,
  problems: Problem[],
): T | undefined {
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  problems.push(...issues(relative(".", path) || path, result.error, ": "));
  return undefined;
}

export function issues(place: string, error: z.ZodError, join = "."): readonly Problem[] {
  return error.issues.map((issue) => {
    const path = issue.path
      .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
      .join("")
      .replace(/^\./, "");
    const unknown = issue.code === "unrecognized_keys" ? unknownKeys(issue.keys) : issue.message;
    return { where: path === "" ? place : `${place}${join}${path}`, what: unknown };
  });
}

function unknownKeys(keys: readonly string[]): string {
  const names = keys.map((key) => `"${key}"`).join(", ");
  return `does not know ${names}; look for a typing mistake or an older name`;
}

export function readText(path: string, problems: Problem[]): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (failure) {
    const code = failure instanceof Error && "code" in failure ? String(failure.code) : "";
    const what = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    problems.push({ where: relative(".", path) || path, what });
    return undefined;
  }
}

function firstLine(message: string): string {
  return message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "") ?? message;
}
