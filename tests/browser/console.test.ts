/** The console: what it says, how it looks, how quickly it comes (ux-guide 12). */
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import type { Browser, Page } from "playwright-core";

import { violationsOn } from "./axe.ts";
import { buildPage, foreignRequests, launch, noChromium, openContext } from "./chromium.ts";
import { areThere, arrives, carries, says } from "./eventually.ts";
import { Fixture, type Condition } from "./fixture-server.ts";
import { lookInThemes } from "./looks.ts";
import { alarmEvent } from "./mark-plant.ts";
import { filterOn } from "./measures.ts";
import { findTextProblems } from "./page-probes.ts";
import { consoleScreens, goTo, keepPicture, resize, settled, themes } from "./screens.ts";

const desk = { width: 1440, height: 900 };

void describe("the console", { skip: noChromium }, () => {
  let browser: Browser;
  /** One page for all: to load one costs more than to look at a screen in each theme and size. */
  let page: Page;
  let folder: string;
  const fixtures = new Map<Condition, Fixture>();

  before(async () => {
    folder = buildPage("cloud-hub", "src/serve/console");
    for (const condition of ["healthy", "trouble", "empty"] as const) {
      const size = { machines: 4, tagsPerMachine: 30, rateHz: 1, gateways: 12 };
      fixtures.set(condition, await new Fixture(folder, { ...size, condition }).start());
    }
    browser = await launch();
    const view = await openContext(browser, { ...desk, theme: "light" });
    page = await view.newPage();
  });
  after(async () => {
    await browser.close();
    for (const fixture of fixtures.values()) await fixture[Symbol.asyncDispose]();
  });

  const urlOf = (condition: Condition): string => fixtures.get(condition)?.url ?? "";

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

  test("what was told within its bound is offered beside the chart, brought, and said to be whole", async () => {
    const size = { machines: 1, tagsPerMachine: 4, rateHz: 1, gateways: 1 };
    await using fixture = await new Fixture(folder, { ...size, condition: "healthy" }).start();
    const nowUs = Date.now() * 1_000;
    const reason = "told within bound";
    const times = { fromUs: nowUs - 1_800e6, toUs: nowUs - 600e6 };
    fixture.ledger = [{ reason, scope: { kind: "gateway" }, ...times, repair: "raw" }];
    await page.setViewportSize(desk);
    await page.goto(fixture.url);
    await goTo(page, consoleScreens.gateway);
    await page.getByRole("button", { name: "Repair" }).click();
    await page.getByText(/Repair of .*: 40 %, at most 4,000 kbit\/s/).waitFor();
    assert.deepEqual(await violationsOn(page), []);
    await areThere(page.getByRole("button", { name: "Repair" }), 0, "asked once");
    const [order] = fixture.repairs;
    const outcome = { state: "done", done: 1, healed: 1_234, comparison: { agrees: true } };
    fixture.repairs = [{ ...order, ...outcome }];
    await page.getByText("1,234 samples brought, both sides hold the same").waitFor();
  });

  test("what only the device has is read there by a button of its own, and what it did not give is said", async () => {
    const size = { machines: 1, tagsPerMachine: 4, rateHz: 1, gateways: 1 };
    await using fixture = await new Fixture(folder, { ...size, condition: "healthy" }).start();
    const nowUs = Date.now() * 1_000;
    const times = { fromUs: nowUs - 1_800e6, toUs: nowUs - 600e6 };
    const charged = { kind: "unknown" };
    const scope = { kind: "gateway" };
    fixture.ledger = [{ reason: "gateway down", scope, ...times, charged, repair: "device" }];
    await page.setViewportSize(desk);
    await page.goto(fixture.url);
    await goTo(page, consoleScreens.gateway);
    await page.getByRole("button", { name: /^Read .* from the device$/ }).click();
    await page.getByText(/Repair of .*: 40 %/).waitFor();
    const [order] = fixture.repairs;
    assert.ok(order !== undefined && "source" in order && order.source === "device");
    fixture.repairs = [{ ...order, state: "fetching" }];
    await page.getByText(/Repair of .*: reading from the device, 40 %/).waitFor();
    assert.deepEqual(await violationsOn(page), []);
    const note = "not all could be read of pump-1/mode";
    const outcome = { state: "done", done: 1, healed: 7, note, comparison: { agrees: true } };
    fixture.repairs = [{ ...order, ...outcome }];
    await page.getByText(`7 samples brought, both sides hold the same; ${note}.`).waitFor();
  });

  test("C6: alarms and episodes of each gateway stand on the time axis, and lead to its history", async () => {
    const view = await openContext(browser, { ...desk, theme: "light" });
    const page = await view.newPage();
    await page.goto(`${urlOf("trouble")}/${consoleScreens.trends}`);
    await settled(page);
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
    await view.close();
  });

  test("C6: where the gateway has a better copy of several values one repair brings it, as slowly as is asked, or is cancelled", async () => {
    const size = { machines: 1, tagsPerMachine: 4, rateHz: 1, gateways: 1 };
    await using fixture = await new Fixture(folder, { ...size, condition: "healthy" }).start();
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

  test("tiles are filters, and what needs a person stands first", async () => {
    await page.setViewportSize(desk);
    await page.goto(urlOf("trouble"));
    await settled(page);
    await says(page.locator(".attention li").first(), /neither stored nor explained/);
    await page
      .locator(".attention li", { hasText: "Two gateways have the name Gdansk pumps 3" })
      .waitFor();
    await says(page.locator(".quarantine"), /1 frame could not be read/);
    await says(
      page.locator(".backup-late"),
      /backup of this hub is 2 d 2 h old\. The schedule wants a younger one\..*read-only/,
    );
    await page.getByRole("link", { name: "3 silent" }).click();
    await areThere(page.locator(".gateways tbody tr"), 3);
    await says(page.locator(".gateways tbody tr").first(), /silent, last heard \d+ min ago/);
    await page.getByLabel("Find by name or site").fill("nowhere");
    await says(page.locator(".no-match"), /No gateway is silent and has “nowhere”/);
    await page.getByRole("button", { name: "Show all gateways" }).click();
    await areThere(page.locator(".gateways tbody tr"), 12);
  });

  test("C1: one number says whether anything is unexplained, and sites with trouble stand first and filter", async () => {
    await page.setViewportSize(desk);
    await page.goto(urlOf("healthy"));
    await settled(page);
    const whole = page.locator(".whole");
    await says(whole, /Unexplained samples\s+0\s+Waiting in the field\s+nothing/);
    await page.goto(urlOf("trouble"));
    await settled(page);
    await says(
      whole,
      /Unexplained samples\s+12\s+Waiting in the field\s+12,360 samples, the oldest for 3 min 10 s; not known of 3 silent gateways/,
    );
    const sites = page.locator(".sites tbody tr");
    await says(sites.first(), /^Lyon \/ Paint\s+4\s/);
    await says(sites.first(), /0\.1\.0 and 1 other/);
    await says(page.locator(".gateways tr[data-presence=silent]").first(), /not known\s+not known/);
    await says(page.locator(".gateways tr[data-presence=sleeping]").first(), /–\s+–/);
    await sites.first().getByRole("link").click();
    await page.getByRole("heading", { name: "Gateways at Lyon / Paint" }).waitFor();
    await areThere(page.locator(".gateways tbody tr"), 4);
    await arrives(page, /#\/fleet\/all\/Lyon%20%2F%20Paint$/);
  });

  test("C3: a gateway says by tabs what it is now, where its values come from, and what is on its way", async () => {
    await page.setViewportSize(desk);
    await page.goto(`${urlOf("trouble")}/#/gateway/gw-0003`);
    await settled(page);
    await says(
      page.locator(".gateway-presence"),
      /silent, last heard \d+ min ago\. What stands here is what it said until \d\d:/,
    );
    const copy = page.locator(".copy-notice");
    await says(copy, /Since \d.* two gateways report under the name/);
    await says(copy, /Stop the one that should not run[^]*http:\/\/10\.20\.30\.40:8080\//);
    await page.getByRole("link", { name: "Sources" }).click();
    const press = page.locator(".device", { hasText: "Spindle 2" });
    await says(press, /Not known\s+Down until \d[^]*30 tags[^]*Check that it has power/);
    await page.getByRole("link", { name: "Sync" }).click();
    const facts = page.locator(".facts");
    await says(
      facts,
      /Waiting at the gateway\s+not known; 1,204,120 samples in 8,040 frames when it was last heard/,
    );
    await says(facts, /Oldest waiting\s+not known/);
    await says(facts, /Written to its disk every\s+1 s/);
    await says(facts, /Key of this gateway\s+3f2a-91bc-[0-9a-f-]+, known since/);
    await says(page.getByText("shows another key"), /9c41-0d2e[^]*run: pin gw-0003 9c41-0d2e/);
    await says(page.locator(".quarantine-list"), /chain does not fit, 512 bytes/);
    const ledger = page.getByRole("link", { name: "Ledger of the last 30 days (CSV)" });
    const [, id, from, to] =
      /gateways\/([\w-]+)\/ledger\.csv\?from=(\d+)&to=(\d+)$/.exec(
        (await ledger.getAttribute("href")) ?? "",
      ) ?? [];
    assert.equal(id, "gw-0003");
    assert.equal(Number(to) - Number(from), 30 * 86_400e6);
    assert.ok(Math.abs(Number(to) / 1_000 - Date.now()) < 120_000, "it ends with the present");
    await arrives(page, /#\/gateway\/gw-0003\/sync$/);
  });

  test("one gateway shows live values of its assets and the last hour with its gap", async () => {
    await page.setViewportSize(desk);
    await page.goto(urlOf("healthy"));
    await settled(page);
    await page.locator(".gateways tbody a").first().click();
    await page.waitForSelector(".trend canvas");
    await says(page.locator(".gap-list"), /device unreachable, 300 samples/);
    await page.getByRole("link", { name: "Oven 3" }).click();
    await page.locator(".value-rows .indicator", { hasText: "Vibration RMS" }).first().click();
    await page.waitForFunction(() =>
      document.querySelector(".asset-history h2")?.textContent.startsWith("Vibration RMS"),
    );
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
    await goTo(page, chart("gw-0001"));
    await says(head, /^$/);
    await says(page.locator(".pen-value"), /\d/);
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
    const view = await openContext(browser, { ...desk, theme: "light" });
    const page = await view.newPage();
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
    await view.close();
  });

  test("C6: with fewer than three machines there is no band, and the page says what is missing", async () => {
    const size = { machines: 2, tagsPerMachine: 4, rateHz: 1, gateways: 1 };
    await using fixture = await new Fixture(folder, { ...size, condition: "healthy" }).start();
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
    await using fixture = await new Fixture(folder, { ...size, condition: "healthy" }).start();
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

  test("a hub that is gone leaves the list, and says how old it is", async () => {
    await using hub = await new Fixture(folder, {
      machines: 1,
      tagsPerMachine: 5,
      rateHz: 1,
      gateways: 3,
      condition: "healthy",
    }).start();
    await page.setViewportSize(desk);
    await page.goto(hub.url);
    await settled(page);
    await hub.cut();
    await says(page.locator(".lost-notice"), /Not connected to hub/);
    assert.equal(await page.locator(".gateways tbody tr").count(), 3);
    await hub.start();
    await page.waitForSelector(".lost-notice", { state: "detached" });
  });

  test("of 2,000 gateways only those in sight are in the page, and a search finds the one", async () => {
    await using hub = await new Fixture(folder, {
      machines: 1,
      tagsPerMachine: 5,
      rateHz: 1,
      gateways: 2_000,
      condition: "trouble",
    }).start();
    await page.setViewportSize(desk);
    await page.goto(hub.url);
    await settled(page);
    const rows = page.locator(".gateways tbody tr");
    await rows.nth(5).waitFor();
    assert.ok((await rows.count()) < 60, "rows out of sight are in the page");
    await filterOn(page, "gw-1777");
    await says(rows, /gw-1777|1777/);
  });

  test("L5, L7: the console keeps to its budget and its origin", (context) => {
    const assets = join(folder, "assets");
    const bytes = readdirSync(assets)
      .filter((name) => name.startsWith("index-") && name.endsWith(".js.gz"))
      .reduce((sum, name) => sum + statSync(join(assets, name)).size, 0);
    context.diagnostic(
      `L5 console first screen JS: ${(bytes / 1_000).toFixed(0)} kB gz (limit 120 kB gz)`,
    );
    assert.ok(bytes <= 120_000);
    assert.deepEqual(foreignRequests, []);
  });

  test("L5: no further screen of the console brings more than its budget", async (context) => {
    for (const hash of [consoleScreens.trends, consoleScreens.models]) {
      const view = await openContext(browser, { ...desk, theme: "light" });
      const page = await view.newPage();
      await page.goto(urlOf("healthy"));
      await settled(page);
      const asked: string[] = [];
      page.on("request", (request) => {
        if (request.url().endsWith(".js")) asked.push(new URL(request.url()).pathname);
      });
      await goTo(page, hash);
      assert.ok(asked.length > 0, hash);
      const bytes = asked.reduce((sum, path) => sum + statSync(join(folder, `${path}.gz`)).size, 0);
      const name = /\w+/.exec(hash)?.[0] ?? "";
      context.diagnostic(`L5 ${name} JS: ${(bytes / 1_000).toFixed(0)} kB gz (limit 60 kB gz)`);
      assert.ok(bytes <= 60_000, `${name}: ${bytes} bytes`);
      await view.close();
    }
  });
});
