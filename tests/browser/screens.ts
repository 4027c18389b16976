/** The screens of both pages, and how a test knows that one of them is complete. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import type { Page } from "playwright-core";

export const hmiScreens = {
  overview: "#/",
  machine: "#/machine/Pump%201",
  value: "#/tag/pump-1%2F0",
  trends: "#/trends/1h/pump-1%2F0/pump-1%2F1/pump-1%2F2/pump-1%2F10/pump-1%2F11",
  gateway: "#/gateway",
  alarms: "#/alarms",
  signIn: "#/sign-in",
} as const;

export const consoleScreens = {
  fleet: "#/",
  gateway: "#/gateway/gw-0001",
  sources: "#/gateway/gw-0001/sources",
  sync: "#/gateway/gw-0003/sync",
  trends: "#/trends/1h/gw-0001/pump-1%2F0/gw-0002/pump-1%2F2/gw-0002/pump-1%2F10",
} as const;

/** Goes to a screen within the loaded page and waits until its content stands. */
export async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate((to) => {
    location.hash = to;
  }, hash);
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

/** Kept for a person to look at after the run. */
export async function keepPicture(page: Page, name: string): Promise<Buffer> {
  mkdirSync(folder, { recursive: true });
  return page.screenshot({ path: join(folder, `${name}.png`) });
}
