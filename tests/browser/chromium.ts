/** The system's Chromium, driven from outside, and the slow panel that the limits are measured on. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";

import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

import { patienceMs } from "./eventually.ts";
import { watchStreams } from "./page-probes.ts";

/** Where Chromium is; undefined when this machine has none. */
export function findChromium(): string | undefined {
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const folders = ["/usr/bin", ...(process.env["PATH"] ?? "").split(delimiter)];
  for (const folder of folders) {
    for (const name of names) {
      const found = join(folder, name);
      if (existsSync(found)) return found;
    }
  }
  return undefined;
}

export const chromiumPath: string | undefined = findChromium();
/** For `skip`: false when there is one. */
export const noChromium: string | false =
  chromiumPath === undefined
    ? "no Chromium on this machine; install the package chromium to run the tests of the pages"
    : false;

/** @param more options of the browser */
export async function launch(...more: readonly string[]): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error(String(noChromium));
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });
}

/** Every request that any page of the run made to another origin than its own (L7). */
export const foreignRequests: string[] = [];

export interface ViewOptions {
  readonly width: number;
  readonly height: number;
  readonly theme?: "light" | "dark" | "glare";
  readonly hasTouch?: boolean;
}

export async function openContext(browser: Browser, view: ViewOptions): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width: view.width, height: view.height },
    timezoneId: "Europe/Prague",
    hasTouch: view.hasTouch ?? false,
  });
  context.setDefaultTimeout(patienceMs);
  await context.addInitScript(watchStreams);
  if (view.theme !== undefined) {
    await context.addInitScript((theme: string) => {
      localStorage.setItem("millwright.theme", theme);
    }, view.theme);
  }
  context.on("request", (request) => {
    const { hostname } = new URL(request.url());
    if (hostname !== "127.0.0.1" && hostname !== "") foreignRequests.push(request.url());
  });
  return context;
}

/** CPU four times slower, 10 Mbit/s, 40 ms (ux-guide 12). */
export async function slowDown(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 40,
    downloadThroughput: 10e6 / 8,
    uploadThroughput: 10e6 / 8,
  });
}

/**
 * Builds what the tests look at when a source is younger than what was built, so that they never see the page of
 * yesterday and do not build the page of now again.
 */
export function buildPage(workspace: "edge-runtime" | "cloud-hub", folder: string): string {
  const top = join(import.meta.dirname, "../..");
  const root = join(top, workspace);
  const built = join(root, "dist", folder.endsWith("hmi") ? "hmi" : "console");
  const sources = [join(root, folder), ...sharedSources.map((name) => join(top, name))];
  const builtMs = existsSync(join(built, "index.html"))
    ? statSync(join(built, "index.html")).mtimeMs
    : 0;
  if (sources.some((source) => youngestMs(source) > builtMs)) {
    execFileSync(process.execPath, [join(top, "node_modules/vite/bin/vite.js"), "build", folder], {
      cwd: root,
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  return built;
}

/** What both pages are made of besides their own folder. */
const sharedSources = ["packages/ui-kit/src", "packages/wire-contract/src", "package-lock.json"];

function youngestMs(path: string): number {
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes(".build"))
    .reduce(
      (youngest, entry) => Math.max(youngest, statSync(join(entry.parentPath, entry.name)).mtimeMs),
      0,
    );
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}
