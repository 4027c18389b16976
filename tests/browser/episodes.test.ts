/** H1 and H2 in a browser, against a gateway that runs: what a machine is doing, why it is not as usual, and a verdict. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import type { Browser, Page } from "playwright-core";

import { violationsOn } from "./axe.ts";
import { launch, noChromium } from "./chromium.ts";
import { patienceMs } from "./eventually.ts";
import { startGateway, type RunningGateway } from "./gateway-rig.ts";

const folder = mkdtempSync(join(tmpdir(), "millwright-episodes-"));
let browser: Browser | undefined;
let gateway: RunningGateway | undefined;

// The gateway watches itself: a limit that any box is beyond makes an episode within seconds, and nothing has to be learnt.
const settings = `gateway: { id: gw-1, name: Gateway 1 }
journal: { folder: journal, mebibytesMax: 64, commitEveryMs: 20 }
hmi: { port: 0 }
access: { httpsPort: 0 }
assets:
  - id: Gateway
    tags: { memory: gateway/process.rss }
    detection: { limits: { memory: { high: 1000 } } }
`;

before(async () => {
  if (noChromium !== false) return;
  const file = join(folder, "gateway.yaml");
  writeFileSync(file, settings);
  gateway = await startGateway(file, "episodes");
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await gateway?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function open(address: string, width = 1280, height = 800): Promise<Page> {
  assert.ok(browser !== undefined);
  const context = await browser.newContext({ viewport: { width, height } });
  context.setDefaultTimeout(patienceMs);
  const page = await context.newPage();
  await page.goto(address);
  return page;
}

test(
  "an episode stands on its machine with what was expected, and takes a verdict with two taps of who has signed in",
  { skip: noChromium },
  async () => {
    const page = await open(`${gateway?.url ?? ""}/#/machine/Gateway`);
    await page.getByText(/^Running since \d/).waitFor();
    await page.getByText(/^Anomaly since/).waitFor();
    const panel = page.locator(".episodes");
    await panel.getByText("Why: the values that contribute most").waitFor();
    await panel.getByText(/^expected .* at the peak /).waitFor();
    const trends = await panel
      .getByRole("link", { name: "Trends from 10 min before" })
      .getAttribute("href");
    const [, from = "0", to = "0"] =
      /^#\/trends\/(\d+)-(\d+)\/gateway%2Fprocess.rss$/.exec(trends ?? "") ?? [];
    assert.ok(Number(to) - Number(from) >= 600, trends ?? "no address");
    assert.deepEqual(await violationsOn(page), []);

    // Without a name nobody judges.
    await panel.getByRole("link", { name: "Sign in to give a verdict" }).click();
    await page.getByLabel("One-time code").fill(gateway?.code ?? "");
    await page.getByLabel("Your name").fill("Ada Novak");
    await page.getByLabel(/^New PIN/).fill("402917");
    await page.getByLabel("The same once more").fill("402917");
    await page.getByRole("button", { name: "Set and sign in" }).click();

    const ask = panel.getByRole("button", { name: "Give a verdict" });
    const first = await ask.boundingBox();
    await ask.click();
    const confirm = panel.getByRole("button", { name: "Yes, confirmed" });
    const second = await confirm.boundingBox();
    assert.ok(first !== null && second !== null);
    const apart =
      second.x >= first.x + first.width ||
      second.x + second.width <= first.x ||
      second.y >= first.y + first.height ||
      second.y + second.height <= first.y;
    assert.ok(apart, "a double tap never answers");
    for (const button of await panel.getByRole("button").all()) {
      const box = await button.boundingBox();
      assert.ok(box !== null && box.height >= 64 && box.width >= 64, JSON.stringify(box));
    }
    await confirm.click();
    await panel.getByText("Confirmed by Ada Novak").waitFor();
    await page.context().close();
  },
);

test(
  "on a phone nothing of it is wider than the page, in any theme",
  { skip: noChromium },
  async () => {
    const page = await open(`${gateway?.url ?? ""}/#/machine/Gateway`, 390, 844);
    await page.locator(".why .sparkline").first().waitFor();
    for (const theme of ["light", "dark", "glare"]) {
      await page.evaluate((name) => {
        document.documentElement.dataset["theme"] = name;
      }, theme);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 390, `${wide} px wide`);
      assert.deepEqual(await violationsOn(page), []);
    }
    await page.context().close();
  },
);
