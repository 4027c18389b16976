/**
 * Builds the gateway's program into `dist/`: what a plant runs. From source a start resolves, reads and strips some
 * 2,000 files; built, it reads a handful. Nothing else differs: the source tree runs unbuilt, and tests run it.
 *
 * The places are chosen so that paths relative to a file hold in both trees: the entries stand in `dist/` as in `src/`,
 * and everything else in `dist/program/`, as deep as a step's folder.
 */
import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";

import { build, type BuildOptions, type Plugin } from "esbuild";

const source = import.meta.dirname;
const target = join(source, "../dist");
const parts = join(target, "program");

/**
 * Who asks for Node's module `process` makes Node read all of its properties, among them standard input, which is opened
 * by that. The global object is the same one and costs nothing.
 */
const processWithoutGetters: Plugin = {
  name: "process without getters",
  setup(bundler) {
    bundler.onResolve({ filter: /^(node:)?process$/ }, () => ({
      path: "process",
      namespace: "global",
    }));
    bundler.onLoad({ filter: /^process$/, namespace: "global" }, () => ({
      contents: "module.exports = globalThis.process;",
    }));
  },
};

const common = {
  absWorkingDir: source,
  outdir: target,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  // Text that is not there is not read, decoded and kept in memory (4 MB of OPC UA are 2). Names stay whole, so that a
  // stack trace from a plant can be read; the maps beside the files (`node --enable-source-maps`) say the lines.
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: "linked",
  sourcesContent: false,
  legalComments: "external",
  plugins: [processWithoutGetters],
  external: [
    // These find binaries beside their own files.
    "@node-rs/argon2",
    "better-sqlite3",
    "onnxruntime-node",
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
  // Each by itself: what both use would be cut into files as they share it, and the gateway would load twice as many.
  ...["gateway", "main"].map((program) =>
    build({
      ...common,
      entryPoints: { [program]: `${program}.ts` },
      chunkNames: "program/[name]-[hash]",
      // What is imported later stays in files of its own, so that a protocol nobody uses is not loaded.
      splitting: true,
    }),
  ),
  // These share no memory with the runtime, so files in common would only carry what they do not use.
  build({
    ...common,
    entryPoints: {
      "supervise/main": "supervise/main.ts",
      "program/journal-worker": "buffer/journal-worker.ts",
      "program/host-main": "detect/host/host-main.ts",
    },
  }),
]);
await mkdir(parts, { recursive: true });
// What the journal's thread reads at its start, beside it as in the source.
const sql = ["schema.sql", "migrations"];
for (const name of sql) {
  await cp(join(source, "buffer", name), join(parts, name), { recursive: true });
}

// Parts of an older build go, and with them the compiled code that nobody would ask for again. Only now: a gateway that
// runs from here loads some of its parts late, and those that have not changed must not be gone meanwhile.
const outputs = results.flatMap(({ metafile }) => Object.keys(metafile.outputs));
const wanted = new Set(outputs.map((file) => resolve(source, file)));
const stale = (await readdir(parts))
  .filter((name) => !sql.includes(name))
  .map((name) => join(parts, name))
  .filter((file) => !wanted.has(file));
await Promise.all(stale.map((file) => rm(file)));
if (stale.some((file) => file.endsWith(".js")))
  await rm(join(target, "compiled"), { recursive: true, force: true });
