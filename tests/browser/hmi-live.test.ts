/** How fast the HMI is and what it says when the gateway goes (ux-guide 12: L, V, G6). */
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";

import type { Browser, Page } from "playwright-core";

import {
  buildPage,
  foreignRequests,
  launch,
  median,
  noChromium,
  openContext,
  percentile,
  slowDown,
} from "./chromium.ts";
import { Fixture } from "./fixture-server.ts";
import { watchFirstValue } from "./page-probes.ts";
import { goTo, hmiScreens, settled } from "./screens.ts";

const panel = { width: 1280, height: 800 };
/** The guide asks for 60 s of V3 and V4; that long for each would take most of the time of all tests. */
const watchMs = 6_000;

interface Loaded {
  readonly paintMs: number;
  readonly valueMs: number;
  readonly blockedMs: number;
}

/** Says the number in the output, and fails past the limit. */
function atMost(
  context: TestContext,
  id: string,
  found: number,
  limit: number,
  unit: string,
): void {
  context.diagnostic(
    `${id}: ${found.toFixed(found < 10 ? 1 : 0)} ${unit} (limit ${limit} ${unit})`,
  );
  assert.ok(found <= limit, `${id}: ${found} ${unit} is over ${limit} ${unit}`);
}

async function loadedOn(page: Page): Promise<Loaded> {
  await page.waitForFunction(() => "firstValueMs" in window);
  return page.evaluate(() => {
    const state = window as unknown as { firstValueMs: number; longTasksMs: number };
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    return {
      paintMs: paint?.startTime ?? NaN,
      valueMs: state.firstValueMs,
      blockedMs: state.longTasksMs,
    };
  });
}

