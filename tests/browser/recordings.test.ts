/** C6 and C3: raw data of chosen values are ordered for a time to come (ux-guide 9), over the hub's own routes. */
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";

import type { Locator, Page } from "playwright-core";

import { violationsOn } from "./axe.ts";
import { noChromium } from "./chromium.ts";
import { consoleRig } from "./console-rig.ts";
import { areThere, arrives, carries, eventually, says } from "./eventually.ts";
import type { Fixture } from "./fixture-server.ts";
import { findTextProblems } from "./page-probes.ts";
import { keepPicture, resize, settled } from "./screens.ts";

const desk = { width: 1440, height: 900 };
const twoGateways = "#/trends/1h/gw-0001/pump-1%2F0/gw-0001/pump-1%2F1/gw-0002/pump-1%2F0";

void describe("recordings in the console", { skip: noChromium }, () => {
  const rig = consoleRig();

  async function open(
    context: TestContext,
    hash: string,
  ): Promise<{ readonly hub: Fixture; readonly page: Page; readonly form: Locator }> {
    const size = { machines: 2, tagsPerMachine: 12, rateHz: 1, gateways: 3 };
    const hub = await rig.hubOf(context, { ...size, condition: "healthy" });
    const page = await rig.personAt(context, `${hub.url}/${hash}`);
    return { hub, page, form: page.locator(".recording-form") };
  }
  const opener = (page: Page): Locator => page.getByRole("button", { name: "Record in full …" });
  const said = (page: Page): Locator => page.locator(".recording-form .recording-said");

  /** What the hub was asked, without times. */
  const asked = (hub: Fixture): readonly string[] =>
    hub.recordings.map(({ gateway, ...one }) => `${gateway}: ${tagsOf(one).join(", ")}`);

  test("values of two gateways are recorded from now on, by keyboard; the screen says how many samples that is and how far each is", async (context) => {
    const { hub, page, form } = await open(context, twoGateways);
    await opener(page).focus();
    await page.keyboard.press("Enter");
    await says(form, /Brno press line, 2 values: [^]*Brno press line, 1 value: /);
    await says(form, /About 5,400 samples, going by the last 2 h\./);
    assert.deepEqual(await violationsOn(page), []);
    for (const width of [1440, 390, 320]) {
      await resize(page, width, 844);
      await form.locator("select").first().selectOption("at a time");
      assert.deepEqual(await page.evaluate(findTextProblems), [], `X2: ${width} px`);
      await keepPicture(page, `console-recording-form-${width}`);
      await form.locator("select").first().selectOption("now");
    }
    await resize(page, desk.width, desk.height);
    await form.locator("select").last().focus();
    await page.keyboard.press("ArrowDown");
    await says(form, /About 43,200 samples/);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await areThere(form, 0);
    await says(page.locator(".recording-now"), /^2 recordings are ordered; below stands how far/);
    assert.deepEqual(asked(hub), ["gw-0002: pump-1/0", "gw-0001: pump-1/0, pump-1/1"]);
    for (const one of hub.recordings) {
      const { fromUs, toUs } = timesOf(one);
      assert.equal(toUs - fromUs, 8 * 3_600e6);
    }
    const rows = page.locator(".recording-list li");
    await areThere(rows, 2);
    await says(
      rows.first(),
      /^2 values, \d+ \w+ \d\d:\d\d to .*: waits for the gateway to take it\./,
    );
    await eventually(
      () => page.evaluate(() => document.activeElement?.textContent),
      (text) => assert.equal(text, "Record in full …", "the way back is where it came from"),
    );
    hub.recordings = hub.recordings.map((one) => ({ ...one, state: "recording", done: 0.4 }));
    await says(rows.first(), /: runs, 40 %, (7 h 59 min|8 h) to go\./);
    assert.deepEqual(await violationsOn(page), []);

    await rows
      .first()
      .getByRole("button", { name: /^Cancel the recording of / })
      .focus();
    await page.keyboard.press("Enter");
    await says(rows.first(), /: cancelled; what came before is kept\./);
    await says(rows.last(), /: runs, 40 %/);
  });

  test("one that begins later says so; one that is over says what both sides hold, and is shown and had as a file", async (context) => {
    const { hub, page, form } = await open(context, "#/trends/1h/gw-0001/pump-1%2F0");
    await opener(page).click();
    const time = form.getByLabel("Begins at");
    await form.locator("select").first().selectOption("at a time");
    await time.fill("2020-01-01T08:00");
    await says(form, /It ends .*09:00[^]* What is measured already is brought as far as/);
    await form.getByRole("button", { name: "Record 1 value" }).click();
    await says(said(page), "That time is over. Choose a later beginning, or a longer time.");
    await time.fill("");
    await form.getByRole("button", { name: "Record 1 value" }).click();
    await says(said(page), "Say at which time it begins.");
    assert.deepEqual(asked(hub), []);
    await time.fill("2099-01-01T08:00");
    await form.locator("select").last().selectOption("10 min");
    await form.getByRole("button", { name: "Record 1 value" }).click();
    const row = page.locator(".recording-list li").first();
    await says(row, /^1 value, 1 Jan 08:00:00 to 1 Jan 08:10:00: waits for the gateway/);
    // On the clocks of the person.
    const fromUs = await page.evaluate(() => new Date("2099-01-01T08:00").getTime() * 1_000);
    const [order] = hub.recordings;
    assert.ok(order !== undefined);
    assert.deepEqual(timesOf(order), { fromUs, toUs: fromUs + 600e6 });

    hub.recordings = [{ ...order, state: "recording" }];
    await says(row, /: the gateway has it, and begins in \d+ d\./);
    hub.recordings = [{ ...order, state: "comparing", done: 1 }];
    await says(row, /: its time is over; what is still on its way is stored and compared\./);
    const held = (gateway: number, at: number): object => ({
      agrees: gateway === at,
      tags: [{ tag: "pump-1/0", gateway: { samples: gateway }, hub: { samples: at } }],
    });
    hub.recordings = [{ ...order, state: "done", done: 1, comparison: held(6_000, 5_990) }];
    await says(row, /the gateway holds 6,000 samples and the hub 5,990\. Show it, and repair/);
    hub.recordings = [{ ...order, state: "done", done: 1, comparison: held(6_000, 6_000) }];
    await page.reload();
    await settled(page);
    await says(row, /: recorded, both sides hold the same 6,000 samples\./);
    assert.deepEqual(await violationsOn(page), []);
    await carries(
      row.getByRole("link", { name: /^Parquet of / }),
      "href",
      `/api/history/export?gateway=gw-0001&tags=pump-1%2F0&from=${fromUs}&to=${fromUs + 600e6}`,
    );
    await row.getByRole("link", { name: /^Show / }).click();
    await arrives(
      page,
      new RegExp(`#/trends/${fromUs / 1e6}-${fromUs / 1e6 + 600}/gw-0001/pump-1%2F0$`),
    );
  });

  test("what the hub refuses, or does not answer, stays beside the form, and is not ordered twice", async (context) => {
    const { hub, page, form } = await open(context, twoGateways);
    await opener(page).click();
    const order = form.getByRole("button", { name: "Record 3 values" });
    hub.refusesOrders = "16 orders of this gateway are not over; cancel one or wait";
    await order.click();
    await says(
      said(page),
      /^(Brno press line: nothing was ordered, 16 orders of this gateway are not over; cancel one or wait\.\s*){2}$/,
    );
    assert.deepEqual(await violationsOn(page), []);
    hub.refusesOrders = "";
    await page.route("**/gw-0002/recordings", (route) =>
      route.request().method() === "POST" ? route.abort() : route.continue(),
    );
    await order.click();
    await says(said(page), /^Brno press line: the hub did not say whether it was ordered\./);
    await areThere(page.locator(".recording-list li"), 1);
    await page.unroute("**/gw-0002/recordings");
    await order.click();
    await areThere(form, 0);
    assert.deepEqual(asked(hub), ["gw-0002: pump-1/0", "gw-0001: pump-1/0, pump-1/1"]);
  });

  test("a gateway's Sync lists all its recordings, and records a machine", async (context) => {
    const { hub, page, form } = await open(context, "#/gateway/gw-0001/sync");
    await page.getByText("No recording was ordered of this gateway.").waitFor();
    await opener(page).click();
    await page.getByLabel("Values of").selectOption("Spindle 2");
    await says(form, /Brno press line, 12 values: .* …/);
    await says(
      form,
      /samples of 11 of the 12 values, going by the last 2 h; how often the rest comes is not known/,
    );
    assert.deepEqual(await violationsOn(page), []);
    for (const width of [1440, 390]) {
      await resize(page, width, 844);
      assert.deepEqual(await page.evaluate(findTextProblems), [], `X2: ${width} px`);
    }
    await form.getByRole("button", { name: "Record 12 values" }).click();
    const row = page.locator(".recording-list li");
    await says(row, /^12 values, .*: waits for the gateway/);
    const [order] = hub.recordings;
    assert.ok(order !== undefined);
    assert.deepEqual(
      tagsOf(order),
      hub.plant.page.tags.filter(({ asset }) => asset === "Spindle 2").map(({ id }) => id),
    );
    const note = "the gateway has none of these tags";
    hub.recordings = [{ ...order, state: "refused", note }];
    await says(row, /: refused, the gateway has none of these tags\./);
    await areThere(row.getByRole("button"), 0);
  });
});

function tagsOf(order: object): readonly string[] {
  assert.ok("tags" in order);
  return order.tags as readonly string[];
}

function timesOf(order: object): { readonly fromUs: number; readonly toUs: number } {
  assert.ok("fromUs" in order && "toUs" in order);
  return { fromUs: Number(order.fromUs), toUs: Number(order.toUs) };
}
