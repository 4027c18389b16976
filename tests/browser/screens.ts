/** The screens of both pages, and how a test knows that one of them is complete. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { CDPSession, Page } from "playwright-core";

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
} as const;

/** Goes to a screen within the loaded page and waits until its content stands. */
export async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate((to) => {
    location.hash = to;
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

/** Every value painted or known to be missing, every chart drawn, nothing loading. */
export async function settled(page: Page): Promise<void> {
  await twoFrames(page);
  await page.waitForFunction(() => {
    const rows = [...document.querySelectorAll(".indicator")] as HTMLElement[];
    const plots = [...document.querySelectorAll(".trend")];
    return (
      document.querySelector("main")?.childElementCount !== 0 &&
      document.querySelector(".skeleton") === null &&
      document.fonts.status === "loaded" &&
      rows.every((row) => row.dataset["state"] !== undefined) &&
      plots.every(
        (plot) =>
          plot.querySelector("canvas") !== null && plot.querySelector(".trend-summary") !== null,
      ) &&
      [...document.querySelectorAll(".trends")].every(
        (plot) => plot.querySelector("canvas") !== null && plot.querySelector(".numbers") !== null,
      ) &&
      [...document.querySelectorAll(".brief-trend")].every(
        (plot) =>
          plot.querySelector("canvas") !== null &&
          [...plot.querySelectorAll(".pen-value, .mark-words")].every(
            ({ textContent }) => textContent !== "",
          ),
      )
    );
  });
  await twoFrames(page);
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