void describe("the HMI, alive", { skip: noChromium }, () => {
  let browser: Browser;
  let folder: string;
  let demo: Fixture;

  before(async () => {
    folder = buildPage("edge-runtime", "src/serve/hmi");
    demo = await new Fixture(folder, {
      machines: 4,
      tagsPerMachine: 30,
      rateHz: 1,
      condition: "healthy",
    }).start();
    browser = await launch();
  });
  after(async () => {
    await browser.close();
    await demo[Symbol.asyncDispose]();
  });

  test("L1 to L4, L6: the page comes quickly on a slow panel", async (context) =>
    timed(context, browser, async () => {
      const cold: Loaded[] = [];
      const warm: Loaded[] = [];
      const requests: number[] = [];
      for (let run = 0; run < 5; run++) {
        const view = await openContext(browser, panel);
        const page = await view.newPage();
        await page.addInitScript(watchFirstValue);
        await slowDown(page);
        let count = 0;
        page.on("request", () => (count += 1));
        await page.goto(demo.url);
        cold.push(await loadedOn(page));
        requests.push(count);
        await settled(page);
        await page.reload();
        warm.push(await loadedOn(page));
        await view.close();
      }
      atMost(context, "L1", median(cold.map((one) => one.paintMs)), 800, "ms");
      atMost(context, "L2", median(cold.map((one) => one.valueMs)), 1_500, "ms");
      atMost(context, "L3", median(warm.map((one) => one.valueMs)), 700, "ms");
      atMost(context, "L4", median(cold.map((one) => one.blockedMs)), 150, "ms");
      atMost(context, "L6", Math.max(...requests), 8, "requests");
    }));

  test("L5: scripts, styles and font keep to their budgets", (context) => {
    const sizes = sizesIn(folder);
    atMost(context, "L5 first screen JS", sizes.firstJs / 1_000, 60, "kB gz");
    atMost(context, "L5 all routes JS", sizes.allJs / 1_000, 100, "kB gz");
    atMost(context, "L5 CSS", sizes.css / 1_000, 15, "kB gz");
    atMost(context, "L5 font", sizes.font / 1_000, 50, "kB");
  });

  test("L9, V5: a tap is answered at once, also while 200 values move on a slow panel", async (context) =>
    timed(context, browser, async () => {
      await using plant = await crowd(folder, 1);
      const view = await openContext(browser, panel);
      const page = await view.newPage();
      await slowDown(page);
      await page.goto(plant.url);
      await settled(page);
      const feedback: number[] = [];
      const complete: number[] = [];
      for (let tap = 0; tap < 10; tap++) {
        for (const [target, done] of [
          ["nav a:last-child", ".devices"],
          ["nav a:first-child", ".rows"],
        ] as const) {
          const result = await tapOn(page, target, done);
          feedback.push(result.feedbackMs);
          complete.push(result.completeMs);
        }
      }
      atMost(context, "V5 p95", percentile(feedback, 0.95), 100, "ms");
      atMost(context, "L9", median(complete), 500, "ms");
      await view.close();
    }));

  for (const [id, slow, limit] of [
    ["V1", false, 250],
    ["V2", true, 400],
  ] as const) {
    test(`${id}: a change at the source is on the screen soon, among 200 values${slow ? ", slow panel" : ""}`, async (context) =>
      timed(context, browser, async () => {
        await using plant = await crowd(folder, 1);
        const view = await openContext(browser, panel);
        const page = await view.newPage();
        if (slow) await slowDown(page);
        await page.goto(plant.url);
        await settled(page);
        await page.evaluate(() => {
          const seen: [string, number][] = [];
          (window as unknown as { seen: typeof seen }).seen = seen;
          const digits = document.querySelector(".digits");
          if (digits === null) throw new Error("no value on the screen");
          new MutationObserver(() => {
            const text = digits.textContent;
            // The frame after the one that paints it: by then it is on the glass.
            requestAnimationFrame(() => requestAnimationFrame(() => seen.push([text, Date.now()])));
          }).observe(digits, { characterData: true, childList: true, subtree: true });
        });
        const set = new Map<string, number>();
        for (let change = 0; change < 40; change++) {
          const value = 50.1 + change / 2;
          set.set(value.toFixed(1), plant.set("pump-1/0", value));
          // Steps that share no beat with the tenth of a second of the stream.
          await new Promise((resolve) => setTimeout(resolve, 137));
        }
        await page.waitForFunction(
          () => (window as unknown as { seen: unknown[] }).seen.length >= 40,
        );
        const seen = await page.evaluate(
          () => (window as unknown as { seen: [string, number][] }).seen,
        );
        const delays = seen.map(([text, ms]) => ms - (set.get(text) ?? NaN));
        atMost(context, `${id} p95`, percentile(delays, 0.95), limit, "ms");
        await view.close();
      }));
  }

  for (const [id, rateHz, framesLeast] of [
    ["V3", 1, 55],
    ["V4", 10, 45],
  ] as const) {
    test(`${id}: 200 values at ${rateHz} Hz leave the page smooth on a slow panel`, async (context) =>
      timed(context, browser, async () => {
        await using plant = await crowd(folder, rateHz);
        const view = await openContext(browser, panel);
        const page = await view.newPage();
        await slowDown(page);
        await page.goto(plant.url);
        await settled(page);
        const runs: { readonly rate: number; readonly worstMs: number }[] = [];
        for (let run = 0; run < 3; run++) runs.push(await framesOf(page, watchMs / 3));
        const rate = median(runs.map((run) => run.rate));
        context.diagnostic(
          `${id}: ${rate.toFixed(0)} frames/s (limit ${framesLeast}), ${watchMs / 1_000} s of 60 s`,
        );
        assert.ok(rate >= framesLeast, `${id}: ${rate} frames/s`);
        atMost(context, `${id} worst frame`, median(runs.map((run) => run.worstMs)), 100, "ms");
        await view.close();
      }));
  }

  test("V7, V8: a gateway that is killed makes all values stale; when it is back, so are they", async (context) => {
    await using plant = await crowd(folder, 1);
    const view = await openContext(browser, panel);
    const page = await view.newPage();
    await page.goto(plant.url);
    await settled(page);
    await page.evaluate(() => {
      (window as unknown as { sameDocument: boolean }).sameDocument = true;
    });
    const cutMs = performance.now();
    await plant.cut();
    await page.waitForFunction(
      () =>
        [...document.querySelectorAll<HTMLElement>(".indicator")].every(
          (row) => row.dataset["state"] === "stale" || row.dataset["state"] === "away",
        ),
      undefined,
      { polling: 50 },
    );
    atMost(context, "V7", performance.now() - cutMs, 5_000, "ms");
    const notice = page.locator(".lost-notice");
    assert.match(await notice.innerText(), /Not connected to gateway. Values are \d+ s old/);
    assert.match(await notice.innerText(), /Next try in \d s|Trying now/);
    assert.equal(await notice.getByRole("button", { name: "Try now" }).count(), 1);

    await plant.start();
    const backMs = performance.now();
    await page.waitForFunction(
      () =>
        [...document.querySelectorAll<HTMLElement>(".indicator")].every(
          (row) => row.dataset["state"] === "good" || row.dataset["state"] === "away",
        ),
      undefined,
      { polling: 50 },
    );
    atMost(context, "V8", performance.now() - backMs, 2_000, "ms");
    assert.ok(await page.evaluate(() => "sameDocument" in window), "the page was loaded anew");
    await view.close();
  });

  test("a value whose device gives no more proof turns stale alone, and says since when", async () => {
    await using plant = await new Fixture(folder, {
      machines: 4,
      tagsPerMachine: 12,
      rateHz: 1,
      condition: "trouble",
    }).start();
    const view = await openContext(browser, panel);
    const page = await view.newPage();
    await page.goto(`${plant.url}/${hmiScreens.machine}`);
    await settled(page);
    const rows = page.locator(".indicator");
    const words = await rows.evaluateAll((all) =>
      all
        .slice(0, 5)
        .map((row) => [(row as HTMLElement).dataset["state"], (row as HTMLElement).innerText]),
    );
    assert.deepEqual(
      words.map(([state]) => state),
      ["good", "good", "uncertain", "stale", "missing"],
    );
    assert.match(words[1]?.[1] ?? "", /above normal/);
    assert.match(words[2]?.[1] ?? "", /\?[^]*uncertain: last usable value/);
    assert.match(words[3]?.[1] ?? "", /stale 4\d s/);
    assert.match(words[4]?.[1] ?? "", /– – –[^]*no value yet/);
    await goTo(page, "#/machine/Spindle%202");
    assert.match(
      await rows.first().innerText(),
      /– – –[^]*Bad: device unreachable since \d\d:\d\d:\d\d/,
    );
    assert.match(
      await page.locator(".hub-status").innerText(),
      /unreachable 2 h 1\d min, 1.2 M buffered/,
    );
    await goTo(page, hmiScreens.gateway);
    assert.match(await page.locator(".device").first().innerText(), /no security/);
    await view.close();
  });

  test("G6: five minutes without values are drawn as a gap, and told with their reason", async () => {
    const view = await openContext(browser, panel);
    const page = await view.newPage();
    await page.goto(`${demo.url}/${hmiScreens.value}`);
    await settled(page);
    await page.getByRole("button", { name: "1 h", exact: true }).click();
    await page.waitForSelector(".gap-list");
    assert.match(
      await page.locator(".gap-list").innerText(),
      /1 gap[^]*device unreachable, 300 samples/,
    );
    const penShare = await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>(".trend-plot canvas");
      const over = document.querySelector<HTMLElement>(".trend-plot .u-over");
      const context = canvas?.getContext("2d");
      if (!canvas || !over || !context) throw new Error("no chart");
      const scale = canvas.width / canvas.clientWidth;
      const left = over.offsetLeft * scale;
      const width = over.clientWidth * scale;
      /** Columns with at least one pixel of pen 1, of those between two shares of the hour. */
      const columns = (from: number, to: number): number => {
        const x = Math.round(left + from * width);
        const count = Math.round((to - from) * width);
        const { data } = context.getImageData(x, 0, count, canvas.height);
        let found = 0;
        for (let column = 0; column < count; column++) {
          for (let row = 0; row < canvas.height; row++) {
            const at = 4 * (row * count + column);
            const blue = (data[at + 2] ?? 0) - (data[at] ?? 0);
            if ((data[at] ?? 255) < 60 && blue > 50) {
              found += 1;
              break;
            }
          }
        }
        return found / count;
      };
      // The gap lies from 20 to 15 minutes before the server's start; the server is at most two minutes old.
      return { inside: columns(0.67, 0.71), before: columns(0.4, 0.6) };
    });
    assert.equal(penShare.inside, 0, "a line crosses the gap");
    assert.ok(penShare.before > 0.95, "the line before the gap is missing");
    await view.close();
  });

  test("L7: no page of this run asked another origin for anything", (context) => {
    assert.deepEqual(foreignRequests, []);
    context.diagnostic("L7: 0 requests to another origin");
  });
});

