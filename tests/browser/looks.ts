/** X1, X6 and X7 of the screen that stands on a page: it is loaded once and looked at in each theme. */
import assert from "node:assert/strict";

import type { Page } from "playwright-core";

import { violationsOn } from "./axe.ts";
import { coloursOf } from "./colours.ts";
import { keepPicture, themes, wear } from "./screens.ts";

/**
 * @param name of the pictures that are kept
 * @param healthy it is grey, too
 * @returns the largest share of vivid pixels of a healthy screen
 */
export async function lookInThemes(page: Page, name: string, healthy: boolean): Promise<number> {
  let vividMost = 0;
  for (const [index, theme] of themes.entries()) {
    await wear(page, theme);
    // What a theme can break is contrast; the other rules look at words and structure, which are the same in all themes.
    const found = await violationsOn(page, index === 0 ? "all" : "contrast");
    assert.deepEqual(found, [], `X1: ${name} in ${theme}`);
    const picture = await keepPicture(page, `${name}-${theme}`);
    if (!healthy) continue;
    const colours = coloursOf(picture, index);
    vividMost = Math.max(vividMost, colours.vivid);
    assert.equal(colours.alarming, 0, `X6: ${name} has pixels in an alarm colour in ${theme}`);
    assert.ok(colours.vivid <= 0.03, `X7: ${name} has ${colours.vivid} vivid pixels in ${theme}`);
  }
  await wear(page, "light");
  return vividMost;
}
