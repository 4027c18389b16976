/**
 * Both pages over the real line: virtual machines, a supervised gateway and a hub, each a process of its own. With
 * SCREENSHOTS=1 it also takes the two pictures of the README.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import type { Browser, Page } from "playwright-core";

import { buildPage, foreignRequests, launch, noChromium, openContext } from "./chromium.ts";
import { eventually, says } from "./eventually.ts";
import { margin } from "./measures.ts";
import { startRealLine, type RealLine } from "./real-line.ts";
import { goTo, keepPicture, settled } from "./screens.ts";

const panel = { width: 1280, height: 800 };
const desk = { width: 1440, height: 900 };
const pictures =
  process.env["SCREENSHOTS"] === "1" ? join(import.meta.dirname, "../../docs/images") : undefined;
/** Charts of the README show a while of plant time, not its first seconds. */
const pictureAfterMs = 25_000;

void describe("both pages over the real line", { skip: noChromium }, () => {
  let browser: Browser;
  let line: RealLine;

  before(async () => {
    buildPage("edge-runtime", "src/serve/hmi");
    buildPage("cloud-hub", "src/serve/console");
    line = await startRealLine();
    browser = await launch();
  });
  after(async () => {
    await browser.close();
    await line[Symbol.asyncDispose]();
  });

  test("the HMI shows every machine with moving values, their units and their quality", async () => {
    const view = await openContext(browser, { ...panel, theme: "light" });
    const page = await view.newPage();
    await page.goto(line.hmi);
    await settled(page);
    await allOf(page, "good");
    await eventually(
      () => page.locator(".tile h2").allInnerTexts(),
      (machines) => {
        for (const name of ["Oven 1", "Press 1", "Pump 1", "Spindle 1"]) {
          assert.ok(machines.includes(name), `${name} is missing among ${machines.join(", ")}`);
        }
      },
    );
    await someDigitsMove(page);

    await goTo(page, "#/tag/pump-1%2Fspeed-actual");
    await allOf(page, "good");
    // Where the pump is on its way up or down, that stands in the place of the age; the time follows among the facts.
    await says(page.locator(".tag-now"), /Speed[^]*\d{4}[^]*\/min[^]*(\d s|(below|above) normal)/);
    const facts = page.locator(".facts");
    await says(facts, /Quality\s+Good/);
    await says(facts, /Measured\s+\d+ \w+ \d{4}, \d\d:\d\d:\d\d\.\d{3}/);
    await says(facts, /Device\s+Pump 1, OPC UA/);
    await view.close();
  });

  test("a trend of the journal is drawn on the HMI", async () => {
    const view = await openContext(browser, { ...panel, theme: "light" });
    const page = await view.newPage();
    await page.goto(`${line.hmi}#/tag/pump-1%2Fspeed-actual`);
    await settled(page);
    await trendDraws(page);
    await view.close();
  });

  test("H7: the gateway says how its disk, its clock, its devices and its own box are", async () => {
    const view = await openContext(browser, { ...panel, theme: "light" });
    const page = await view.newPage();
    await page.goto(`${line.hmi}#/gateway`);
    await settled(page);
    await page.locator(".facts", { hasText: "Journal" }).waitFor();
    // What a machine can measure of itself differs; memory has every one. Only what is in view is painted.
    await page.locator(".indicator", { hasText: "Memory available" }).scrollIntoViewIfNeeded();
    await page.locator(".indicator[data-state=good]", { hasText: "Memory available" }).waitFor();
    await keepPicture(page, "hmi-gateway-real");
    const main = page.locator("main");
    await says(main, /Unexplained samples\s+0\b/);
    await says(main, /Samples\s+in [1-9][\d,]*\/s, out [1-9][\d,]*\/s/);
    await says(main, /Written to disk every\s+100 ms: a power cut costs at most that much/);
    await says(main, /Journal\s+\d+\.\d [kM]B of 2\.1 GB, \d+ %/);
    await says(main, /Samples refused since the start\s+0\b/);
    await says(main, /A commit takes\s+\d+ ms/);
    await says(main, /Memory available[^]*\d+\.\d\s+GB/);
    await says(main, /Clock of the gateway\s+(set|not)/);
    for (const name of ["Pump 1", "Press 1", "Oven 1", "This gateway"]) {
      const device = page.locator(".device", { hasText: name });
      await says(device.first(), /Live[^]*\d readings/);
    }
    await view.close();
  });

  test("the console lists the gateway, shows its values as they move and its history", async () => {
    const view = await openContext(browser, { ...desk, theme: "light" });
    const page = await view.newPage();
    await page.goto(line.console);
    await page.locator(".gateways tbody tr", { hasText: /Line 1/ }).waitFor();
    await page.locator(".gateways tbody tr", { hasText: /reporting/i }).waitFor();
    await page.locator(".gateways tbody a").first().click();
    await page.waitForSelector(".indicator[data-state=good]");
    await someDigitsMove(page);
    await trendDraws(page);
    await view.close();
  });

  test("V7, V8: a killed gateway makes all its values stale, and its return makes them live without a reload", async (context) => {
    const view = await openContext(browser, panel);
    const page = await view.newPage();
    await page.goto(line.hmi);
    await settled(page);
    await allOf(page, "good");
    await page.evaluate(() => {
      (window as unknown as { sameDocument: boolean }).sameDocument = true;
    });
    const killedMs = performance.now();
    await line.killGateway();
    await allOf(page, "stale");
    const staleMs = performance.now() - killedMs;
    context.diagnostic(`V7: ${staleMs.toFixed(0)} ms (limit 5000 ms)`);
    assert.ok(staleMs <= margin * 5_000, `values were live for ${staleMs} ms`);
    await says(page.locator(".lost-notice"), /Not connected to gateway/);

    await line.startGateway();
    await allOf(page, "good");
    await someDigitsMove(page);
    assert.ok(await page.evaluate(() => "sameDocument" in window), "the page was loaded anew");
    await view.close();
  });

  // Last, because its second gateway takes the serial line from the first.
  test("pictures for the README", { skip: pictures === undefined }, async () => {
    if (pictures === undefined) return;
    mkdirSync(pictures, { recursive: true });
    await line.startSecondGateway();
    await new Promise((resolve) => setTimeout(resolve, pictureAfterMs));
    const gateway = await openContext(browser, { ...panel, theme: "light" });
    const hmi = await gateway.newPage();
    await hmi.goto(line.hmi);
    await settled(hmi);
    await allOf(hmi, "good");
    // Each small chart says in words what it shows once it is drawn.
    await hmi.waitForFunction(() =>
      [...document.querySelectorAll(".sparkline")].every((one) =>
        /\d.*\d/.test((one.getAttribute("aria-label") ?? "").split(":").at(-1) ?? ""),
      ),
    );
    await hmi.screenshot({ path: join(pictures, "hmi.png") });
    const hub = await openContext(browser, { ...desk, theme: "light" });
    const list = await hub.newPage();
    await list.goto(line.console);
    await list.locator(".gateways tbody tr[data-presence=reporting]").nth(1).waitFor();
    await list.screenshot({ path: join(pictures, "console.png") });
    await gateway.close();
    await hub.close();
  });

  test("V10: with the hub away every screen of the HMI goes on, over a restart of the gateway too", async (context) => {
    await line.stopHub();
    await line.killGateway();
    await line.startGateway();
    const view = await openContext(browser, panel);
    context.after(() => view.close());
    const page = await view.newPage();
    await page.goto(line.hmi);
    await settled(page);
    await page.locator(".tile .indicator[data-state=good]").first().waitFor();
    await someDigitsMove(page);
    await page.locator(".hub-status", { hasText: "Hub: unreachable" }).waitFor();
    await goTo(page, "#/machine/Pump%201");
    await page.locator(".rows .indicator[data-state=good]").first().waitFor();
    await someDigitsMove(page);
    await page.locator(".indicator", { hasText: "Bearing temperature" }).first().click();
    await page.waitForSelector(".trend canvas");
    await trendDraws(page);
    await goTo(page, "#/trends");
    await page.locator(".numbers tbody tr").nth(2).waitFor();
    await goTo(page, "#/gateway");
    await page.locator(".facts", { hasText: "Room without the hub" }).waitFor();
    await says(page.locator("main"), /Unexplained samples\s+0\b/);
    await says(page.locator("main"), /Link\s+Hub: unreachable/);
  });

  test("L7: neither page asked another origin for anything", () => {
    assert.deepEqual(foreignRequests, []);
  });
});

