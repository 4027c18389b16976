/** Opens a bundle's folder and refuses what does not fit, with all problems in one report. Nothing is run here. */
import { createHash } from "node:crypto";
import { basename } from "node:path";

import { decodeModel, NotOnnx, type Model } from "@millwright/onnx";
import { messageChain } from "@millwright/kit";
import type { z } from "zod";

import { exampleProblems } from "./examples.ts";
import { manifestFile, readDeclared, readManifestBytes, strangersIn } from "./files.ts";
import {
  examplesSchema,
  manifestSchema,
  modelBytesMax,
  sideFileBytesMax,
  type Examples,
  type Manifest,
} from "./manifest.ts";
import { inputProblems } from "./input-check.ts";
import { modelProblems } from "./model-check.ts";
import { BundleRefused, type BundleProblem } from "./problem.ts";

/** A bundle whose files fit together. Whether its examples come out as written is known once a host has run them. */
export interface Bundle {
  readonly folder: string;
  readonly manifest: Manifest;
  /** SHA-256 of the manifest, which names the digest of every other file; hexadecimal. */
  readonly digest: string;
  /** The ONNX file. */
  readonly bytes: Uint8Array;
  readonly model: Model;
  readonly examples: Examples;
}

/** @throws BundleRefused with every problem of the folder, its manifest, model and examples */
export function loadBundle(folder: string): Bundle {
  const problems: BundleProblem[] = [];
  const bundle = readBundle(folder, problems);
  if (bundle === undefined || problems.length > 0) throw new BundleRefused(folder, problems);
  return bundle;
}

/** "bearing-health 1.2.0" */
export function bundleTitle({ name, version }: Pick<Manifest, "name" | "version">): string {
  return `${name} ${version}`;
}

function readBundle(folder: string, problems: BundleProblem[]): Bundle | undefined {
  const manifestBytes = readManifestBytes(folder, problems);
  if (manifestBytes === undefined) return undefined;
  const manifest = parsed(manifestFile, manifestBytes, manifestSchema, problems);
  if (manifest === undefined) return undefined;
  if (!folderFits(basename(folder), manifest)) {
    problems.push({
      where: `${manifestFile}: name`,
      what: `"${manifest.name}" lies in the folder "${basename(folder)}"; give the folder the bundle's name, with "-${manifest.version}" behind it where versions lie side by side`,
    });
  }
  problems.push(...inputProblems(manifest));

  const declared = new Map(Object.entries(manifest.files));
  for (const [path, role] of [
    [manifest.model.file, "model.file"],
    [manifest.examples, "examples"],
    ["card.md", "the card"],
    ["metrics.json", "the metrics"],
  ] as const) {
    if (!declared.has(path)) {
      problems.push({
        where: `${manifestFile}: files`,
        what: `does not name "${path}" (${role}), so it could not be checked; add it with its size and SHA-256`,
      });
    }
  }
  problems.push(...strangersIn(folder, new Set([manifestFile, ...declared.keys()])));
  const contents = new Map<string, Uint8Array>();
  for (const [path, file] of declared) {
    const bytesMax = path === manifest.model.file ? modelBytesMax : sideFileBytesMax;
    const bytes = readDeclared(folder, path, file, bytesMax, problems);
    // Card and metrics are for people: once they are what was declared, they are not kept in memory.
    if (bytes !== undefined && (path === manifest.model.file || path === manifest.examples)) {
      contents.set(path, bytes);
    }
  }

  const bytes = contents.get(manifest.model.file);
  const model = bytes === undefined ? undefined : decoded(manifest.model.file, bytes, problems);
  if (model !== undefined) problems.push(...modelProblems(model, manifest));
  const exampleBytes = contents.get(manifest.examples);
  const examples =
    exampleBytes === undefined
      ? undefined
      : parsed(manifest.examples, exampleBytes, examplesSchema, problems);
  if (examples !== undefined) problems.push(...exampleProblems(examples, manifest));
  if (bytes === undefined || model === undefined || examples === undefined) return undefined;
  const digest = createHash("sha256").update(manifestBytes).digest("hex");
  return { folder, manifest, digest, bytes, model, examples };
}

function folderFits(folder: string, { name, version }: Manifest): boolean {
  return folder === name || folder === `${name}-${version}`;
}

function decoded(path: string, bytes: Uint8Array, problems: BundleProblem[]): Model | undefined {
  try {
    return decodeModel(bytes);
  } catch (failure) {
    if (!(failure instanceof NotOnnx)) throw failure;
    problems.push({ where: path, what: `${messageChain(failure)}. ${failure.hint}` });
    return undefined;
  }
}

function parsed<Value>(
  path: string,
  bytes: Uint8Array,
  schema: z.ZodType<Value>,
  problems: BundleProblem[],
): Value | undefined {
  let content: unknown;
  try {
    content = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (failure) {
    problems.push({ where: path, what: `is not JSON: ${messageChain(failure)}` });
    return undefined;
  }
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const place = issue.path.map(String).join(".");
    problems.push({ where: place === "" ? path : `${path}: ${place}`, what: issue.message });
  }
  return undefined;
}
