/** C3: what happened to a gateway, on one time line above its tabs (ux-guide 9). */
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";

import type { Page } from "playwright-core";

import { violationsOn } from "./axe.ts";
import { noChromium } from "./chromium.ts";
import { consoleRig, type Glass } from "./console-rig.ts";
import { areThere, says } from "./eventually.ts";
import type { Condition } from "./fixture-server.ts";
import { lookInThemes } from "./looks.ts";
import { findTextProblems } from "./page-probes.ts";
import { goTo, keepPicture } from "./screens.ts";

void describe("the time line of a gateway", { skip: noChromium }, () => {
  const rig = consoleRig();

  async function pageAt(context: TestContext, condition: Condition, glass?: Glass): Promise<Page> {
    const size = { machines: 1, tagsPerMachine: 8, rateHz: 1, gateways: 3 };
    const hub = await rig.hubOf(context, { ...size, condition });
    return rig.personAt(context, `${hub.url}/#/gateway/gw-0003/sync`, glass);
  }

  const marks = (page: Page, kind: string) => page.locator(`.time-line-mark[data-kind="${kind}"]`);
  const words = (page: Page) => page.locator(".time-line-words");

  test("it says in words what happened, draws each kind in a lane and a form of its own, and names what is pointed at", async (context) => {
    const page = await pageAt(context, "trouble");
    await says(
      words(page),
      /^In the last 24 h: silent 2 times, 1 h 1\d min together; stopped once, 30 min; the hub was away once, 1 h; 2 starts; 1 change of the list of tags; 2 losses; 1 alarm peak\.$/,
    );
    await page.getByText(/^When it was heard is known from .* on\.$/).waitFor();
    for (const [kind, count] of [
      ["silent", 2],
      ["sleeping", 1],
      ["hub away", 1],
      ["start", 2],
      ["configuration", 1],
      ["loss", 2],
      ["alarm peak", 1],
    ] as const) {
      await areThere(marks(page, kind), count, kind);
    }
    await marks(page, "hub away").hover();
    await says(
      words(page),
      /^\d+ \w+ \d\d:\d\d to .* \(1 h\): Hub away: nobody was there to hear it\.$/,
    );
    await marks(page, "start").first().hover();
    await says(words(page), /: Started, after its machine had gone down without a stop, as with/);
    await marks(page, "silent").last().hover();
    await says(words(page), /^Since .* \(1\d min\): Silent: nothing was heard of it/);
    await lookInThemes(page, "console-time-line", false);
  });

  test("the same stands in a list for keys and readers, the newest first", async (context) => {
    const page = await pageAt(context, "trouble");
    const button = page.getByRole("button", { name: "Show as a list" });
    await button.focus();
    await page.keyboard.press("Enter");
    const rows = page.locator(".time-line-list tbody tr");
    await areThere(rows, 14);
    await says(rows.first(), /Silent: nothing was heard of it.*\s+1\d min until now$/);
    await says(rows.nth(1), /Alarm peak: 17 alarms, more than ten in ten minutes\s+15 min$/);
    await says(
      rows.nth(2),
      /Loss: device unreachable, 300 samples and 1 of 2 entries that nobody counted\s+10 min$/,
    );
    assert.deepEqual(await violationsOn(page), []);
    assert.deepEqual(await page.evaluate(findTextProblems), []);
    await page.getByRole("button", { name: "8 h", exact: true }).click();
    await says(
      words(page),
      /^In the last 8 h: silent once, 1\d min; stopped once, 30 min; 1 start;/,
    );
    await areThere(rows, 9);
    await goTo(page, "#/gateway/gw-0003/sources");
    await areThere(rows, 9, "another tab leaves it as it is");
  });

  test("of a gateway to which nothing happened it says so, also on a phone", async (context) => {
    const page = await pageAt(context, "healthy", { width: 390, height: 844 });
    await says(words(page), "Nothing happened in the last 24 h.");
    await areThere(marks(page, "heard"), 1);
    await page.getByRole("button", { name: "30 d", exact: true }).click();
    await says(words(page), "Nothing happened in the last 30 d.");
    await page.getByRole("button", { name: "Show as a list" }).click();
    assert.deepEqual(await page.evaluate(findTextProblems), []);
    await keepPicture(page, "console-time-line-phone");
  });

  test("a phone shows a troubled one without sideways scrolling", async (context) => {
    const page = await pageAt(context, "trouble", { width: 390, height: 844 });
    await page.getByRole("button", { name: "Show as a list" }).click();
    await areThere(page.locator(".time-line-list tbody tr"), 14);
    assert.deepEqual(await page.evaluate(findTextProblems), []);
    await keepPicture(page, "console-time-line-phone-trouble");
  });
});
