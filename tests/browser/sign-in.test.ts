/** H8 and V11 in a browser, against a gateway that runs: signing in at the machine, and from elsewhere. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import type { Browser, Page } from "playwright-core";

import { violationsOn } from "./axe.ts";
import { launch, noChromium } from "./chromium.ts";
import { areThere, carries, patienceMs } from "./eventually.ts";
import { startGateway, type RunningGateway } from "./gateway-rig.ts";

const name = "gw-1.plant.example";
const folder = mkdtempSync(join(tmpdir(), "millwright-sign-in-"));
let browser: Browser | undefined;
let gateway: RunningGateway | undefined;

before(async () => {
  if (noChromium !== false) return;
  const file = join(folder, "gateway.yaml");
  writeFileSync(
    file,
    `gateway: { id: gw-1, name: Gateway 1 }
journal: { folder: journal, mebibytesMax: 64, commitEveryMs: 20 }
hmi: { port: 0, names: [${name}] }
access: { httpsPort: 0 }
`,
  );
  gateway = await startGateway(file, "sign-in");
  browser = await launch(`--host-resolver-rules=MAP ${name} 127.0.0.1`);
});

after(async () => {
  await browser?.close();
  await gateway?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function open(address: string, width = 1280, height = 800): Promise<Page> {
  assert.ok(browser !== undefined);
  const context = await browser.newContext({
    viewport: { width, height },
    // The certificate is the gateway's own; people compare its thumbprint.
    ignoreHTTPSErrors: true,
  });
  context.setDefaultTimeout(patienceMs);
  const page = await context.newPage();
  await page.goto(address);
  return page;
}

test(
  "the first engineer signs in with the code of the terminal, locks, and signs in by PIN with the pad",
  { skip: noChromium },
  async () => {
    const page = await open(`${gateway?.url ?? ""}/#/gateway`);
    await page.getByRole("link", { name: "Sign in", exact: true }).click();
    await page.getByLabel("One-time code").fill(gateway?.code ?? "");
    await page.getByLabel("Your name").fill("Ada Novak");
    await page.getByLabel(/^New PIN/).fill("402917");
    await page.getByLabel("The same once more").fill("402918");
    await page.getByRole("button", { name: "Set and sign in" }).click();
    await page.getByText("The two are not the same.").waitFor();
    await page.getByLabel("The same once more").fill("402917");
    await page.getByRole("button", { name: "Set and sign in" }).click();
    await page.getByRole("banner").getByText("Ada Novak engineer").waitFor();
    // Back where somebody wanted to act.
    await page.getByRole("button", { name: "Show the last entries" }).click();
    await page.getByRole("cell", { name: "access.set-pin Ada Novak" }).waitFor();
    assert.deepEqual(await violationsOn(page), []);

    await page.getByRole("button", { name: "Lock" }).click();
    await page.getByRole("link", { name: "Sign in", exact: true }).click();
    await page.getByRole("button", { name: "Ada Novak" }).click();
    const keys = page.getByRole("group", { name: "Digits" }).getByRole("button");
    await areThere(keys, 11);
    for (const key of await keys.all()) {
      const box = await key.boundingBox();
      assert.ok(box !== null && box.width >= 72 && box.height >= 72);
    }
    assert.deepEqual(await violationsOn(page), []);
    const press = (key: string): Promise<void> =>
      page.getByRole("button", { name: key, exact: true }).click();
    const submit = page.locator("form").getByRole("button", { name: "Sign in" });
    for (const digit of "000000") await press(digit);
    await submit.click();
    await page.getByText(/Name and PIN do not fit/).waitFor();
    for (const digit of "40291") await press(digit);
    await press("8");
    await page.getByRole("button", { name: "Take the last digit away" }).click();
    await press("7");
    await submit.click();
    await page.getByRole("banner").getByText("Ada Novak engineer").waitFor();
    await page.context().close();
  },
);

test(
  "V11: over plain HTTP under the plant's name looking works, signing in says where it is possible, and there it works",
  { skip: noChromium },
  async () => {
    const page = await open(`http://${name}:${new URL(gateway?.url ?? "").port}/`, 390, 844);
    await page.getByText(/^Live /).waitFor();
    await page.getByRole("link", { name: "Gateway", exact: true }).click();
    await page.getByRole("heading", { name: "Gateway Gateway 1" }).waitFor();
    await page.getByRole("link", { name: "Sign in", exact: true }).click();
    await page.getByText(/not possible over plain HTTP/).waitFor();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 390, `${wide} px wide`);
    assert.deepEqual(await violationsOn(page), []);
    const link = page.getByRole("link", { name: /^Open https:/ });
    const ending = `^https://${name.replaceAll(".", "\\.")}:\\d+/$`;
    const https = await carries(link, "href", new RegExp(ending));
    await page.context().close();

    const secure = await open(`${https}#/sign-in`);
    await secure.getByRole("button", { name: "Ada Novak" }).click();
    // As a password manager or a paste does it.
    await secure.getByLabel("PIN of Ada Novak").fill("402917");
    await secure.getByLabel("PIN of Ada Novak").press("Enter");
    await secure.getByRole("banner").getByText("Ada Novak engineer").waitFor();
    const cookies = await secure.context().cookies();
    assert.deepEqual(
      cookies.map(({ name: cookie, secure: tls, httpOnly, sameSite }) => [
        cookie,
        tls,
        httpOnly,
        sameSite,
      ]),
      [["__Host-millwright-gw-1", true, true, "Strict"]],
    );
    await secure.context().close();
  },
);
