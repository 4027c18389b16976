/**
 * H4 in a browser, with no hub at all: what a gateway missed while it was down is read from the device that kept it, because a
 * technician has signed in and ordered it beside the gap. A real plant, a real gateway.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { startPlant, type Plant } from "@millwright/virtual-plant";
import type { Browser, Locator } from "playwright-core";

import { violationsOn } from "./axe.ts";
import { buildPage, launch, noChromium, openContext } from "./chromium.ts";
import { eventually, patienceMs, says } from "./eventually.ts";
import { startGateway, type RunningGateway } from "./gateway-rig.ts";
import { keepPicture } from "./screens.ts";

const folder = mkdtempSync(join(tmpdir(), "millwright-device-history-"));
const tag = "pump-1/current";
const noHistory = "pump-1/mode";
let plant: Plant | undefined;
let browser: Browser | undefined;
const ends: (() => Promise<void>)[] = [];

before(async () => {
  if (noChromium !== false) return;
  buildPage("edge-runtime", "src/serve/hmi");
  plant = await startPlant({ dataFolder: join(folder, "plant"), protocols: ["opcua"] });
  const node = (name: string): string => `nsu=urn:millwright:virtual-plant;s=Pump1.${name}`;
  const point = { type: "float64", unit: "A" } as const;
  const settings = {
    gateway: { id: "gw-1", name: "Gateway 1" },
    journal: { folder: "journal", mebibytesMax: 64, commitEveryMs: 20 },
    hmi: { port: 0 },
    access: { httpsPort: 0 },
    devices: [
      {
        id: "pump-1",
        protocol: "opcua",
        connection: { url: plant.endpoints.opcua?.url, security: "none-i-accept-plain-text" },
        tags: [
          { id: tag, name: "Current", address: node("Motor.Current"), ...point },
          { id: noHistory, name: "Mode", address: node("Mode"), type: "int32" },
        ],
      },
    ],
  };
  // JSON is YAML.
  writeFileSync(join(folder, "gateway.yaml"), JSON.stringify(settings));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  for (const end of ends) await end();
  await plant?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** @param run makes its random numbers others */
async function start(run: string): Promise<RunningGateway> {
  const gateway = await startGateway(join(folder, "gateway.yaml"), run);
  ends.push(() => gateway.stop());
  return gateway;
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (const givenUpMs = performance.now() + patienceMs; performance.now() < givenUpMs;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what}: not within ${patienceMs} ms`);
}

async function json<T>(url: string): Promise<T> {
  const answer = await fetch(url);
  assert.equal(answer.status, 200, url);
  return (await answer.json()) as T;
}

/** On the page, however far it is scrolled. */
async function placeOf(
  button: Locator,
): Promise<Readonly<Record<"left" | "right" | "top" | "bottom", number>>> {
  return await button.evaluate((one) => {
    const { left, right, top, bottom } = one.getBoundingClientRect();
    return { left, right, top: top + scrollY, bottom: bottom + scrollY };
  });
}

interface Offers {
  readonly offers: readonly {
    readonly tags: readonly string[];
    readonly fromUs: number;
    readonly toUs: number;
  }[];
}

test(
  "a technician has a gap read from the device beside the chart, with two taps and no hub, and the book says who",
  { skip: noChromium },
  async (context) => {
    const first = await start("first");
    await until("values", async () => {
      const { journal } = await json<{ readonly journal: { readonly sent: number } }>(
        new URL("/api/counters", first.url).href,
      );
      return journal.sent > 20 ? true : undefined;
    });
    await first.stop();
    // Not a wait for something: this is how much the gateway misses. In small steps, because a machine that stands still does not
    // sample either.
    for (let step = 0; step < 50; step++) await new Promise((resolve) => setTimeout(resolve, 100));
    const { url, code } = await start("second");
    const base = url.replace(/\/$/, "");
    const nowUs = Date.now() * 1_000;
    const query = new URLSearchParams({
      tags: JSON.stringify([tag, noHistory]),
      from: String(nowUs - 3_600e6),
      to: String(nowUs),
    });
    const offersAt = `${base}/api/local-orders/offers?${query.toString()}`;
    const offer = await until("an offer", async () => (await json<Offers>(offersAt)).offers.at(-1));
    assert.deepEqual(offer.tags, [tag], "of the other the device keeps no history");

    assert.ok(browser !== undefined);
    const view = await openContext(browser, { width: 1280, height: 800 });
    const page = await view.newPage();
    await page.goto(`${base}/#/trends/15min/${encodeURIComponent(tag)}`);
    const list = page.locator(".past-list");
    await list.getByText(/gateway down.* The device keeps a history of Current\./).waitFor();
    // Without a name nobody orders.
    const readAt = `${base}/api/local-orders/read`;
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify(offer);
    assert.equal((await fetch(readAt, { method: "POST", headers, body })).status, 401);
    await list.getByRole("link", { name: "Sign in to have it read" }).first().click();
    await page.getByLabel("One-time code").fill(code);
    await page.getByLabel("Your name").fill("Ada Novak");
    await page.getByLabel(/^New PIN/).fill("402917");
    await page.getByLabel("The same once more").fill("402917");
    await page.getByRole("button", { name: "Set and sign in" }).click();

    const ask = list.getByRole("button", { name: "Read from the device" }).first();
    const before = await placeOf(ask);
    await ask.click();
    const confirm = list.getByRole("button", { name: "Yes, read it" });
    const box = await placeOf(confirm);
    const apart = box.left >= before.right || box.top >= before.bottom;
    assert.ok(apart, `a double tap never orders: ${JSON.stringify([before, box])}`);
    assert.ok(box.bottom - box.top >= 64);
    assert.deepEqual(await violationsOn(page), []);
    await confirm.click();
    const done = list.getByText(/: \d+ samples were read from the device for Ada Novak\./);
    await done.first().waitFor();
    await ask.waitFor({ state: "detached" });
    await page.getByText("nothing is drawn across").waitFor({ state: "detached" });
    await keepPicture(page, "hmi-device-history");
    const said = await says(done.first(), /\d+ samples/);
    const samples = Number(/(\d+) samples/.exec(said)?.[1]);
    context.diagnostic(`${samples} samples of ${(offer.toUs - offer.fromUs) / 1e6} s were read`);
    assert.ok(samples >= 3, `${samples} samples`);
    await eventually(
      () => json<Offers>(offersAt),
      ({ offers }) => {
        const left = offers.filter(({ fromUs }) => fromUs === offer.fromUs);
        assert.deepEqual(left, [], "it is offered once");
      },
    );

    const { unexplained } = await json<{ readonly unexplained: number }>(`${base}/api/counters`);
    assert.equal(unexplained, 0);
    const readBook = () =>
      page.evaluate(async () => {
        const answer = await fetch("/api/access/audit");
        const { entries } = (await answer.json()) as {
          readonly entries: readonly {
            person: string;
            act: string;
            object: string;
            after?: string;
          }[];
        };
        return entries.filter(({ act }) => act.startsWith("history."));
      });
    const book = await eventually(readBook, (entries) => {
      assert.deepEqual(
        entries.map(({ person, act, object }) => [person, act, object]),
        [
          ["ada-novak", "history.read", tag],
          ["ada-novak", "history.order", tag],
        ],
      );
    });
    assert.equal(book[0]?.after, `${samples} samples`);
    await view.close();
  },
);
