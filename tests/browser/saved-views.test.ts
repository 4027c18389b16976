/** C6: views that people save under a name (ux-guide 9), over the hub's own routes and rules. */
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";

import type { Page } from "playwright-core";

import { violationsOn } from "./axe.ts";
import { noChromium } from "./chromium.ts";
import { consoleRig } from "./console-rig.ts";
import { areThere, arrives, carries, eventually, says } from "./eventually.ts";
import type { Condition, Fixture } from "./fixture-server.ts";
import { findTextProblems } from "./page-probes.ts";
import { goTo, keepPicture, settled } from "./screens.ts";

void describe("saved views of the console", { skip: noChromium }, () => {
  const rig = consoleRig();

  function hubOf(context: TestContext, condition: Condition): Promise<Fixture> {
    const size = { machines: 1, tagsPerMachine: 12, rateHz: 1, gateways: 3 };
    return rig.hubOf(context, { ...size, condition });
  }
  const personAt = (context: TestContext, hub: Fixture, hash: string): Promise<Page> =>
    rig.personAt(context, `${hub.url}/${hash}`);

  const now = (page: Page) => page.locator(".saved-view-now");
  const said = (page: Page) => page.locator(".saved-view-said");
  async function save(page: Page, name: string, person: string): Promise<void> {
    await page.getByRole("button", { name: "Save this view" }).click();
    await page.getByLabel("Name of the view").fill(name);
    await page.getByLabel("Your name").fill(person);
    await page.keyboard.press("Enter");
  }

  test("what is shown is saved under a name, by keyboard too, and found and opened by somebody else; a live time stays live", async (context) => {
    const plant = await hubOf(context, "healthy");
    const ada = await personAt(context, plant, "#/trends/1h/gw-0002/pump-1%2F1/gw-0001/pump-1%2F0");
    await ada.getByRole("button", { name: "8 h", exact: true }).click();
    await ada.getByRole("button", { name: "Save this view" }).focus();
    await ada.keyboard.press("Enter");
    await ada.getByText("It shows the last 8 h until now, whenever it is opened.").waitFor();
    await ada.keyboard.press("Enter");
    await says(said(ada), "The view has no name yet.");
    await ada.keyboard.type("  Pump 1,  both lines ");
    await ada.keyboard.press("Enter");
    await says(said(ada), "Write your name: it stands beside the view.");
    await ada.keyboard.press("Tab");
    await ada.keyboard.type("Ada Novak");
    assert.deepEqual(await violationsOn(ada), []);
    await keepPicture(ada, "console-save-view");
    await ada.keyboard.press("Enter");
    await says(now(ada), /^“Pump 1, both lines”, saved by Ada Novak, \d+ \w+ \d{4} \d\d:\d\d\.$/);
    await eventually(
      () => ada.title(),
      (title) => assert.equal(title, "Pump 1, both lines – Trends – Millwright hub"),
    );

    const tomas = await personAt(context, plant, "#/trends");
    await says(tomas.getByRole("button", { name: /^Saved views/ }), "Saved views (5)");
    await tomas.getByLabel("View by name or person").fill("PUMP lines");
    const row = tomas.locator(".saved-view-list li");
    await areThere(row, 1);
    await says(
      row,
      /^Pump 1, both lines\s+the last 8 h; 2 values of Lyon paint shop 2, Brno press line 1\s+Ada Novak, \d+ \w+ \d{4}/,
    );
    await row.getByRole("link", { name: "Pump 1, both lines" }).click();
    await arrives(tomas, /#\/trends\/8h\/gw-0002\/pump-1%2F1\/gw-0001\/pump-1%2F0$/);
    await settled(tomas);
    await areThere(tomas.locator(".numbers tbody tr"), 2);
    await says(now(tomas), /^“Pump 1, both lines”, saved by Ada Novak/);
    await areThere(tomas.locator(".saved-view-list"), 0);
    await tomas.getByRole("button", { name: /^Saved views/ }).click();
    await carries(row.getByRole("link", { name: "Pump 1, both lines" }), "aria-current", "true");
    await tomas.getByLabel("View by name or person").fill("oven");
    await tomas.getByText("No view has “oven” in its name").waitFor();
    await tomas.getByRole("button", { name: "Show all views" }).click();
    await areThere(row, 5);
  });

  test("a time that stands still stays, and what is laid over it, in every form of the chart", async (context) => {
    const hub = await hubOf(context, "healthy");
    const place = "gw-0001/pump-1%2F1";
    const page = await personAt(context, hub, `#/trends/1760000000-1760003600/${place}`);
    await save(page, "Then", "Ada Novak");
    await says(now(page), /^“Then”/);
    for (const chart of ["24h~7d", "7d~machines", "8h~each~15min~above~2.4~60"]) {
      await goTo(page, `#/trends/${chart}/${place}`);
      await save(page, `View ${chart}`, "Ada Novak");
      await says(now(page), new RegExp(`^“View ${chart}”`));
    }
    const { views } = await hub.savedViews.list();
    assert.deepEqual(
      ["Then", "View 24h~7d", "View 7d~machines", "View 8h~each~15min~above~2.4~60"].map(
        (name) => views.find((one) => one.name === name)?.chart,
      ),
      ["1760000000-1760003600", "24h~7d", "7d~machines", "8h~each~15min~above~2.4~60"],
    );
    await goTo(page, "#/trends");
    await page.getByText("9 Oct 2025 10:53 to 11:53; 1 value of").waitFor();
    await page.getByRole("link", { name: "Then", exact: true }).click();
    await arrives(page, /#\/trends\/1760000000-1760003600\/gw-0001\/pump-1%2F1$/);
    await says(now(page), /^“Then”/);
  });

  test("who saves over a view that somebody else has saved meanwhile is told so, and nothing is lost without a word", async (context) => {
    const hub = await hubOf(context, "healthy");
    const place = "gw-0001/pump-1%2F1";
    const ada = await personAt(context, hub, `#/trends/1h/${place}`);
    await save(ada, "Pump 1", "Ada Novak");
    await says(now(ada), /^“Pump 1”/);
    const tomas = await personAt(context, hub, `#/trends/1h/${place}`);
    await says(now(tomas), /^“Pump 1”, saved by Ada Novak/);
    for (const [page, span] of [
      [ada, "8 h"],
      [tomas, "7 d"],
    ] as const) {
      await page.getByRole("button", { name: span, exact: true }).click();
      await says(now(page), "Changed since “Pump 1” was opened.");
      await page.getByRole("button", { name: "Save over “Pump 1”" }).click();
      await page.getByText("“Pump 1” is there, saved by Ada Novak").waitFor();
    }
    await tomas.getByLabel("Your name").fill("Tomáš Dvořák");
    await tomas.locator("form").getByRole("button", { name: "Save over “Pump 1”" }).click();
    await says(now(tomas), /^“Pump 1”, saved by Tomáš Dvořák/);

    const over = ada.locator("form").getByRole("button", { name: "Save over “Pump 1”" });
    await over.click();
    await says(
      said(ada),
      /^Nothing was changed: Tomáš Dvořák saved “Pump 1”, .*, after you had seen it\. Press once more/,
    );
    await says(now(ada), /^Tomáš Dvořák saved “Pump 1” anew, .*, after you had opened it\./);
    // Looked at in a tab of its own it is not open in this one.
    const newest = ada.getByRole("link", { name: "Open the newest" });
    const beside = ada.context().waitForEvent("page");
    await newest.click({ modifiers: ["ControlOrMeta"] });
    await (await beside).close();
    await says(now(ada), /^Tomáš Dvořák saved “Pump 1” anew/);
    assert.equal(await chartOf(hub, "Pump 1"), "7d");
    await over.click();
    await says(now(ada), /^“Pump 1”, saved by Ada Novak/);
    assert.equal(await chartOf(hub, "Pump 1"), "8h");

    // A name that somebody else has taken meanwhile is not taken from them either.
    await tomas.getByRole("button", { name: "Save this view" }).click();
    await save(ada, "Also", "Ada Novak");
    await says(now(ada), /^“Also”/);
    await tomas.getByLabel("Name of the view").fill("ALSO");
    await tomas.keyboard.press("Enter");
    await says(said(tomas), /^Nothing was saved: “Also” is there already, saved by Ada Novak/);
    assert.deepEqual(await violationsOn(tomas), []);
    await tomas.keyboard.press("Escape");
    await areThere(tomas.locator("form"), 0);
    await eventually(
      () => tomas.evaluate(() => document.activeElement?.textContent),
      (text) => assert.equal(text, "Save this view", "the way back is where it came from"),
    );
  });

  test("a view is called otherwise, and deleted in two steps, for all; who had it open is told", async (context) => {
    const hub = await hubOf(context, "healthy");
    const ada = await personAt(context, hub, "#/trends/1h/gw-0001/pump-1%2F1");
    await save(ada, "Pump 1", "Ada Novak");
    await says(now(ada), /^“Pump 1”/);
    await ada.getByRole("button", { name: "Saved views (5)" }).click();
    await ada.getByRole("button", { name: "Rename “Pump 1”" }).click();
    await ada.getByLabel("New name of “Pump 1”").fill("coolant low, EACH time");
    await ada.keyboard.press("Enter");
    await says(said(ada), /“Coolant low, each time” is there already, saved by Tomáš Dvořák/);
    await ada.getByLabel("New name of “Pump 1”").fill("Pump 1 vibrates");
    await ada.keyboard.press("Enter");
    await says(now(ada), /^“Pump 1 vibrates”/);
    const tomas = await personAt(context, hub, "#/trends/1h/gw-0001/pump-1%2F1");
    await says(now(tomas), /^“Pump 1 vibrates”/);

    await ada.getByRole("button", { name: "Delete “Pump 1 vibrates” …" }).click();
    await ada.getByText("goes for everybody at this hub. This cannot be undone.").waitFor();
    assert.deepEqual(await violationsOn(ada), []);
    assert.deepEqual(await ada.evaluate(findTextProblems), []);
    await ada.getByRole("button", { name: "Keep it" }).click();
    await areThere(ada.locator("form"), 0);
    assert.equal((await hub.savedViews.list()).views.length, 5);
    await ada.getByRole("button", { name: "Delete “Pump 1 vibrates” …" }).click();
    await ada.getByRole("button", { name: "Delete “Pump 1 vibrates”", exact: true }).click();
    await areThere(ada.locator(".saved-view-list li"), 4);
    await says(now(ada), "");
    await eventually(
      () => ada.evaluate(() => document.activeElement?.getAttribute("type")),
      (type) => assert.equal(type, "search", "the keyboard goes on in the list"),
    );

    await tomas.getByRole("button", { name: "8 h", exact: true }).click();
    await tomas.getByRole("button", { name: "Save over “Pump 1 vibrates”" }).click();
    await tomas.getByLabel("Your name").fill("Tomáš Dvořák");
    await tomas.keyboard.press("Enter");
    await says(said(tomas), /^Nothing was changed: this view was deleted meanwhile/);
    await says(now(tomas), "“Pump 1 vibrates” was deleted after you had opened it.");
    await tomas.locator("form").getByRole("button", { name: "Save", exact: true }).click();
    await says(now(tomas), /^“Pump 1 vibrates”, saved by Tomáš Dvořák/);
  });

  test("who is about to change a view in the list reads that somebody else has deleted it, and goes on in the list", async (context) => {
    const hub = await hubOf(context, "healthy");
    const page = await personAt(context, hub, "#/trends");
    const row = page.locator(".saved-view-list li", { hasText: "Coolant low, each time" });
    for (const [act, press] of [
      ["Rename “Coolant low, each time”", "Rename"],
      ["Delete “Vibration beside its sisters” …", "Delete “Vibration beside its sisters”"],
    ] as const) {
      await page.getByRole("button", { name: act }).click();
      await page.getByLabel("Your name").fill("Ada Novak");
      for (const { id, version, name } of (await hub.savedViews.list()).views) {
        if (act.includes(name)) await hub.savedViews.remove({ id, version }, "Tomáš Dvořák");
      }
      await page.locator("form").getByRole("button", { name: press, exact: true }).click();
      await says(said(page), "Nothing was changed: this view was deleted meanwhile.");
      // The list has been read since.
      const left = (await hub.savedViews.list()).views.length;
      await says(page.getByRole("button", { name: /^Saved views/ }), `Saved views (${left})`);
      await says(said(page), "Nothing was changed: this view was deleted meanwhile.");
      await page.getByRole("button", { name: /^(Cancel|Keep it)$/ }).click();
      await areThere(page.locator(".saved-view-list li"), left);
      await eventually(
        () => page.evaluate(() => document.activeElement?.getAttribute("type")),
        (type) => assert.equal(type, "search", "the keyboard goes on in the list"),
      );
    }
    await areThere(row, 0);
  });

  test("of a view whose gateway or value is gone the list and the chart say which, and the rest is shown", async (context) => {
    const hub = await hubOf(context, "trouble");
    const page = await personAt(context, hub, "#/trends");
    const row = page.locator(".saved-view-list li").first();
    await says(row, /Lyon paint shop 2 has no value pump-1\/400 any more\./);
    await says(row, /The hub has no gateway gw-0977 any more, and so not its value pump-1\/0\./);
    await page.getByRole("link", { name: "Bearings of all pumps" }).click();
    await page.getByText("gw-0002 has no value pump-1/400 any more, or never had.").waitFor();
    await page.getByText("This hub knows no gateway gw-0977 any more, or never did").waitFor();
    await areThere(page.locator(".numbers tbody tr"), 1);
  });

  test("a hub without views says what will stand there, and one that does not answer that nobody knows", async (context) => {
    const empty = await hubOf(context, "empty");
    const first = await personAt(context, empty, "#/trends");
    await first.getByRole("heading", { name: "No view has been saved yet" }).waitFor();

    const hub = await hubOf(context, "healthy");
    const page = await personAt(context, hub, "#/trends/1h/gw-0001/pump-1%2F1");
    await page.route("**/api/saved-views", (route) =>
      route.request().method() === "POST" ? route.abort() : route.continue(),
    );
    await save(page, "Pump 1", "Ada Novak");
    await says(said(page), /^The hub did not say whether it was done/);
    await page.unroute("**/api/saved-views");
    await page.getByLabel("Name of the view").press("Enter");
    await says(now(page), /^“Pump 1”, saved by Ada Novak/);
  });
});

async function chartOf(hub: Fixture, name: string): Promise<string | undefined> {
  const { views } = await hub.savedViews.list();
  return views.find((one) => one.name === name)?.chart;
}
