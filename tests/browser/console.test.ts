/** The console: what the fleet and a gateway say, and how quickly it comes (ux-guide 12). */
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";

import type { Page } from "playwright-core";

import { violationsOn } from "./axe.ts";
import { foreignRequests, noChromium } from "./chromium.ts";
import { consoleRig, desk, hubsOfAllConditions } from "./console-rig.ts";
import { areThere, arrives, says } from "./eventually.ts";
import { Fixture } from "./fixture-server.ts";
import { filterOn } from "./measures.ts";
import { consoleScreens, goTo, settled } from "./screens.ts";

void describe("the console", { skip: noChromium }, () => {
  const rig = consoleRig();
  const urlOf = hubsOfAllConditions(rig);
  /** One page for all: to load one costs more than to look at a screen. */
  let page: Page;
  before(async () => {
    page = await rig.newPage();
  });

  test("what was told within its bound is offered beside the chart, brought, and said to be whole", async () => {
    const size = { machines: 1, tagsPerMachine: 4, rateHz: 1, gateways: 1 };
    await using fixture = await new Fixture(rig.folder, { ...size, condition: "healthy" }).start();
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
    await using fixture = await new Fixture(rig.folder, { ...size, condition: "healthy" }).start();
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
    await says(
      page.locator(".gateways tr", { hasText: "Lyon paint shop 11" }),
      /silent, never heard/,
    );
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

  test("a hub that is gone leaves the list, and says how old it is", async () => {
    await using hub = await new Fixture(rig.folder, {
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
    await using hub = await new Fixture(rig.folder, {
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
    const assets = join(rig.folder, "assets");
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
      const page = await rig.newPage();
      await page.goto(urlOf("healthy"));
      await settled(page);
      const asked: string[] = [];
      page.on("request", (request) => {
        if (request.url().endsWith(".js")) asked.push(new URL(request.url()).pathname);
      });
      await goTo(page, hash);
      assert.ok(asked.length > 0, hash);
      const bytes = asked.reduce(
        (sum, path) => sum + statSync(join(rig.folder, `${path}.gz`)).size,
        0,
      );
      const name = /\w+/.exec(hash)?.[0] ?? "";
      context.diagnostic(`L5 ${name} JS: ${(bytes / 1_000).toFixed(0)} kB gz (limit 60 kB gz)`);
      assert.ok(bytes <= 60_000, `${name}: ${bytes} bytes`);
      await page.context().close();
    }
  });
});