/** One machine with 200 values on one screen. */
async function crowd(folder: string, rateHz: number): Promise<Fixture> {
  return new Fixture(folder, {
    machines: 1,
    tagsPerMachine: 200,
    rateHz,
    condition: "healthy",
  }).start();
}

/**
 * Runs what measures time. When even an empty page does not run smoothly on this machine, before or after, a number
 * would tell of what else runs here and not of our page: the test is then left out, and says so.
 */
async function timed(
  context: TestContext,
  browser: Browser,
  measure: () => Promise<void>,
): Promise<void> {
  const before = await busyWords(browser);
  if (before !== "") {
    context.skip(before);
    return;
  }
  try {
    await measure();
  } catch (failure) {
    const words = await busyWords(browser);
    if (words === "") throw failure;
    context.skip(words);
  }
}

async function busyWords(browser: Browser): Promise<string> {
  // The tests themselves keep about as many processes running as there are processors.
  const [load = 0] = loadavg();
  const most = 2 * availableParallelism();
  if (load > most)
    return `this machine is busy: load ${load.toFixed(1)}, at most ${most} to measure`;
  const view = await openContext(browser, panel);
  const empty = await view.newPage();
  await slowDown(empty);
  const bare = await framesOf(empty, 1_000);
  await view.close();
  return bare.rate < 57 || bare.worstMs > 50
    ? `this machine is busy: an empty page has ${bare.rate.toFixed(0)} frames/s, worst ${bare.worstMs.toFixed(0)} ms`
    : "";
}

