/**
 * H4, the charts of several tags (ux-guide 8 and 12: G1 to G6, V9, V11). Times that depend on a quiet machine are printed by
 * figures.ts; here they are bounded where a defect would leave them behind by far.
 */
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";

import type { Browser, BrowserContext, Page } from "playwright-core";

import { buildPage, launch, median, noChromium, openContext, slowDown } from "./chromium.ts";
import { patternContrasts } from "./colours.ts";
import { areThere, arrives, carries, eventually, says } from "./eventually.ts";
import {
  eightTags,
  gapIsDrawn,
  gapOf,
  penShare,
  onlyAskedByNews,
  sharesOf,
  showSpan,
  stepsOn,
  watchAnswers,
} from "./chart-measures.ts";
import { leastOf, margin } from "./measures.ts";
import { Fixture, panelName } from "./fixture-server.ts";
import { alarmEvent } from "./mark-plant.ts";
import { findSmallTargets, findTextProblems } from "./page-probes.ts";
import { goTo, hmiScreens, keepPicture, settled, themes, wear } from "./screens.ts";

const panel = { width: 1280, height: 800 };
/** The guide asks for medians of so many. */
const turns = 5;
const size = { machines: 1, tagsPerMachine: 12, rateHz: 1, condition: "healthy" } as const;

/** An answer is pairs of a time and a value, and a few words about each tag. */
const bytesOfPoint = 8;

/** Says the number in the output, and fails where it is far over the limit. */
function atMost(
  context: TestContext,
  id: string,
  found: number,
  limit: number,
  unit: string,
): void {
  context.diagnostic(`${id}: ${found.toFixed(0)} ${unit} (limit ${limit} ${unit})`);
  assert.ok(found <= limit * margin, `${id}: ${found} ${unit} is far over ${limit} ${unit}`);
}

