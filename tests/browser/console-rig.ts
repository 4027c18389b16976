/** The built console in a browser, before hubs that a suite makes: what all of its suites begin and end with. */
import assert from "node:assert/strict";
import { after, before, type TestContext } from "node:test";

import type { Browser, Page } from "playwright-core";

import { buildPage, foreignRequests, launch, openContext } from "./chromium.ts";
import { Fixture, type Condition, type FixtureOptions } from "./fixture-server.ts";
import { settled } from "./screens.ts";

export const desk: Glass = { width: 1440, height: 900 };

export type Glass = Readonly<Record<"width" | "height", number>>;

export interface ConsoleRig {
  /** Of the built pages. */
  readonly folder: string;
  /** A page in a view of its own, for all tests: to load one costs more than to look at a screen. */
  newPage(glass?: Glass): Promise<Page>;
  /** A hub for one test. */
  hubOf(context: TestContext, options: FixtureOptions): Promise<Fixture>;
  /** For one test: a person with a view of their own before this screen. */
  personAt(context: TestContext, address: string, glass?: Glass): Promise<Page>;
}

/** For the suite in which it is called: there while its tests run. No page of it asks another origin for anything (L7). */
export function consoleRig(): ConsoleRig {
  let browser: Browser | undefined;
  let folder = "";
  before(async () => {
    folder = buildPage("cloud-hub", "src/serve/console");
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    assert.deepEqual(foreignRequests, []);
  });
  return {
    get folder() {
      return folder;
    },
    async newPage(glass = desk) {
      assert.ok(browser !== undefined, "the suite has begun");
      const view = await openContext(browser, { ...glass, theme: "light" });
      return view.newPage();
    },
    async hubOf(context, options) {
      const hub = await new Fixture(folder, options).start();
      context.after(() => hub[Symbol.asyncDispose]());
      return hub;
    },
    async personAt(context, address, glass) {
      const page = await this.newPage(glass);
      context.after(() => page.context().close());
      await page.goto(address);
      await settled(page);
      return page;
    },
  };
}

/** A hub in health, one in trouble and one of which nothing is known yet, for the suite in which it is called. @returns their addresses */
export function hubsOfAllConditions(rig: ConsoleRig): (condition: Condition) => string {
  const hubs = new Map<Condition, Fixture>();
  before(async () => {
    const size = { machines: 4, tagsPerMachine: 30, rateHz: 1, gateways: 12 };
    for (const condition of ["healthy", "trouble", "empty"] as const) {
      hubs.set(condition, await new Fixture(rig.folder, { ...size, condition }).start());
    }
  });
  after(async () => {
    for (const hub of hubs.values()) await hub[Symbol.asyncDispose]();
  });
  return (condition) => hubs.get(condition)?.url ?? "";
}
