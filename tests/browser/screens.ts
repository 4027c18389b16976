/** The screens of both pages, and how a test knows that one of them is complete. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { CDPSession, Page } from "playwright-core";

import { patienceMs } from "./eventually.ts";

/** In the order of the columns of `tokens.json`. */
export const themes = ["light", "dark", "glare"] as const;
export type Theme = (typeof themes)[number];

export const hmiScreens = {
  overview: "#/",
  machine: "#/machine/Pump%201",
  value: "#/tag/pump-1%2F0",
  trends: "#/trends/1h/pump-1%2F0/pump-1%2F1/pump-1%2F2/pump-1%2F10/pump-1%2F11",
  gateway: "#/gateway",
  alarms: "#/alarms",
  control: "#/control",
  change: "#/control/pump-1%2F5",
  signIn: "#/sign-in",
} as const;

export const consoleScreens = {
  fleet: "#/",
  gateway: "#/gateway/gw-0001",
  sources: "#/gateway/gw-0001/sources",
  sync: "#/gateway/gw-0003/sync",
  models: "#/models",
  trends: "#/trends/1h/gw-0001/pump-1%2F0/gw-0002/pump-1%2F2/gw-0002/pump-1%2F10",
  windows: "#/trends/8h~each~15min~alarm~coolant-low/gw-0001/pump-1%2F1",
  views: "#/trends",
  peers: "#/trends/24h~machines/gw-0001/pump-1%2F1/gw-0002/pump-1%2F10",
} as const;

/** Goes to a screen within the loaded page and waits until its content stands. */
export async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate(async (to) => {
    const before = location.href;
    const told = new Promise((resolve) => {
      addEventListener("hashchange", resolve, { once: true });
    });
    location.hash = to;
    // The page hears of it in a task of its own; until then the screen before it stands there complete.
    if (location.href !== before) await told;
  }, hash);
  await settled(page);
}

/** Puts a theme on as the page's own buttons do; charts and small pictures are drawn anew with it. */
export async function wear(page: Page, theme: Theme): Promise<void> {
  await page.evaluate((chosen) => {
    document.documentElement.dataset["theme"] = chosen;
  }, theme);
  await twoFrames(page);
}

/** The same screen on another glass, as when a tablet is turned. */
export async function resize(page: Page, width: number, height: number): Promise<void> {
  await page.setViewportSize({ width, height });
  await settled(page);
}

/**
 * Every stream has said how everything is, every value is painted or known to be missing, every chart drawn, nothing loading.
 * What moves from then on has to be waited for (`eventually.ts`).
 */
export async function settled(page: Page): Promise<void> {
  const givenUpMs = performance.now() + patienceMs;
  do {
    await effectsRun(page);
    await page.waitForFunction(isComplete);
    await rowsPainted(page);
    // With what was painted last, something may have begun to load.
  } while (!(await page.evaluate(isComplete)) && performance.now() < givenUpMs);
}

/** Runs in the browser, and uses nothing from outside itself. */
function isComplete(): boolean {
  const all = (name: string): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(name)];
  const has = (place: HTMLElement, name: string): boolean => place.querySelector(name) !== null;
  const says = ({ textContent }: HTMLElement): boolean => textContent !== "";
  const { silentStreams } = window as unknown as { silentStreams?: ReadonlySet<unknown> };
  return (
    document.querySelector("main")?.childElementCount !== 0 &&
    document.querySelector(".skeleton") === null &&
    document.fonts.status === "loaded" &&
    (silentStreams?.size ?? 0) === 0 &&
    all(".indicator").every(({ dataset }) => dataset["state"] !== undefined) &&
    all(".trend").every((plot) => has(plot, "canvas") && has(plot, ".trend-summary")) &&
    all(".trends").every((plot) => has(plot, "canvas") && has(plot, ".numbers")) &&
    all(".brief-trend").every((plot) => has(plot, "canvas")) &&
    all(".pen-value, .brief-trend .mark-words").every(says)
  );
}

/**
 * What a screen begins by itself when it stands there (the screen of a new address, its stream, its questions) it begins in a
 * task after the next frame, and what that renders may begin something in turn.
 */
async function effectsRun(page: Page): Promise<void> {
  await page.evaluate(async () => {
    for (let round = 0; round < 2; round++) {
      await new Promise<void>((resolve) => {
        requestAnimationFrame(() => setTimeout(resolve));
      });
    }
  });
}

/** A page paints a dozen values in each frame, so that a tap never waits for hundreds of them. */
async function rowsPainted(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const near = document.querySelectorAll('.indicator:not([data-state="away"])').length;
    for (let frames = 2 + Math.ceil(near / 12); frames > 0; frames--) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  });
}

/** What was asked for before the call stands on the screen after it. */
async function twoFrames(page: Page): Promise<void> {
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        requestAnimationFrame(() => requestAnimationFrame(resolve));
      }),
  );
}

const folder = join(import.meta.dirname, "../../artefacts/screens");

const sessions = new WeakMap<Page, CDPSession>();

/** Kept for a person to look at after the run. As PNG, but packed quickly: a browser packs for half a second otherwise. */
export async function keepPicture(page: Page, name: string): Promise<Buffer> {
  const session = sessions.get(page) ?? (await page.context().newCDPSession(page));
  sessions.set(page, session);
  const { data } = await session.send("Page.captureScreenshot", {
    format: "png",
    optimizeForSpeed: true,
  });
  const picture = Buffer.from(data, "base64");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.png`), picture);
  return picture;
}