void describe("trends of the HMI", { skip: noChromium }, () => {
  let browser: Browser;
  /** Of all pages but those of a finger: what one has fetched and compiled the next need not. */
  let view: BrowserContext;
  let folder: string;
  let plant: Fixture;

  before(async () => {
    folder = buildPage("edge-runtime", "src/serve/hmi");
    plant = await new Fixture(folder, size).start();
    plant.plantPeak("pump-1/0", 91.7);
    browser = await launch(`--host-resolver-rules=MAP ${panelName} 127.0.0.1`);
    view = await openContext(browser, panel);
  });
  after(async () => {
    await browser.close();
    await plant[Symbol.asyncDispose]();
  });

  /** A page on this address of the trends, closed with the test. */
  async function open(
    context: TestContext,
    place: string,
    options: {
      readonly slow?: boolean;
      readonly server?: Fixture;
      readonly init?: () => void;
    } = {},
  ): Promise<Page> {
    const page = await view.newPage();
    context.after(() => page.close());
    if (options.init !== undefined) await page.addInitScript(options.init);
    await page.addInitScript(watchAnswers);
    await page.goto(`${(options.server ?? plant).url}/#/trends/${place}`);
    await settled(page);
    // What is judged on a slow panel is the chart, and not the loading of the page.
    if (options.slow === true) await slowDown(page);
    return page;
  }

  test("G1, G3: a day of eight tags is painted soon after it came, and is small", async (context) => {
    const page = await open(context, `1h/${eightTags}`, { slow: true });
    let bytes = 0;
    const paintedMs = await leastOf(100, async () => {
      const painted: number[] = [];
      for (let turn = 0; turn < turns; turn++) {
        await showSpan(page, "1 h");
        const day = await showSpan(page, "24 h");
        painted.push(day.paintedMs);
        ({ bytes } = day);
      }
      return median(painted);
    });
    atMost(context, "G1 slow panel, median", paintedMs, 100, "ms");
    context.diagnostic(`G3: ${(bytes / 1_000).toFixed(0)} kB (limit 200 kB)`);
    assert.ok(bytes <= 200_000);
    await keepPicture(page, "trends-day");
  });

  test("G2: a day of eight tags with every sample in it is painted as well", async (context) => {
    await using raw = await new Fixture(folder, { ...size, raw: true }).start();
    const page = await open(context, `1h/${eightTags}`, { server: raw });
    let points = 0;
    const paintedMs = await leastOf(100, async () => {
      const painted: number[] = [];
      for (let turn = 0; turn < turns; turn++) {
        // A week of minutes has fewest points, and is not what is judged.
        await showSpan(page, "7 d");
        const day = await showSpan(page, "24 h");
        painted.push(day.paintedMs);
        points = day.bytes / bytesOfPoint;
      }
      return median(painted);
    });
    atMost(context, `G2 ${points.toFixed(0)} points, median`, paintedMs, 100, "ms");
    // Every second of a day of eight tags, but for the five minutes that none of them has.
    assert.ok(points > 8 * (86_400 - 310), `${points} points`);
    await says(page.locator(".numbers"), /Bearing DE temperature/);
  });

  test("G4: each step of a key moves what is loaded within a frame or two", async (context) => {
    const page = await open(context, `24h/${eightTags}`, { slow: true });
    const keys = ["ArrowLeft", "+", "ArrowLeft", "-", "ArrowRight", "+", "ArrowLeft", "-", "+"];
    const stepMs = await leastOf(50, async () => median(await stepsOn(page, keys)));
    atMost(context, "G4 slow panel, median", stepMs, 50, "ms");
  });

  test("G5: a peak of one sample in a day at 1 Hz is drawn and told, exactly", async (context) => {
    const page = await open(context, "24h/pump-1%2F0/pump-1%2F1");
    const row = page.locator(".numbers tbody tr").first();
    await says(row, /91\.7 °C\s+minutes\s+exact/);
    context.diagnostic("G5: highest 91.7 of 91.7 among 86,400 samples");
  });

  test("G6: a gap is drawn as one, hatched and without a line, and says reason and count", async (context) => {
    const page = await open(context, "1h/pump-1%2F0/pump-1%2F2");
    await gapIsDrawn(page, plant);
    await says(page.locator(".gap-list"), /1 gap[^]*device unreachable, 300 samples \(2 values\)/);
    const over = page.locator(".trend-plot .u-over");
    const box = await over.boundingBox();
    assert.ok(box !== null);
    await over.click({ position: { x: box.width * gapOf(plant).inside[0], y: 40 } });
    await page.locator(".range-cursor", { hasText: "device unreachable, 300 samples" }).waitFor();
    await says(page.locator(".pen-value").first(), /– – –/);
  });

  test("G6: the hatch of a gap is seen in each theme, on the normal band and beside it", async (context) => {
    const page = await open(context, "1h/pump-1%2F0/pump-1%2F2");
    for (const theme of themes) {
      await wear(page, theme);
      await settled(page);
      const [from, to] = gapOf(plant).inside;
      const over = await page.locator(".trend-plot .u-over").boundingBox();
      assert.ok(over !== null);
      const part = { ...over, x: over.x + from * over.width, width: (to - from) * over.width };
      const picture = await keepPicture(page, `trends-gap-${theme}`);
      const found = patternContrasts(picture, part);
      const words = [...found].map(([ground, ratio]) => `${ratio.toFixed(2)} on ${ground}`);
      context.diagnostic(`G6 ${theme}: the hatch has at least ${words.join(", ")} (limit 3)`);
      assert.equal(found.size, 2, `${theme}: the band and what is beside it`);
      assert.ok(Math.min(...found.values()) >= 3, `${theme}: ${words.join(", ")}`);
    }
  });

  test("alarms and episodes stand on the time axis, by keyboard too, and lead to what they are", async (context) => {
    await using line = await new Fixture(folder, { ...size, condition: "trouble" }).start();
    const page = await open(context, "1h/pump-1%2F0", { server: line });
    await page.getByText("6 alarms and episodes in the time shown.").waitFor();
    await areThere(page.locator(".mark"), 6);
    // What began before the time shown begins with it, and what lasts reaches its end. All of it moves on with the present, by
    // four pixels in twelve seconds, until marks are asked for anew.
    await eventually(
      () =>
        page.evaluate(() => {
          const edge = (one: Element): number[] => {
            const { left, right } = one.getBoundingClientRect();
            return [left, right];
          };
          const over = document.querySelector(".u-over");
          return {
            over: over === null ? [] : edge(over),
            marks: [...document.querySelectorAll(".mark")].map(edge),
          };
        }),
      (boxes) => {
        const [oldest] = boxes.marks;
        const text = JSON.stringify(boxes);
        assert.ok(Math.abs((oldest?.[0] ?? NaN) - (boxes.over[0] ?? NaN)) < 4, text);
        // The edge cuts it off there.
        assert.ok((oldest?.[1] ?? NaN) > (boxes.over[1] ?? NaN) - 4, text);
      },
    );
    // So far a live chart of an hour moves on in most of a minute, until its marks are asked for anew.
    const cut = await page.evaluate(() => {
      const ground = document.querySelector<HTMLElement>(".mark-ground");
      ground?.style.setProperty("left", "-1.5%");
      const edge = document.querySelector(".mark-plot")?.getBoundingClientRect().left ?? NaN;
      const symbols = [...document.querySelectorAll(".mark svg")];
      return symbols.filter((one) => !(one.getBoundingClientRect().left >= edge - 0.5)).length;
    });
    assert.equal(cut, 0, "the symbol of what began before the time shown stays in sight");
    const words = page.locator(".mark-words");
    await page.locator(".mark").nth(2).hover();
    await words.getByText(/Priority 2: Vibration RMS high, Pump 1, .* to /).waitFor();
    const links = page.locator(".mark-list a");
    await page.mouse.move(0, 0);
    await links.nth(2).focus();
    await words.getByText(/Episode: drift, Pump 1, since /).waitFor();
    await areThere(page.locator('.mark[data-chosen="true"]'), 1);
    const hrefs = await links.evaluateAll((all) => all.map((one) => one.getAttribute("href")));
    assert.match(hrefs[0] ?? "", /^#\/alarms\/history\/coolant-low\/\d+-\d+$/);
    assert.equal(hrefs[1], "#/alarms/active/bearing-hot");
    assert.equal(hrefs[2], "#/machine/Pump%201/episode-7");
    await page.getByRole("button", { name: "List all 6" }).press("Enter");
    await areThere(links, 6);
    await page.locator(".mark").nth(3).click();
    await arrives(page, /#\/machine\/Pump%201\/episode-7$/);
  });

  test("what happens now is marked soon after the gateway tells of it, and a storm asks no more often", async (context) => {
    await using line = await new Fixture(folder, size).start();
    const page = await open(context, "1h/pump-1%2F0", { server: line, init: onlyAskedByNews });
    await page.getByText("No alarms or episodes in the time shown.").waitFor();
    const asked: string[] = [];
    page.on("request", (one) => {
      if (one.url().includes("/marks?")) asked.push(one.url());
    });
    const raisedUs = Date.now() * 1_000;
    line.mark(alarmEvent("raised", "Seal leaks", raisedUs, raisedUs));
    const list = page.locator(".mark-list");
    await list.filter({ hasText: /Priority 2: Seal leaks, Pump 1, since/ }).waitFor();
    const edges = await page.evaluate(() =>
      [".u-over", ".mark"].map((one) => document.querySelector(one)?.getBoundingClientRect()),
    );
    const [over, mark] = edges;
    assert.ok((mark?.right ?? 0) > (over?.right ?? Infinity) - 2, JSON.stringify(edges));
    assert.equal(asked.length, 1);
    // Nothing moves under a hand: the list stays as it is while somebody is at it, the axis does not.
    await page.locator(".mark-list a").focus();
    const told = 100;
    const stormMs = performance.now();
    for (let at = 0; at < told; at++) {
      const atUs = Date.now() * 1_000;
      line.mark(alarmEvent("raised", `Valve ${at}`, atUs, atUs));
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    line.mark(alarmEvent("returned", "Seal leaks", raisedUs, Date.now() * 1_000));
    await page.waitForFunction(
      (count) => document.querySelectorAll(".mark").length === count,
      told + 1,
    );
    const tookMs = performance.now() - stormMs;
    // One for the first alarm, then one for each two seconds that have passed.
    const most = 2 + Math.ceil(tookMs / 2_000);
    assert.ok(asked.length <= most, `${asked.length} questions in ${tookMs} ms`);
    context.diagnostic(
      `${told} alarms in ${(tookMs / 1_000).toFixed(1)} s: marks were asked for ${asked.length - 1} times`,
    );
    assert.match(
      await page.locator(".mark-list").innerText(),
      /^2\s+Priority 2: Seal leaks, Pump 1, since/,
    );
    await page.locator(".trend-plot").focus();
    await page.getByRole("button", { name: "List all 101" }).click();
    await list.filter({ hasText: /Seal leaks, Pump 1, [^]* to / }).waitFor();
    await areThere(list.locator("a"), told + 1);
  });

  test("H2: a machine shows six hours of four values with its alarms and episodes, and leads to more of them", async (context) => {
    await using line = await new Fixture(folder, {
      ...size,
      machines: 2,
      condition: "trouble",
    }).start();
    const page = await view.newPage();
    context.after(() => page.close());
    const asked: URLSearchParams[] = [];
    page.on("request", (one) => {
      if (one.url().includes("/history?")) asked.push(new URL(one.url()).searchParams);
    });
    await page.goto(`${line.url}/#/machine/Pump%201`);
    await settled(page);
    const chart = page.locator(".brief-trend");
    await areThere(chart.locator(".pen-button"), 4);
    const [hours] = asked;
    assert.equal((Number(hours?.get("to")) - Number(hours?.get("from"))) / 3_600e6, 6);
    await areThere(chart.locator(".mark"), 6);
    // A pen says what the row of its value says, and nothing where that is not known.
    const pens = chart.locator(".pen-value");
    await eventually(
      () => Promise.all([pens.nth(1).innerText(), page.locator(".digits").nth(1).innerText()]),
      ([pen, digits]) => {
        assert.match(digits, /\d/);
        assert.equal(pen, `${digits} mm/s`);
      },
    );
    await says(pens.nth(3), "– – –");
    // The first values stand in sight below it, and stay where they are when the marks are listed elsewhere.
    const first = page.locator(".rows .indicator").first();
    const bottom = await page.locator("#page > nav").boundingBox();
    const box = await first.boundingBox();
    assert.ok(box !== null && bottom !== null && box.y + box.height <= bottom.y, "the first value");
    // Fingers and keys read it; it stays with the present.
    await chart.locator(".trend-plot").focus();
    await page.keyboard.press("PageUp");
    await page.keyboard.press("Home");
    await chart.locator(".range-cursor", { hasText: "Cursor at" }).waitFor();
    await page.keyboard.press("ArrowRight");
    await says(pens.first(), /\d+\.\d °C/);
    await chart.getByRole("button", { name: "List all 6" }).click();
    await areThere(chart.locator(".mark-list a"), 6);
    const hrefs = await chart
      .locator(".mark-list a")
      .evaluateAll((all) => all.map((one) => one.getAttribute("href")));
    assert.ok(hrefs.includes("#/alarms/active/bearing-hot"));
    await page.getByRole("link", { name: "Compare in Trends" }).click();
    await page.locator(".numbers").waitFor();
    await arrives(page, /#\/trends\/6h\/pump-1%2F0\/pump-1%2F1\/pump-1%2F2\/pump-1%2F3$/);
    await areThere(page.locator(".mark"), 6);
  });

  for (const watched of ["learning", "anomaly"] as const) {
    test(`H2: the first value of a machine is in sight below the longest head, ${watched}`, async (context) => {
      const name = "Deep-drawing press 4 in the north hall";
      await using line = await new Fixture(folder, {
        ...size,
        ...{ machines: 2, names: [name], condition: "trouble", watched },
      }).start();
      const page = await view.newPage();
      context.after(() => page.close());
      await page.goto(`${line.url}/#/machine/${encodeURIComponent(name)}`);
      await page
        .getByText(watched === "learning" ? "learning what is normal, 99 %" : /^Anomaly since/)
        .waitFor();
      await settled(page);
      await keepPicture(page, `hmi-machine-head-${watched}`);
      const room = await page.evaluate(() => {
        const first = document.querySelector(".rows .indicator")?.getBoundingClientRect();
        const nav = document.querySelector("#page > nav")?.getBoundingClientRect();
        return (nav?.top ?? NaN) - (first?.bottom ?? NaN);
      });
      context.diagnostic(`H2, ${watched}: ${room.toFixed(0)} px are left below the first value`);
      assert.ok(room >= 0, `the first value ends ${-room} px below the fold`);
      assert.deepEqual(await page.evaluate(findTextProblems), []);
      assert.deepEqual(await page.evaluate(findSmallTargets, 64), []);
    });
  }

  test("H2: where there is one machine only, its six hours are a tap away from its values, and so is the way back", async (context) => {
    await using line = await new Fixture(folder, { ...size, watched: "anomaly" }).start();
    const page = await view.newPage();
    context.after(() => page.close());
    await page.goto(line.url);
    await page.getByText(/^Anomaly since/).waitFor();
    await settled(page);
    await keepPicture(page, "hmi-one-machine");
    assert.equal(await page.locator(".tile").count(), 0);
    assert.deepEqual(await page.evaluate(findTextProblems), []);
    assert.deepEqual(await page.evaluate(findSmallTargets, 64), []);
    await page.getByRole("link", { name: "The last 6 hours" }).click();
    await page.locator(".brief-trend canvas").first().waitFor();
    await arrives(page, /#\/machine\/Pump%201$/);
    await page.getByRole("link", { name: "Back" }).click();
    await page.getByRole("link", { name: "The last 6 hours" }).waitFor();
  });

  test("H2: no value moves when the chart comes, and when a mark does", async (context) => {
    await using line = await new Fixture(folder, { ...size, machines: 2 }).start();
    const page = await view.newPage();
    context.after(() => page.close());
    for (const [width, height] of [
      [1280, 800],
      [390, 844],
    ] as const) {
      await page.setViewportSize({ width, height });
      // The chart comes once the places have been noted.
      const noted = Promise.withResolvers<undefined>();
      await page.unrouteAll();
      await page.route("**/assets/asset-trend-*.js", async (route) => {
        await noted.promise;
        await route.continue();
      });
      await page.goto(`${line.url}/?${width}#/machine/Pump%201`);
      // Whatever else stands above it has come, too.
      await page.locator(".link-status", { hasText: "Live" }).waitFor();
      await page.locator(".rows .indicator[data-state=good]").first().waitFor();
      await page.evaluate(() => document.fonts.ready);
      assert.equal(await page.locator(".brief-trend canvas").count(), 0);
      const top = async (): Promise<number> =>
        (await page.locator(".rows .indicator").first().boundingBox())?.y ?? NaN;
      const before = await top();
      noted.resolve(undefined);
      await settled(page);
      assert.ok(Math.abs((await top()) - before) <= 1, `${before} px became ${await top()} px`);
      const atUs = Date.now() * 1_000;
      line.mark(alarmEvent("raised", `Seal leaks at ${width}`, atUs, atUs));
      await page.getByRole("button", { name: /^List/ }).waitFor();
      assert.ok(Math.abs((await top()) - before) <= 1, `${before} px became ${await top()} px`);
    }
  });

  test("one cursor reads all tags, moved by mouse and by keys", async (context) => {
    const page = await open(context, "15min/pump-1%2F0/pump-1%2F10/pump-1%2F11");
    const values = page.locator(".pen-value");
    await says(values.nth(1), /Running/);
    await says(values.nth(2), /9\.0 kWh\/h/);
    await page.locator(".trend-plot").focus();
    await page.keyboard.press("Home");
    const cursor = page.locator(".range-cursor");
    const first = await says(cursor, /Cursor at \d+ \w+ \d\d:\d\d:\d\d/);
    for (let press = 0; press < 20; press++) await page.keyboard.press("ArrowRight");
    await eventually(
      () => cursor.innerText(),
      (later) => {
        assert.match(later, /Cursor at/);
        assert.notEqual(later, first);
      },
    );
    await says(values.first(), /\d+\.\d °C/);
  });

  test("a finger moves the chart and two stretch it; what was under them stays there", async (context) => {
    const touched = await openContext(browser, { ...panel, hasTouch: true });
    context.after(() => touched.close());
    const page = await touched.newPage();
    await page.goto(`${plant.url}/#/trends/8h/pump-1%2F0`);
    await settled(page);
    const session = await touched.newCDPSession(page);
    const box = await page.locator(".trend-plot .u-over").boundingBox();
    assert.ok(box !== null);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...shares: number[]) =>
      session.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: shares.map((share, id) => ({
          x: box.x + share * box.width,
          y: box.y + box.height / 2,
          id,
        })),
      });
    const shown = page.locator(".range-shown");
    const before = await shown.innerText();
    await touch("touchStart", 0.2);
    for (const share of [0.3, 0.45, 0.7]) await touch("touchMove", share);
    await touch("touchEnd");
    await eventually(
      () => shown.innerText(),
      (words) => {
        assert.notEqual(words, before);
      },
    );
    await carries(page.getByRole("button", { name: "Live" }), "aria-pressed", "false");
    /** Of the address, which follows when the fingers rest. */
    const spanOf = (): number => {
      const [, from = "", to = ""] = /\/(\d+)-(\d+)\//.exec(page.url()) ?? [];
      return to === "" ? NaN : Number(to) - Number(from);
    };
    const span = await eventually(spanOf, (found) => {
      assert.ok(Math.abs(found - 8 * 3_600) <= 2, `${found} s are shown after a pan`);
    });
    await touch("touchStart", 0.4, 0.6);
    for (const apart of [0.15, 0.2, 0.3]) await touch("touchMove", 0.5 - apart, 0.5 + apart);
    await touch("touchEnd");
    await eventually(spanOf, (closer) => {
      assert.ok(Math.abs(closer - span / 3) < span / 10, `${closer} s are shown after a pinch`);
    });
  });

  test("an address opens the same view: its values, its time, and where samples are minutes only", async (context) => {
    const toS = Math.floor(Date.now() / 1_000) - 20 * 3_600;
    const page = await open(context, `${toS - 28_800}-${toS}/pump-1%2F1/pump-1%2F2`);
    await carries(page.getByRole("button", { name: "Live" }), "aria-pressed", "false");
    const numbers = page.locator(".numbers");
    await says(numbers, /Vibration RMS, Pump 1[^]*samples, minutes only from \d+ \w+ \d\d:\d\d to/);
    await says(numbers, /Discharge pressure, Pump 1[^]*± 0\.02 bar/);
  });

  test("values are chosen and taken away, eight at most, and the address says which", async (context) => {
    const page = await open(context, "1h/pump-1%2F0");
    await page.getByRole("button", { name: "Choose values (1 of 8)" }).click();
    const list = page.locator(".choice-list");
    for (const name of ["Vibration RMS", "Discharge pressure", "Coolant flow", "Motor current"]) {
      await list.getByRole("button", { name }).click();
    }
    await page.getByLabel("Find a value by its name or machine").fill("oil");
    await list.getByRole("button", { name: "Oil temperature" }).click();
    await page.getByLabel("Find a value by its name or machine").fill("");
    for (const name of ["Speed", "Power"]) await list.getByRole("button", { name }).click();
    await page.getByText("8 values are shown, as many as a chart has pens.").waitFor();
    await list.getByRole("button", { name: "Suction pressure" }).click();
    // Had it been taken as a ninth, one that is taken away would leave eight.
    await list.getByRole("button", { name: "Bearing DE temperature" }).click();
    await page.getByRole("button", { name: "Choose values (7 of 8)" }).waitFor();
    await areThere(page.locator(".pen-button"), 7);
    await arrives(
      page,
      /#\/trends\/1h\/pump-1%2F1\/pump-1%2F2\/pump-1%2F3\/pump-1%2F4\/pump-1%2F8\//,
    );
    await areThere(page.locator(".numbers tbody tr"), 7);
  });

  test("choosing values leaves the page, and what is typed meanwhile, where they are; no press of several is lost", async (context) => {
    const page = await open(context, "1h/pump-1%2F0");
    await page.getByRole("button", { name: "Choose values (1 of 8)" }).click();
    // In one task, so that each comes before the page has followed the one before it, however quick the machine is.
    await page.evaluate(async () => {
      scrollTo(0, document.documentElement.scrollHeight);
      const buttons = [...document.querySelectorAll<HTMLElement>("main .button")];
      for (const name of ["8 h", "Speed", "Power"]) {
        buttons.find(({ textContent }) => textContent.startsWith(name))?.click();
      }
      document.querySelector<HTMLInputElement>(".choice input")?.focus();
      // The time of a chart is written into the address half a second after it moved: before this, which was set later.
      await new Promise((resolve) => setTimeout(resolve, 600));
    });
    await page.getByRole("button", { name: "Choose values (3 of 8)" }).waitFor();
    await arrives(page, /#\/trends\/8h\/pump-1%2F0\/pump-1%2F5\/pump-1%2F7$/);
    await settled(page);
    assert.ok((await page.evaluate(() => scrollY)) > 0, "the page went to its top");
    await page.keyboard.type("oil");
    await page.waitForFunction(() => document.querySelectorAll(".choice-list button").length === 1);
  });

  test("an earlier time is laid over the one shown, with the same pen, and stands in the address", async (context) => {
    const page = await open(context, "1h/pump-1%2F0/pump-1%2F10");
    await page.getByLabel("Compare").selectOption("8 h earlier");
    const rows = page.locator(".numbers tbody tr");
    await areThere(rows, 3);
    await arrives(page, /#\/trends\/1h~8h\/pump-1%2F0\/pump-1%2F10$/);
    await says(rows.nth(2), /^Bearing DE temperature, Pump 1, 8 h earlier\s+5\d\.|6\d\./);
    const pens = page.locator(".pen-button");
    await areThere(pens, 2, "states are not laid over");
    await says(pens.first(), /8 h earlier \d\d\.\d °C\s+\d\d\.\d °C/);
    // The gap of the time shown is told once, and is no gap of the time before it.
    await says(page.locator(".gap-list"), /1 gap[^]*\(2 values\)/);
    await keepPicture(page, "trends-compared");
    await page.getByRole("button", { name: "8 h", exact: true }).click();
    await arrives(page, /#\/trends\/8h~8h\//);
    await page.getByLabel("Compare").selectOption("with nothing");
    await areThere(rows, 2);
    await arrives(page, /#\/trends\/8h\//);
  });

  test("the chart of one value opens beside others, with the time it shows", async (context) => {
    const page = await view.newPage();
    context.after(() => page.close());
    await page.goto(`${plant.url}/#/tag/pump-1%2F3`);
    await settled(page);
    await page.getByRole("link", { name: "Compare in Trends" }).click();
    await page.waitForSelector(".numbers");
    await arrives(page, /#\/trends\/15min\/pump-1%2F3$/);
    await says(page.locator(".pen-button"), /Coolant flow/);
  });

  test("V9: a page that was hidden has its chart filled when it is shown again", async (context) => {
    await using line = await new Fixture(folder, size).start();
    // So short a time that what was missed is a wide part of it.
    const page = await open(context, "60s/pump-1%2F0", { server: line });
    const visible = (state: string): Promise<void> =>
      page.evaluate((to) => {
        Object.defineProperty(document, "visibilityState", { value: to, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, state);
    const highest = page.locator(".numbers tbody td").nth(2);
    let peak = 100;
    let hidden = { fromUs: 0, toUs: 0 };
    const filledMs = await leastOf(1_000, async () => {
      await visible("hidden");
      const fromUs = Date.now() * 1_000;
      await page.waitForTimeout(6_000);
      hidden = { fromUs, toUs: Date.now() * 1_000 };
      // One sample of the time in which nobody looked: no line that is only led across it has it.
      peak += 1;
      line.plantPeak("pump-1/0", peak, (hidden.fromUs + hidden.toUs) / 2);
      const shownMs = performance.now();
      await visible("visible");
      await highest.filter({ hasText: `${peak}.0 °C` }).waitFor();
      return performance.now() - shownMs;
    });
    atMost(context, "V9 chart filled after", filledMs, 1_000, "ms");
    await eventually(
      async () => penShare(page, ...(await sharesOf(page, hidden.fromUs, hidden.toUs))),
      (share) => {
        assert.ok(share > 0.95, "what was missed is not drawn");
      },
    );
  });

  test("V11: over plain HTTP under a name of the plant every screen can be looked at", async (context) => {
    const page = await view.newPage();
    context.after(() => page.close());
    const wrong: string[] = [];
    page.on("pageerror", (failure) => wrong.push(failure.message));
    const { port } = new URL(plant.url);
    await page.goto(`http://${panelName}:${port}/`);
    await settled(page);
    assert.equal(await page.evaluate(() => isSecureContext), false);
    for (const [name, hash] of Object.entries(hmiScreens)) {
      await goTo(page, hash);
      // Nobody signs in over plain HTTP (sign-in.test.ts), and a list of alarms may be empty.
      if (name === "signIn" || name === "alarms") continue;
      const empty = page.locator(".empty-state");
      await empty.waitFor({ state: "detached" }).catch(async () => {
        assert.fail(`${name}: ${(await empty.allInnerTexts()).join(" ")}`);
      });
    }
    await page.locator(".link-status", { hasText: "Live" }).waitFor();
    assert.deepEqual(wrong, []);
    context.diagnostic(`V11: ${Object.keys(hmiScreens).length} screens of looking, 0 errors`);
  });

  test("a gateway that goes leaves the picture, says so, and goes on by itself", async (context) => {
    await using mortal = await new Fixture(folder, size).start();
    const page = await open(context, "1h/pump-1%2F0", { server: mortal });
    await mortal.cut();
    await page.locator(".lost-notice").waitFor();
    assert.ok((await penShare(page, 0.4, 0.6)) > 0.95, "the picture has gone");
    await mortal.start();
    await page.locator(".lost-notice").waitFor({ state: "detached" });
    await page.locator(".numbers").waitFor();
  });
});
