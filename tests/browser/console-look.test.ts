/** How every screen of the console looks, in each theme and size (ux-guide 12). */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import type { Page } from "playwright-core";

import { noChromium } from "./chromium.ts";
import { consoleRig, desk, hubsOfAllConditions } from "./console-rig.ts";
import type { Condition } from "./fixture-server.ts";
import { lookInThemes } from "./looks.ts";
import { findTextProblems } from "./page-probes.ts";
import { consoleScreens, goTo, keepPicture, resize, themes } from "./screens.ts";

void describe("the look of the console", { skip: noChromium }, () => {
  const rig = consoleRig();
  const urlOf = hubsOfAllConditions(rig);
  /** One page for all: to load one costs more than to look at a screen. */
  let page: Page;
  before(async () => {
    page = await rig.newPage();
  });

  /** The page of this hub on such a desk; loaded when another was there. */
  async function lookAt(condition: Condition, { width, height } = desk): Promise<void> {
    await page.setViewportSize({ width, height });
    if (new URL(page.url()).origin !== urlOf(condition)) await page.goto(urlOf(condition));
  }

  const seen = { themed: 0, sized: 0 };
  for (const condition of ["healthy", "trouble", "empty"] as const) {
    for (const [name, hash] of Object.entries(consoleScreens)) {
      test(`X1, X6, X7: ${name}, ${condition}, can be used by everyone in each theme, and is grey in health`, async () => {
        await lookAt(condition);
        await goTo(page, hash);
        await lookInThemes(page, `console-${name}-${condition}`, condition === "healthy");
        seen.themed += themes.length;
      });

      if (condition === "empty") continue;
      test(`X2: of ${name}, ${condition}, nothing is cut off or overlaps on desks`, async () => {
        await lookAt(condition);
        await goTo(page, hash);
        for (const [width, height] of [
          [1440, 900],
          [1920, 1080],
          [1280, 800],
        ] as const) {
          await resize(page, width, height);
          await hasRoom(`${name}-${condition}-${width}`);
        }
      });
    }
    if (condition === "empty") continue;
    test(`X2: nothing is cut off or overlaps on a phone, ${condition}`, async () => {
      await lookAt(condition, { width: 390, height: 844 });
      for (const [name, hash] of Object.entries(consoleScreens)) {
        // It begins on the phone: what a desk turned into one shows may differ.
        await goTo(page, hash);
        await hasRoom(`${name}-${condition}-390`);
      }
    });
  }

  async function hasRoom(name: string): Promise<void> {
    await keepPicture(page, `console-${name}`);
    assert.deepEqual(await page.evaluate(findTextProblems), [], name);
    seen.sized += 1;
  }

  test("X1, X2: every screen was looked at, in each theme and size", () => {
    const screens = Object.keys(consoleScreens).length;
    assert.deepEqual(seen, { themed: themes.length * 3 * screens, sized: 4 * 2 * screens });
  });
});
