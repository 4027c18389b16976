/** How both pages are built: hashed files for old browsers, nothing inline but the icon, compressed copies beside them. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import type { Plugin, UserConfig } from "vite";

export interface PageBuildOptions {
  /** Folder of the page's index.html. */
  readonly root: string;
  /** Where the built page goes. */
  readonly outDir: string;
  /** What the page asks its server for before anything else: fetched while the script is still on its way. */
  readonly firstAnswers: readonly string[];
}

/**
 * Panel PCs keep their browser for ten years (ux-guide 11). These are the first with cascade layers, without which no page
 * of ours has a shape: what they do themselves is not written out for older ones. A private field written out is a look
 * into a table, and a chart makes millions of them.
 */
const browsers = ["chrome99", "firefox97", "safari15.4"];

export function pageBuild(options: PageBuildOptions): UserConfig {
  return {
    root: options.root,
    // Without a public folder nothing is copied by accident.
    publicDir: false,
    esbuild: { jsx: "automatic", jsxImportSource: "preact" },
    build: {
      outDir: options.outDir,
      emptyOutDir: true,
      target: browsers,
      cssTarget: browsers,
      // The policy of the page forbids data: in scripts, styles and fonts.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
    plugins: [
      iconInPage(options.root),
      preloads(options.firstAnswers),
      chartAlone(),
      compressedCopies(),
    ],
  };
}

/** The icon is some hundred bytes: within the page it costs no request of its own before the first value (ux-guide 12, L6). */
function iconInPage(root: string): Plugin {
  return {
    name: "icon-in-page",
    transformIndexHtml: {
      order: "pre",
      async handler(html) {
        const link = 'href="./icon.svg"';
        if (!html.includes(link)) throw new Error(`the page of ${root} names no icon`);
        const svg = await readFile(join(root, "icon.svg"), "utf8");
        const inLine = encodeURIComponent(svg.replace(/\s*\n\s*/g, ""));
        return html.replace(link, `href="data:image/svg+xml,${inLine}"`);
      },
    },
  };
}

/**
 * The chart hangs helpers at its class, among them ways to draw lines and bars, so that none of them is left out of a page that
 * draws its lines itself. Without these lines they are: 3 of 23 kB. Nothing of ours may ask the class for one.
 */
function chartAlone(): Plugin {
  return {
    name: "chart-alone",
    transform(code, id) {
      if (!id.endsWith("/uplot/dist/uPlot.esm.js")) return null;
      const alone = code.replace(/\nuPlot\.assign = assign;\n[^]*?\nexport \{/, "\nexport {");
      if (alone === code) throw new Error("uPlot has its helpers elsewhere: look at its module");
      return { code: alone, map: null };
    },
  };
}

/** Asks for the first answers and the font together with the script, a round trip earlier than it would. */
function preloads(firstAnswers: readonly string[]): Plugin {
  return {
    name: "preloads",
    transformIndexHtml: {
      order: "post",
      handler(_html, context) {
        const fonts = Object.keys(context.bundle ?? {}).filter((name) => name.endsWith(".woff2"));
        const links = [
          ...firstAnswers.map((href) => ({ as: "fetch", href })),
          ...fonts.map((name) => ({ as: "font", type: "font/woff2", href: `/${name}` })),
        ];
        return links.map((link) => ({
          tag: "link",
          attrs: { rel: "preload", crossorigin: true, ...link },
          injectTo: "head",
        }));
      },
    },
  };
}

/**
 * A gateway has little processor to spare: files are compressed once, here, and never while serving. Done from what
 * was written, because other plugins still change names inside the files until then.
 */
function compressedCopies(): Plugin {
  return {
    name: "compressed-copies",
    async writeBundle(output, bundle) {
      const folder = output.dir ?? "";
      for (const name of Object.keys(bundle)) {
        if (!/\.(js|css|html|svg)$/.test(name)) continue;
        const content = await readFile(join(folder, name));
        const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
        await writeFile(join(folder, `${name}.br`), brotliCompressSync(content, { params }));
        await writeFile(join(folder, `${name}.gz`), gzipSync(content, { level: 9 }));
      }
    },
  };
}
