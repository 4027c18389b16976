/**
 * Builds the gateway's program into `dist/`: what a plant runs. From source a start resolves, reads and strips some
 * 2,000 files; built, it reads a handful. Nothing else differs: the source tree runs unbuilt, and tests run it.
 *
 * The places are chosen so that paths relative to a file hold in both trees: the entries stand in `dist/` as in `src/`,
 * and everything else in `dist/program/`, as deep as a step's folder.
 */
import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";

import { build, type BuildOptions } from "esbuild";

const source = import.meta.dirname;
const target = join(source, "../dist");
const parts = join(target, "program");

const common = {
  absWorkingDir: source,
  outdir: target,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  // Names stay whole: a stack trace from a plant must be readable.
  minifySyntax: true,
  external: [
    // These two find binaries beside their own files.
    "better-sqlite3",
    "serialport",
    // An optional dependency of a dependency of OPC UA, for a feature that is not used.
    "proper-lockfile",
  ],
  banner: {
    // CommonJS packages ask for Node's own modules by `require`, which a module of ECMAScript does not have.
    js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);',
  },
  metafile: true,
  logLevel: "warning",
} as const satisfies BuildOptions;

const results = await Promise.all([
  build({
    ...common,
    entryPoints: { main: "main.ts" },
    chunkNames: "program/[name]-[hash]",
    // What is imported later stays in files of its own, so that a protocol nobody uses is not loaded.
    splitting: true,
  }),
  // These two share no memory with the runtime, so files in common would only carry what they do not use.
  build({
    ...common,
    entryPoints: {
      "supervise/main": "supervise/main.ts",
      "program/journal-worker": "buffer/journal-worker.ts",
    },
  }),
]);
await mkdir(parts, { recursive: true });
await copyFile(join(source, "buffer/schema.sql"), join(parts, "schema.sql"));

// Parts of an older build go, and with them the compiled code that nobody would ask for again. Only now: a gateway that
// runs from here loads some of its parts late, and those that have not changed must not be gone meanwhile.
const outputs = results.flatMap(({ metafile }) => Object.keys(metafile.outputs));
const wanted = new Set(outputs.map((file) => resolve(source, file)));
const stale = (await readdir(parts))
  .map((name) => join(parts, name))
  .filter((file) => file.endsWith(".js") && !wanted.has(file));
await Promise.all(stale.map((file) => rm(file)));
if (stale.length > 0) await rm(join(target, "compiled"), { recursive: true, force: true });
