/** How the HMI looks: access for everyone, sizes, colours (ux-guide 12, X). */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import type { Browser, Page } from "playwright-core";

import { buildPage, foreignRequests, launch, noChromium, openContext } from "./chromium.ts";
import { areThere, arrives, eventually, says } from "./eventually.ts";
import { Fixture, type Condition } from "./fixture-server.ts";
import { lookInThemes } from "./looks.ts";
import { findSmallTargets, findTextProblems } from "./page-probes.ts";
import { goTo, hmiScreens, keepPicture, resize, settled, themes, wear } from "./screens.ts";

/** More than any screen has to be reached. */
const pressesMax = 500;
/** These are not there in an empty plant. */
const needsTags: readonly string[] = ["machine", "value", "change"];
const demo = { machines: 4, tagsPerMachine: 30, rateHz: 1 };

void describe("the look of the HMI", { skip: noChromium }, () => {
  let browser: Browser;
  /** One page for all: to load one costs more than to look at a screen in each theme and size. */
  let page: Page;
  const fixtures = new Map<Condition, Fixture>();
  const seen = { themed: 0, sized: 0, vividMost: 0 };

  before(async () => {
    const folder = buildPage("edge-runtime", "src/serve/hmi");
    for (const condition of ["healthy", "trouble", "empty"] as const) {
      // In trouble everything stands there that takes room.
      const watched = condition === "trouble" ? ({ watched: "anomaly" } as const) : {};
      fixtures.set(
        condition,
        await new Fixture(folder, { ...demo, condition, ...watched }).start(),
      );
    }
    browser = await launch();
    const view = await openContext(browser, { width: 1280, height: 800 });
    page = await view.newPage();
  });
  after(async () => {
    await browser.close();
    for (const fixture of fixtures.values()) await fixture[Symbol.asyncDispose]();
  });

  const urlOf = (condition: Condition): string => fixtures.get(condition)?.url ?? "";

  /** The page of this plant, in the light theme, with nothing left of what another test did to its glass. */
  async function lookAt(condition: Condition, width: number, height: number): Promise<void> {
    await page.setViewportSize({ width, height });
    if (new URL(page.url()).origin !== urlOf(condition)) await page.goto(urlOf(condition));
    await page.evaluate(() => {
      document.adoptedStyleSheets = [];
    });
    await wear(page, "light");
  }

  for (const condition of ["healthy", "trouble", "empty"] as const) {
    const screens = Object.entries(hmiScreens).filter(
      ([name]) => condition !== "empty" || !needsTags.includes(name),
    );
    for (const [name, hash] of screens) {
      test(`X1, X6, X7: ${name}, ${condition}, can be used by everyone in each theme, and is grey in health`, async () => {
        await lookAt(condition, 1280, 800);
        await goTo(page, hash);
        const vivid = await lookInThemes(page, `hmi-${name}-${condition}`, condition === "healthy");
        seen.vividMost = Math.max(seen.vividMost, vivid);
        seen.themed += themes.length;
      });

      if (condition === "empty") continue;
      test(`X2, X3, X4: of ${name}, ${condition}, nothing is cut off on panels, at 200 % zoom and with wide text`, async () => {
        await lookAt(condition, 1280, 800);
        await goTo(page, hash);
        await hasRoom(`${name}-${condition}-1280`, true);
        await resize(page, 1920, 1080);
        await hasRoom(`${name}-${condition}-1920`);
        // A browser that zooms to 200 % lays out half the pixels.
        await resize(page, 640, 400);
        assert.deepEqual(await page.evaluate(findTextProblems), [], "X3: 200 % zoom");
        await resize(page, 1280, 800);
        await page.evaluate(() => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(
            "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }" +
              "p { margin-block-end: 2em !important; }",
          );
          document.adoptedStyleSheets = [sheet];
        });
        await settled(page);
        assert.deepEqual(await page.evaluate(findTextProblems), [], "X3: spacing of WCAG 1.4.12");
      });
    }
    if (condition === "empty") continue;
    for (const [name, hash] of screens) {
      test(`X2, X4: of ${name}, ${condition}, nothing is cut off or overlaps on phones`, async () => {
        await lookAt(condition, 390, 844);
        // It begins on the phone: what a panel turned into one shows may differ.
        await goTo(page, hash);
        await hasRoom(`${name}-${condition}-390`, true);
        await resize(page, 320, 640);
        await hasRoom(`${name}-${condition}-320`);
      });
    }
  }

  /** X2 and, where fingers are, X4. Kept as a picture in trouble, which shows more. */
  async function hasRoom(name: string, touched = false): Promise<void> {
    if (name.includes("trouble")) await keepPicture(page, `hmi-${name}`);
    assert.deepEqual(await page.evaluate(findTextProblems), [], `X2: ${name}`);
    // Every target fits a glove, and none touches the next.
    if (touched && name.includes("healthy"))
      assert.deepEqual(await page.evaluate(findSmallTargets, 64), [], `X4: ${name}`);
    seen.sized += 1;
  }

  test("X1, X2, X6, X7: every screen was looked at, in each theme and size", (context) => {
    const screens = Object.keys(hmiScreens).length;
    assert.equal(seen.themed, themes.length * (3 * screens - needsTags.length));
    assert.equal(seen.sized, 4 * 2 * screens);
    context.diagnostic(`X1: 0 violations on ${seen.themed} screens and themes`);
    context.diagnostic(
      `X6: 0 pixels; X7: at most ${(seen.vividMost * 100).toFixed(2)} % (limit 3 %)`,
    );
    context.diagnostic(`X2: 0 texts cut off or overlapping on ${seen.sized} screens and sizes`);
  });

  test("the theme that was chosen on this device is there when its page is loaded again", async () => {
    await page.goto(`${urlOf("healthy")}/${hmiScreens.gateway}`);
    await settled(page);
    const wears = (theme: string): Promise<unknown> =>
      eventually(
        () => page.evaluate(() => document.documentElement.dataset["theme"]),
        (worn) => {
          assert.equal(worn, theme);
        },
      );
    for (const [label, theme] of [
      ["Glare", "glare"],
      ["Light", "light"],
    ] as const) {
      await page.getByRole("button", { name: label, exact: true }).click();
      await wears(theme);
      await page.reload();
      await settled(page);
      await wears(theme);
    }
  });

  test("the box test is not blind: it finds what was planted", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
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
      await page.setViewportSize({ width, height });
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
    }
  });

  test("H1: 9 to 24 machines are in sight of a panel at once, each with its state and three values", async (context) => {
    const folder = buildPage("edge-runtime", "src/serve/hmi");
    for (const machines of [9, 16, 24]) {
      await using line = await new Fixture(folder, {
        ...{ machines, tagsPerMachine: 12, rateHz: 1 },
        condition: "trouble",
      }).start();
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.goto(line.url);
      await settled(page);
      await keepPicture(page, `hmi-machines-${machines}`);
      const tiles = page.locator(".tile");
      await areThere(tiles, machines);
      await areThere(page.locator(".tile .indicator"), 3 * machines);
      await areThere(page.locator(".last-hour"), machines <= 16 ? 1 : 0);
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
      await says(tiles.nth(1), /12 bad/);
    }
  });

  test("no tile moves when a value leaves its range, and the tile says it in words", async () => {
    await using line = await new Fixture(buildPage("edge-runtime", "src/serve/hmi"), {
      ...demo,
      machines: 7,
      condition: "healthy",
    }).start();
    await page.setViewportSize({ width: 1280, height: 800 });
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
    await says(page.locator(".tile").first(), /above normal[^]*below normal/);
    assert.deepEqual(await places(), before);
  });

  test("X5: everything is reached by keyboard, with a focus that is seen and not covered", async () => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(urlOf("healthy"));
    // The first screen is entered from another one, as every later one is.
    await goTo(page, hmiScreens.gateway);
    for (const hash of Object.values(hmiScreens)) {
      await goTo(page, hash);
      // What is reached is remembered by itself and not by its place: a panel that is filled while Tab is pressed moves places.
      const reached = await page.evaluateHandle(() => new WeakSet<Element>());
      // A new screen has the focus at its own beginning; what stands above it, or came there since, is reached after the end of
      // the page, where one press is for the browser's own controls.
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
        if (focus === undefined) continue;
        assert.equal(focus.seen, "3px");
        assert.ok(focus.bare, `focus on "${focus.name}" of ${hash} is covered`);
        missed = focus.missed;
      }
      assert.equal(missed, 0, `${hash}: not reached`);
    }
  });

  test("the tile of a machine, its values and the way back are taken by keyboard alone", async () => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(urlOf("healthy"));
    await settled(page);
    // What stands above the tiles is passed first.
    const onTile = (): Promise<boolean> =>
      page.evaluate(() => document.activeElement?.classList.contains("tile") ?? false);
    for (let press = 0; press < 5 && !(await onTile()); press++) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator(".rows a").first().press("Enter");
    await page.locator(".facts").first().waitFor();
    await page.locator(".back").press("Enter");
    await page.locator(".rows").first().waitFor();
    await arrives(page, /machine\/Pump%201$/);
  });

  test("L7: no page of this run asked another origin for anything", (context) => {
    assert.deepEqual(foreignRequests, []);
    context.diagnostic("L7: 0 requests to another origin");
  });
});
