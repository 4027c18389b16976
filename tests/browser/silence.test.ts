/** C3: why a gateway is silent, with what that is concluded from (ux-guide 9). */
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";

import type { Page } from "playwright-core";

import { violationsOn } from "./axe.ts";
import { noChromium } from "./chromium.ts";
import { consoleRig, type Glass } from "./console-rig.ts";
import { areThere, says } from "./eventually.ts";
import { lookInThemes } from "./looks.ts";
import { findTextProblems } from "./page-probes.ts";
import { goTo, keepPicture } from "./screens.ts";

void describe("why a gateway is silent", { skip: noChromium }, () => {
  const rig = consoleRig();

  async function pageAt(context: TestContext, glass?: Glass): Promise<Page> {
    const size = { machines: 1, tagsPerMachine: 8, rateHz: 1, gateways: 4 };
    const hub = await rig.hubOf(context, { ...size, condition: "trouble" });
    return rig.personAt(context, `${hub.url}/#/gateway/gw-0003/sync`, glass);
  }

  const why = (page: Page) => page.locator(".silence");

  test("it names the likely reason, what to do first, and each thing that speaks for it with its time", async (context) => {
    const page = await pageAt(context);
    await page
      .getByRole("heading", { name: "Likely reason: network or power, at Gdansk as a whole" })
      .waitFor();
    await says(why(page), /Ask at Gdansk whether there is power, and whether the line/);
    const clues = why(page).locator("li");
    await areThere(clues, 4);
    await says(clues.first(), "3 of 4 other gateways at Gdansk fell silent within a minute of it.");
    await says(
      clues.nth(1),
      /^Its machine did not say good-bye: .* gave up its connection from 10\.20\.30\.41 at \d\d:\d\d:\d\d\.$/,
    );
    await says(clues.last(), /the broker was not asked: the hub's settings name no user/);
    assert.deepEqual(await violationsOn(page), []);
    assert.deepEqual(await page.evaluate(findTextProblems), []);
    await lookInThemes(page, "console-silence", false);
  });

  test("one that said that it stops has that as its reason, and one that is heard needs none", async (context) => {
    const page = await pageAt(context);
    await goTo(page, "#/gateway/gw-0004/sync");
    await says(why(page), /Likely reason: stopped, as it said\s+Start it again when it is meant/);
    await goTo(page, "#/gateway/gw-0001/sync");
    await areThere(why(page), 0);
  });

  test("a phone shows it without sideways scrolling", async (context) => {
    const page = await pageAt(context, { width: 390, height: 844 });
    await areThere(why(page).locator("li"), 4);
    assert.deepEqual(await page.evaluate(findTextProblems), []);
    await keepPicture(page, "console-silence-phone");
  });
});
