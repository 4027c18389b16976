/** C6: a value beside the same one of all machines, and beside itself, event by event. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import type { Page } from "playwright-core";

import { violationsOn } from "./axe.ts";
import { noChromium } from "./chromium.ts";
import { consoleRig, desk, hubsOfAllConditions } from "./console-rig.ts";
import { Fixture } from "./fixture-server.ts";
import { alarmEvent } from "./mark-plant.ts";
import { findTextProblems } from "./page-probes.ts";
import { consoleScreens, goTo, settled } from "./screens.ts";

void describe("comparisons of the console", { skip: noChromium }, () => {
  const rig = consoleRig();
  const urlOf = hubsOfAllConditions(rig);
  /** One page for all: to load one costs more than to look at a screen. */
  let page: Page;
  before(async () => {
    page = await rig.newPage();
  });

  test("C6: a value is compared with the same one on all machines, in a chart, in words and in a table with links", async () => {
    await page.setViewportSize(desk);
    await page.goto(urlOf("trouble"));
    await goTo(page, "#/trends/24h/gw-0001/pump-1%2F1");
    await page.getByRole("button", { name: "Same value on all machines" }).click();
    await page.waitForFunction(() => location.hash.includes("/24h~machines/gw-0001/pump-1%2F1"));
    await settled(page);
    assert.match(
      await page.locator(".peer-own").innerText(),
      /^Pump 1, Brno press line 1 was above the band 8\d % of the time, on average 0\.7\d+ mm\/s above the middle\. At \d\d:\d\d:\d\d it says \d\.\d\d mm\/s, (above|within|below) the band/,
    );
    const words = await page.locator(".peer-words").innerText();
    assert.match(words, /1 of 48 machines was out of the band most of the time, \d+ (is|are) now/);
    assert.match(words, /Of 48 machines that are alike 10 lie out of it at any time/);
    assert.match(
      words,
      /48 machines have Vibration RMS in mm\/s\. The same value is one of the same name/,
    );
    assert.match(words, /1 machine has one of that name in another unit/);
    assert.match(words, /The band ends at .*: no time after it has sorted values of 3 machines/);
    assert.match(await page.locator(".peer-counts").innerText(), /proven value: 40 to 48/);
    const rows = page.locator(".peers tbody tr");
    assert.match(
      await rows.first().innerText(),
      /Pump 1, Brno press line 1 \(this one\)[^]*8\d % of the time, above\s+\+0\.7/,
    );
    assert.equal(await rows.count(), 10);
    await page.getByRole("button", { name: "List all 48 machines" }).click();
    await page.waitForFunction(() => document.querySelectorAll(".peers tbody tr").length === 48);
    await page.getByRole("button", { name: "Show the band as a table" }).click();
    const times = page.locator(".peer-times tbody tr");
    await times.first().waitFor();
    assert.equal(await times.count(), 100);
    assert.match(
      await times.last().innerText(),
      /4[08]\s+\d\.\d{3} mm\/s\s+\d\.\d{3} mm\/s\s+\d\.\d{3} mm\/s\s+\d\.\d{3} mm\/s/,
    );
    assert.deepEqual(await violationsOn(page), []);
    // Another machine takes the place of this one, by a key and at the same time shown.
    await page.getByRole("link", { name: "Oven 3, Lyon paint shop 2" }).focus();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => location.hash.endsWith("/24h~machines/gw-0002/oven-3%2F1"));
    await page.locator(".peer-own", { hasText: "Oven 3, Lyon paint shop 2 was" }).waitFor();
    await page.getByRole("button", { name: "Same value on all machines" }).click();
    await page.waitForFunction(() => location.hash.endsWith("/trends/24h/gw-0002/oven-3%2F1"));
  });

  test("C6: the band has words and an outline besides its ground, and says under the cursor how many machines it is of", async () => {
    await page.setViewportSize(desk);
    await page.goto(urlOf("healthy"));
    await goTo(page, consoleScreens.peers);
    await page.locator(".trend-plot").focus();
    await page.keyboard.press("Home");
    await page.locator(".peer-counts", { hasText: "48 at the cursor" }).waitFor();
    // There some gateways were away.
    for (let step = 0; step < 42; step++) await page.keyboard.press("ArrowRight");
    await page.locator(".peer-counts", { hasText: "40 at the cursor" }).waitFor();
    const legend = await page.locator(".pens").innerText();
    assert.match(legend, /Middle of the machines\s+half of them is below\s+\d\.\d{3} mm\/s/);
    const strokes = await page
      .locator(".pens line")
      .evaluateAll((all) => all.map((one) => one.getAttribute("stroke-dasharray")));
    assert.deepEqual(strokes, ["", "8 4", "12 4 2 4", "12 4 2 4"]);
  });

  test("C6: of several values the one that is pressed is compared, and what has no mean says so", async () => {
    await page.setViewportSize(desk);
    await page.goto(urlOf("healthy"));
    await goTo(page, consoleScreens.peers);
    await page.getByRole("button", { name: "Operating state, Brno press line, Pump 1" }).click();
    await page.getByRole("heading", { name: "Operating state has no mean" }).waitFor();
    assert.match(page.url(), /24h~machines\/gw-0002\/pump-1%2F10\/gw-0001\/pump-1%2F1$/);
    assert.deepEqual(await violationsOn(page), []);
    await page.getByRole("button", { name: "Vibration RMS, Brno press line, Pump 1" }).click();
    await page.locator(".peer-own").waitFor();
    await page.getByRole("button", { name: "8 h", exact: true }).click();
    await page.waitForFunction(() => location.hash.includes("/8h~machines/gw-0001/"));
  });

  test("C6: a comparison that nobody waits for any more is given up", async () => {
    const page = await rig.newPage();
    const asked: string[] = [];
    const given: string[] = [];
    page.on("requestfailed", (request) => given.push(request.url()));
    await page.route("**/peers?**", (route) => {
      asked.push(route.request().url());
      // The first is never answered.
      return asked.length === 1 ? undefined : route.continue();
    });
    await page.goto(`${urlOf("healthy")}/#/trends/1y~machines/gw-0001/pump-1%2F1`);
    await page.waitForFunction(
      () => document.querySelector(".range-words")?.getAttribute("data-loading") === "true",
    );
    await page.getByRole("button", { name: "8 h", exact: true }).click();
    await page.locator(".peer-own").waitFor();
    assert.deepEqual(given, asked.slice(0, 1));
    await page.context().close();
  });

  test("C6: with fewer than three machines there is no band, and the page says what is missing", async () => {
    const size = { machines: 2, tagsPerMachine: 4, rateHz: 1, gateways: 1 };
    await using fixture = await new Fixture(rig.folder, { ...size, condition: "healthy" }).start();
    await page.setViewportSize(desk);
    await page.goto(`${fixture.url}/#/trends/8h~machines/gw-0001/pump-1%2F1`);
    await settled(page);
    const words = await page.locator(".peer-words").innerText();
    assert.match(words, /Pump 1, Brno press line 1 has no value to compare in the time shown/);
    assert.match(words, /it says \d\.\d\d mm\/s; too few others/);
    assert.match(words, /A band needs at least 3 machines/);
    assert.match(words, /2 machines have Vibration RMS/);
    assert.equal(await page.locator(".peers tbody tr").count(), 2);
  });

  test("C6: the times of an alarm are laid over each other from their beginning, each with its date and a link to it", async () => {
    const size = { machines: 1, tagsPerMachine: 4, rateHz: 1, gateways: 1 };
    await using fixture = await new Fixture(rig.folder, { ...size, condition: "healthy" }).start();
    const nowUs = Date.now() * 1_000;
    for (let ago = 10; ago >= 1; ago--) {
      const raisedUs = nowUs - ago * 1_800e6;
      fixture.mark(alarmEvent("raised", "Seal leaks", raisedUs, raisedUs));
      fixture.mark(alarmEvent("returned", "Seal leaks", raisedUs, raisedUs + 300e6));
    }
    await page.setViewportSize(desk);
    await page.goto(`${fixture.url}/#/trends/8h/gw-0001/pump-1%2F1`);
    await settled(page);
    await page.getByRole("button", { name: "Event by event" }).click();
    await page
      .getByRole("heading", { name: "Which times are to be laid over each other?" })
      .waitFor();
    const label = "alarm Seal leaks (10 times)";
    await page.locator("option", { hasText: label }).waitFor({ state: "attached" });
    await page.getByLabel("From the beginning of").selectOption({ label });
    await page.waitForFunction(() => location.hash.includes("/8h~each~1h~alarm~Seal%20leaks/"));
    await page.locator(".window-words").waitFor();
    await settled(page);
    assert.match(
      await page.locator(".window-words").innerText(),
      /^Alarm Seal leaks: 10 times from .* to .*\. The last 8 of them are shown\.$/,
    );
    const lines = page.locator(".pens li");
    assert.equal(await lines.count(), 8);
    assert.match(
      await lines.first().innerText(),
      /^\d+ \w+ \d\d:\d\d:\d\d\s+lasted 5 min\s+\d\.\d\d mm\/s$/,
    );
    assert.equal(await page.locator(".numbers tbody tr").count(), 8);
    await page.locator(".trend-plot").focus();
    await page.keyboard.press("Home");
    await page.getByText("Values −15 min from the beginning").waitFor();
    await page.getByRole("button", { name: "Show as a table" }).click();
    const rows = page.locator(".window-table tbody tr");
    await rows.first().waitFor();
    assert.equal(await rows.count(), 26);
    assert.match(await rows.nth(5).innerText(), /^0 s(\s+\d\.\d\d mm\/s){8}$/);
    assert.deepEqual(await violationsOn(page), []);
    assert.deepEqual(await page.evaluate(findTextProblems), []);
    await page.getByRole("button", { name: "15 min", exact: true }).click();
    await page.waitForFunction(() => location.hash.includes("/8h~each~15min~alarm~"));
    await lines.first().getByRole("link").click();
    await page.waitForFunction(() =>
      /^#\/trends\/\d+-\d+\/gw-0001\/pump-1%2F1$/.test(location.hash),
    );
  });

  test("C6: times in which a value was above a limit are found, begin with the first value above it, and there may be none", async () => {
    await page.setViewportSize(desk);
    await page.goto(urlOf("healthy"));
    await goTo(page, "#/trends/8h~each~15min~above~2.4~60/gw-0001/pump-1%2F1");
    await page.locator(".window-words").waitFor();
    await settled(page);
    assert.match(
      await page.locator(".window-words").innerText(),
      /^Above 2\.40 mm\/s for 1 min: \d+ times from .*Looked for in steps of 7 s/,
    );
    const values = await page.locator(".pens .pen-value").allInnerTexts();
    assert.ok(values.length > 2, `${values.length} times`);
    for (const value of values) assert.ok(parseFloat(value) >= 2.4, value);
    await page.getByLabel("Limit, mm/s").fill("9");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Above 9.00 mm/s for 1 min did not begin" }).waitFor();
    assert.match(page.url(), /8h~each~15min~above~9~60\/gw-0001/);
    await page.getByRole("button", { name: "Event by event" }).click();
    await page.waitForFunction(() => location.hash === "#/trends/8h/gw-0001/pump-1%2F1");
  });
});