async function framesOf(page: Page, ms: number): Promise<{ rate: number; worstMs: number }> {
  return page.evaluate(
    (forMs) =>
      new Promise((resolve) => {
        const startMs = performance.now();
        let lastMs = startMs;
        let frames = 0;
        let worstMs = 0;
        const frame = (nowMs: number): void => {
          if (frames > 0) worstMs = Math.max(worstMs, nowMs - lastMs);
          lastMs = nowMs;
          frames += 1;
          if (nowMs - startMs < forMs) requestAnimationFrame(frame);
          else resolve({ rate: (frames - 1) / ((nowMs - startMs) / 1_000), worstMs });
        };
        requestAnimationFrame(frame);
      }),
    ms,
  );
}

/** From the touch to the first frame that shows an answer, and to the frame with the whole new screen. */
async function tapOn(
  page: Page,
  target: string,
  done: string,
): Promise<{ feedbackMs: number; completeMs: number }> {
  const measured = page.evaluate(
    ([at, until]) =>
      new Promise<{ feedbackMs: number; completeMs: number }>((resolve) => {
        const element = document.querySelector(at);
        element?.addEventListener(
          "click",
          (event) => {
            let feedbackMs: number | undefined;
            const look = (): void => {
              const nowMs = performance.now();
              if (
                feedbackMs === undefined &&
                document.querySelector(at)?.hasAttribute("aria-current")
              ) {
                feedbackMs = nowMs - event.timeStamp;
              }
              const rows = [...document.querySelectorAll<HTMLElement>(".indicator")];
              const complete =
                document.querySelector(until) !== null &&
                rows.every((row) => row.dataset["state"] !== undefined);
              if (feedbackMs !== undefined && complete) {
                resolve({ feedbackMs, completeMs: nowMs - event.timeStamp });
              } else requestAnimationFrame(look);
            };
            requestAnimationFrame(look);
          },
          { once: true },
        );
      }),
    [target, done] as const,
  );
  await page.locator(target).click();
  return measured;
}

/** Sizes of what a browser would fetch, compressed. */
function sizesIn(folder: string): { firstJs: number; allJs: number; css: number; font: number } {
  const assets = join(folder, "assets");
  const sizes = { firstJs: 0, allJs: 0, css: 0, font: 0 };
  for (const name of readdirSync(assets)) {
    const bytes = statSync(join(assets, name)).size;
    if (name.endsWith(".js.gz")) sizes.allJs += bytes;
    if (name.startsWith("index-") && name.endsWith(".js.gz")) sizes.firstJs += bytes;
    if (name.endsWith(".css.gz")) sizes.css += bytes;
    if (name.endsWith(".woff2")) sizes.font = Math.max(sizes.font, bytes);
  }
  return sizes;
}