/** Waits until every value of the machines on the screen is in this state. */
async function allOf(page: Page, state: "good" | "stale"): Promise<void> {
  await page.waitForFunction(
    (wanted) => {
      const rows = [...document.querySelectorAll<HTMLElement>(".indicator")].filter(
        (row) => row.dataset["state"] !== "away",
      );
      return rows.length > 0 && rows.every((row) => row.dataset["state"] === wanted);
    },
    state,
    { polling: 50 },
  );
}

/** Digits are there, and other digits come. */
async function someDigitsMove(page: Page): Promise<void> {
  const digits = (): Promise<string[]> =>
    page.locator(".indicator[data-state=good] .digits").allInnerTexts();
  const first = await eventually(digits, (texts) => {
    assert.ok(texts.some((text) => /\d/.test(text)));
  });
  await page.waitForFunction(
    (before) =>
      [...document.querySelectorAll(".indicator[data-state=good] .digits")].some(
        (one, index) => /\d/.test(one.textContent) && one.textContent !== before[index],
      ),
    first,
  );
}

/** A pen has drawn on the canvas: pixels of a strong blue are there, and the summary says numbers. */
async function trendDraws(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const canvas = document.querySelector<HTMLCanvasElement>(".trend-plot canvas");
    const context = canvas?.getContext("2d");
    if (!canvas || !context || canvas.width === 0) return false;
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let inked = 0;
    for (let at = 0; at < data.length; at += 4) {
      if ((data[at] ?? 255) < 60 && (data[at + 2] ?? 0) - (data[at] ?? 0) > 50) inked += 1;
    }
    return inked > 20;
  });
  await says(page.locator(".trend-summary").first(), /\d/);
}
