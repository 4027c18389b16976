/** C6: values of several gateways in one chart, and what is known beside them. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import type { Page } from "playwright-core";

import { violationsOn } from "./axe.ts";
import { noChromium } from "./chromium.ts";
import { consoleRig, desk, hubsOfAllConditions } from "./console-rig.ts";
import { areThere, arrives, carries, says } from "./eventually.ts";
import { Fixture } from "./fixture-server.ts";
import { findTextProblems } from "./page-probes.ts";
import { consoleScreens, goTo, settled } from "./screens.ts";

void describe("trends of the console", { skip: noChromium }, () => {
  const rig = consoleRig();
  const urlOf = hubsOfAllConditions(rig);
  /** One page for all: to load one costs more than to look at a screen. */
  let page: Page;
  before(async () => {
    page = await rig.newPage();
  });

  test("C6: alarms and episodes of each gateway stand on the time axis, and lead to its history", async (context) => {
    const page = await rig.personAt(context, `${urlOf("trouble")}/${consoleScreens.trends}`);
    const links = page.locator(".mark-list a");
    await page.getByText("12 alarms and episodes in the time shown.").waitFor();
    await page.getByRole("button", { name: "List all 12" }).click();
    await areThere(links, 12);
    const hrefs = await links.evaluateAll((all) => all.map((one) => one.getAttribute("href")));
    for (const gateway of ["gw-0001", "gw-0002"]) {
      const href = `#/alarms/history/all/alarm/${gateway}/bearing-hot`;
      assert.ok(hrefs.includes(href), `${href} among ${hrefs.join(" ")}`);
    }
    assert.deepEqual(await violationsOn(page), []);
    assert.deepEqual(await page.evaluate(findTextProblems), []);
  });

  test("C6: where the gateway has a better copy of several values one repair brings it, as slowly as is asked, or is cancelled", async () => {
    const size = { machines: 1, tagsPerMachine: 4, rateHz: 1, gateways: 1 };
    await using fixture = await new Fixture(rig.folder, { ...size, condition: "healthy" }).start();
    const nowUs = Date.now() * 1_000;
    const times = { fromUs: nowUs - 1_800e6, toUs: nowUs - 600e6 };
    fixture.ledger = [
      { reason: "hub restored", scope: { kind: "gateway" }, ...times, repair: "raw" },
      {
        reason: "told within bound",
        scope: { kind: "gateway" },
        ...times,
        repair: "none",
        charged: { kind: "exact", samples: 198_520 },
      },
      {
        reason: "device unreachable",
        scope: { kind: "device" },
        ...times,
        repair: "none",
        charged: { kind: "scheduled", samples: 20 },
      },
      { reason: "thinned", scope: { kind: "gateway" }, ...times, repair: "thinned" },
    ];
    await page.setViewportSize(desk);
    await page.goto(`${fixture.url}/#/trends/1h/gw-0001/pump-1%2F0/gw-0001/pump-1%2F1`);
    await settled(page);
    await page.getByText(/, 2 values: hub restored\. The gateway has the samples/).waitFor();
    await page.getByText(/: device unreachable, 40 polls that should have been/).waitFor();
    await page
      .getByText(/: told within bound, 198,520 samples of all values of the gateway/)
      .waitFor();
    const there = page.getByRole("link", { name: "Look at them on the gateway's page" });
    const from = Math.floor(times.fromUs / 1e6);
    await carries(
      there,
      "href",
      `http://127.0.0.1:8080/#/trends/${from}-${Math.ceil((times.toUs + 1) / 1e6)}/pump-1%2F0/pump-1%2F1`,
    );
    await page.getByLabel("At most").selectOption("64 kbit/s");
    assert.deepEqual(await violationsOn(page), []);
    await page.getByRole("button", { name: "Repair" }).click();
    await page.getByText(/Repair of .*: 40 %, at most 64 kbit\/s/).waitFor();
    const [order] = fixture.repairs;
    assert.ok(order !== undefined && "tags" in order);
    assert.deepEqual(order.tags, ["pump-1/0", "pump-1/1"]);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText(/Repair of .*: cancelled/).waitFor();
    await page.getByRole("button", { name: "Repair" }).waitFor();
  });

  test("C6: values of several gateways stand in one chart, with their gaps, bounds and files", async () => {
    await page.setViewportSize(desk);
    await page.goto(`${urlOf("healthy")}/#/gateway/gw-0003`);
    await settled(page);
    await page.getByRole("link", { name: "Compare in Trends" }).click();
    await page.waitForSelector(".numbers");
    await arrives(page, /#\/trends\/1h\/gw-0003\/pump-1%2F0$/);
    await page.getByRole("button", { name: "Choose values (1 of 8)" }).click();
    await page.getByLabel("Gateway by name or site").fill("gw-0007");
    await page.locator(".choice .button").first().click();
    await page.getByLabel("Value by name or asset").fill("discharge pressure, ");
    await page.getByText("Nothing has “discharge pressure, ” in its name.").waitFor();
    await page.getByLabel("Value by name or asset").fill("discharge pressure pump 1");
    await page.getByRole("button", { name: "Discharge pressure, Pump 1" }).click();
    await areThere(page.locator(".numbers tbody tr"), 2);
    await arrives(page, /gw-0003\/pump-1%2F0\/gw-0007\/pump-1%2F2$/);
    await says(
      page.locator(".numbers"),
      /Discharge pressure, Brno press line, Pump 1[^]*samples\s+± 0\.02 bar/,
    );
    await says(page.locator(".gap-list"), /300 samples \(2 values\)/);
    const files = page.locator("a[download]");
    await areThere(files, 2);
    await carries(
      files.nth(1),
      "href",
      /^\/api\/history\/export\?gateway=gw-0007&tags=pump-1%2F2&from=\d+&to=\d+$/,
    );
    await page.getByRole("button", { name: "5 y", exact: true }).click();
    await arrives(page, /#\/trends\/5y\/gw-0003\//);
    await page.locator(".numbers", { hasText: "minutes" }).waitFor();
    // The same view for a colleague.
    const other = await page.context().newPage();
    await other.goto(page.url());
    await settled(other);
    await carries(other.getByRole("button", { name: "5 y", exact: true }), "aria-pressed", "true");
    await areThere(other.locator(".numbers tbody tr"), 2);
  });

  test("C6: of a silent gateway a live chart shows no value as the present one, and says why it ends", async () => {
    await page.setViewportSize(desk);
    const chart = (gateway: string): string => `#/trends/1h/${gateway}/pump-1%2F0`;
    await page.goto(`${urlOf("trouble")}/${chart("gw-0003")}`);
    await settled(page);
    const head = page.locator(".gateway-presence");
    await says(head, /^Silent: Gdansk pumps 3, last heard \d+ min ago\. What was measured since/);
    await says(page.locator(".pen-value"), /^– – –$/);
    await goTo(page, chart("gw-0004"));
    await says(head, /^Sleeping: Brno press line 4, since \d\d:\d\d:\d\d\.$/);
    await says(page.locator(".pen-value"), /^– – –$/);
    await goTo(page, chart("gw-0001"));
    await says(head, /^$/);
    await says(page.locator(".pen-value"), /\d/);
  });

  test("C6, C4: of presses that come before the page has followed the one before, none is lost", async () => {
    await page.setViewportSize(desk);
    await page.goto(urlOf("healthy"));
    await goTo(page, "#/trends/1h/gw-0003/pump-1%2F0");
    await page.getByRole("button", { name: "Choose values (1 of 8)" }).click();
    await page.getByRole("button", { name: "Speed, Pump 1", exact: true }).waitFor();
    await page.evaluate(() => {
      const buttons = [...document.querySelectorAll<HTMLElement>(".choice button")];
      for (const name of ["Speed, Pump 1", "Power, Pump 1"]) {
        buttons.find(({ textContent }) => textContent === name)?.click();
      }
    });
    await page.getByRole("button", { name: "Choose values (3 of 8)" }).waitFor();
    await arrives(page, /1h\/gw-0003\/pump-1%2F0\/gw-0003\/pump-1%2F5\/gw-0003\/pump-1%2F7$/);
    await goTo(page, "#/trends/8h~each~1h/gw-0001/pump-1%2F1");
    await page.locator(".window-rule option[value=above]").waitFor({ state: "attached" });
    await page.evaluate(() => {
      const lengths = document.querySelectorAll<HTMLElement>(
        "[aria-labelledby=window-length] button",
      );
      [...lengths].find(({ textContent }) => textContent === "8 h")?.click();
      const rules = document.querySelector<HTMLSelectElement>(".window-rule select");
      if (rules === null) return;
      rules.value = "above";
      rules.dispatchEvent(new Event("change", { bubbles: true }));
    });
    await arrives(page, /8h~each~8h~above~[\d.]+~0\/gw-0001/);
    await goTo(page, "#/alarms/history");
    await page.locator(".alarm-filter select").nth(1).waitFor();
    await page.evaluate(() => {
      const lists = [...document.querySelectorAll<HTMLSelectElement>(".alarm-filter select")];
      for (const [at, value] of ["episode", "gw-0002"].entries()) {
        const list = lists[at];
        if (list === undefined) continue;
        list.value = value;
        list.dispatchEvent(new Event("change", { bubbles: true }));
      }
    });
    await page.waitForFunction(() => location.hash === "#/alarms/history/24h/episode/gw-0002");
  });
});
