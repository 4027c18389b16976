/** How the HMI looks: access for everyone, sizes, colours (ux-guide 12, X). */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import type { Browser } from "playwright-core";

import { violationsOn } from "./axe.ts";
import { buildPage, foreignRequests, launch, noChromium, openContext } from "./chromium.ts";
import { coloursOf } from "./colours.ts";
import { Fixture, type Condition } from "./fixture-server.ts";
import { findSmallTargets, findTextProblems } from "./page-probes.ts";
import { goTo, hmiScreens, keepPicture, settled } from "./screens.ts";

const themes = ["light", "dark", "glare"] as const;
/** More than any screen has to be reached. */
const pressesMax = 500;
const demo = { machines: 4, tagsPerMachine: 30, rateHz: 1 };

void describe("the look of the HMI", { skip: noChromium }, () => {
  let browser: Browser;
  const fixtures = new Map<Condition, Fixture>();

  before(async () => {
    const folder = buildPage("edge-runtime", "src/serve/hmi");
    for (const condition of ["healthy", "trouble", "empty"] as const) {
      fixtures.set(condition, await new Fixture(folder, { ...demo, condition }).start());
    }
    browser = await launch();
  });
  after(async () => {
    await browser.close();
    for (const fixture of fixtures.values()) await fixture[Symbol.asyncDispose]();
  });

  const urlOf = (condition: Condition): string => fixtures.get(condition)?.url ?? "";

  for (const [index, theme] of themes.entries()) {
    test(`X1, X6, X7: every screen in ${theme} can be used by everyone and is grey in health`, async (context) => {
      const view = await openContext(browser, { width: 1280, height: 800, theme });
      const page = await view.newPage();
      let screens = 0;
      let vividMost = 0;
      for (const condition of ["healthy", "trouble", "empty"] as const) {
        await page.goto(urlOf(condition));
        for (const [name, hash] of Object.entries(hmiScreens)) {
          if (condition === "empty" && (name === "machine" || name === "value")) continue;
          await goTo(page, hash);
          const found = await violationsOn(page, index === 0 ? "all" : "contrast");
          assert.deepEqual(found, [], `${name}, ${condition}, ${theme}`);
          screens += 1;
          const picture = await keepPicture(page, `hmi-${name}-${condition}-${theme}`);
          if (condition !== "healthy") continue;
          const colours = coloursOf(picture, index);
          vividMost = Math.max(vividMost, colours.vivid);
          assert.equal(colours.alarming, 0, `X6: ${name} has pixels in an alarm colour`);
          assert.ok(colours.vivid <= 0.03, `X7: ${name} has ${colours.vivid} vivid pixels`);
        }
      }
      context.diagnostic(`X1 ${theme}: 0 violations on ${screens} screens`);
      context.diagnostic(
        `X6 ${theme}: 0 pixels; X7: at most ${(vividMost * 100).toFixed(2)} % (limit 3 %)`,
      );
      await view.close();
    });
  }

  for (const [width, height] of [
    [1280, 800],
    [1920, 1080],
    [390, 844],
    [320, 640],
  ] as const) {
    test(`X2: nothing is cut off or overlaps at ${width}x${height}`, async () => {
      const view = await openContext(browser, { width, height });
      const page = await view.newPage();
      for (const condition of ["healthy", "trouble"] as const) {
        await page.goto(urlOf(condition));
        for (const [name, hash] of Object.entries(hmiScreens)) {
          await goTo(page, hash);
          // Pictures take longer than all else here, and what is in trouble shows more.
          if (condition === "trouble") await keepPicture(page, `hmi-${name}-${condition}-${width}`);
          assert.deepEqual(await page.evaluate(findTextProblems), [], `${name}, ${condition}`);
        }
      }
      await view.close();
    });
  }

  test("the box test is not blind: it finds what was planted", async () => {
    const view = await openContext(browser, { width: 390, height: 844 });
    const page = await view.newPage();
    await page.goto(urlOf("healthy"));
    await goTo(page, hmiScreens.machine);
    await page.evaluate(() => {
      const [name] = document.querySelectorAll<HTMLElement>(".indicator-name");
      const title = document.querySelector("h1");
      if (name !== undefined) {
        name.textContent = "A name without a place to break in";
        name.style.whiteSpace = "nowrap";
      }
      if (title !== null) {
        title.style.position = "absolute";
        title.style.top = "0";
      }
    });
    const kinds = (await page.evaluate(findTextProblems)).map((problem) => problem.kind);
    assert.ok(kinds.includes("overlap"));
    await page.setViewportSize({ width: 250, height: 640 });
    assert.notDeepEqual(await page.evaluate(findTextProblems), []);
    await view.close();
  });

  test("X3: nothing is cut off at 200 % zoom, nor with the text spacing of WCAG 1.4.12", async () => {
    // A browser that zooms to 200 % lays out half the pixels.
    const view = await openContext(browser, { width: 640, height: 400 });
    const page = await view.newPage();
    await page.goto(urlOf("trouble"));
    for (const spaced of [false, true]) {
      if (spaced) {
        await page.setViewportSize({ width: 1280, height: 800 });
        await page.evaluate(() => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(
            "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }",
          );
          document.adoptedStyleSheets = [sheet];
        });
      }
      for (const [name, hash] of Object.entries(hmiScreens)) {
        await goTo(page, hash);
        assert.deepEqual(await page.evaluate(findTextProblems), [], `${name}, spaced: ${spaced}`);
      }
    }
    await view.close();
  });

  test("H1: all machines of a line are in sight without scrolling, and on a panel their last hour too", async (context) => {
    await using line = await new Fixture(buildPage("edge-runtime", "src/serve/hmi"), {
      ...demo,
      machines: 7,
      condition: "trouble",
    }).start();
    for (const [width, height, last] of [
      [1280, 800, ".last-hour"],
      [1024, 768, ".tiles"],
    ] as const) {
      const view = await openContext(browser, { width, height });
      const page = await view.newPage();
      await page.goto(line.url);
      await settled(page);
      const room = await page.evaluate((name) => {
        const end = document.querySelector(name)?.getBoundingClientRect().bottom ?? NaN;
        return (document.querySelector("#page > nav")?.getBoundingClientRect().top ?? NaN) - end;
      }, last);
      context.diagnostic(`H1 ${width}x${height}: ${room.toFixed(0)} px are left below ${last}`);
      assert.ok(room >= 0, `${last} ends ${-room} px below the fold at ${width}x${height}`);
      await keepPicture(page, `hmi-line-${width}`);
      assert.deepEqual(await page.evaluate(findTextProblems), []);
      await view.close();
    }
  });

  test("H1: 9 to 24 machines are in sight of a panel at once, each with its state and three values", async (context) => {
    const folder = buildPage("edge-runtime", "src/serve/hmi");
    for (const machines of [9, 16, 24]) {
      await using line = await new Fixture(folder, {
        ...{ machines, tagsPerMachine: 12, rateHz: 1 },
        condition: "trouble",
      }).start();
      const view = await openContext(browser, { width: 1280, height: 800 });
      const page = await view.newPage();
      await page.goto(line.url);
      await settled(page);
      await keepPicture(page, `hmi-machines-${machines}`);
      const tiles = page.locator(".tile");
      assert.equal(await tiles.count(), machines);
      assert.equal(await page.locator(".tile .indicator").count(), 3 * machines);
      assert.equal(await page.locator(".last-hour").count(), machines <= 16 ? 1 : 0);
      const room = await page.evaluate(() => {
        const ends = [...document.querySelectorAll(".tile, .spark")].map(
          (one) => one.getBoundingClientRect().bottom,
        );
        const nav = document.querySelector("#page > nav");
        return (nav?.getBoundingClientRect().top ?? NaN) - Math.max(...ends);
      });
      context.diagnostic(`H1 ${machines} machines: ${room.toFixed(0)} px are left below the tiles`);
      assert.ok(room >= 0, `the tiles of ${machines} machines end ${-room} px below the fold`);
      assert.deepEqual(await page.evaluate(findTextProblems), []);
      assert.deepEqual(await page.evaluate(findSmallTargets, 64), []);
      // Each says how it is in words that stand in a place of their own.
      assert.match(await tiles.nth(1).innerText(), /12 bad/);
      await view.close();
    }
  });

  test("no tile moves when a value leaves its range, and the tile says it in words", async () => {
    await using line = await new Fixture(buildPage("edge-runtime", "src/serve/hmi"), {
      ...demo,
      machines: 7,
      condition: "healthy",
    }).start();
    const view = await openContext(browser, { width: 1280, height: 800 });
    const page = await view.newPage();
    await page.goto(line.url);
    await settled(page);
    const places = (): Promise<number[]> =>
      page
        .locator(".tile, .spark")
        .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
    const before = await places();
    line.set("pump-1/0", 500);
    line.set("pump-1/1", -500);
    await page.locator(".tile", { hasText: "2 outside normal" }).waitFor();
    const tile = await page.locator(".tile").first().innerText();
    assert.match(tile, /above normal[^]*below normal/);
    assert.deepEqual(await places(), before);
    await view.close();
  });

  test("X4: every target fits a glove, and none touches the next", async () => {
    for (const [width, height, leastPx] of [
      [1280, 800, 64],
      [390, 844, 64],
    ] as const) {
      const view = await openContext(browser, { width, height });
      const page = await view.newPage();
      await page.goto(urlOf("healthy"));
      for (const [name, hash] of Object.entries(hmiScreens)) {
        await goTo(page, hash);
        assert.deepEqual(await page.evaluate(findSmallTargets, leastPx), [], `${name} at ${width}`);
      }
      await view.close();
    }
  });

  test("X5: everything is reached by keyboard, with a focus that is seen and not covered", async () => {
    const view = await openContext(browser, { width: 1280, height: 800 });
    const page = await view.newPage();
    await page.goto(urlOf("healthy"));
    // The first screen is entered from another one, as every later one is.
    await goTo(page, hmiScreens.gateway);
    for (const hash of Object.values(hmiScreens)) {
      await goTo(page, hash);
      // What is reached is remembered by itself and not by its place: a panel that is filled while Tab is pressed moves places.
      const reached = await page.evaluateHandle(() => new WeakSet<Element>());
      // A new screen has the focus at its own beginning; what stands above it comes after the end of the page, which is
      // one press on the browser's own controls.
      let left = 0;
      let missed = Infinity;
      for (let press = 0; missed > 0 && press < pressesMax; press++) {
        await page.keyboard.press("Tab");
        const focus = await page.evaluate((before) => {
          const all = [...document.querySelectorAll("a[href], button, input, [tabindex='0']")];
          const one = document.activeElement;
          if (one === null || one === document.body) return undefined;
          before.add(one);
          const box = one.getBoundingClientRect();
          const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
          return {
            name: one.textContent,
            missed: all.filter((other) => !before.has(other)).length,
            seen: getComputedStyle(one).outlineWidth,
            bare: hit !== null && (one.contains(hit) || hit.contains(one)),
          };
        }, reached);
        if (focus === undefined) {
          left++;
          assert.ok(left <= 1, `press ${press} of ${hash} left the page again, ${missed} missed`);
          continue;
        }
        assert.equal(focus.seen, "3px");
        assert.ok(focus.bare, `focus on "${focus.name}" of ${hash} is covered`);
        missed = focus.missed;
      }
      assert.equal(missed, 0, `${hash}: not reached`);
    }
    await view.close();
  });

  test("the tile of a machine, its values and the way back are taken by keyboard alone", async () => {
    const view = await openContext(browser, { width: 1280, height: 800 });
    const page = await view.newPage();
    await page.goto(urlOf("healthy"));
    await settled(page);
    // What stands above the tiles is passed first.
    const onTile = (): Promise<boolean> =>
      page.evaluate(() => document.activeElement?.classList.contains("tile") ?? false);
    for (let press = 0; press < 5 && !(await onTile()); press++) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".rows");
    await page.locator(".rows a").first().focus();
    await page.keyboard.press("Enter");
    await page.waitForSelector(".facts");
    await page.locator(".back").focus();
    await page.keyboard.press("Enter");
    await page.waitForSelector(".rows");
    assert.match(page.url(), /machine\/Pump%201$/);
    await view.close();
  });

  test("L7: no page of this run asked another origin for anything", (context) => {
    assert.deepEqual(foreignRequests, []);
    context.diagnostic("L7: 0 requests to another origin");
  });
});
