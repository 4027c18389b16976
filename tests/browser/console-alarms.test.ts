/** C4, the alarms of the fleet: what is active, what was, and whether the alarm system is healthy. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { systemClock } from "@millwright/kit";
import type { AlarmEvent, AlarmState, EventRecord } from "@millwright/wire-contract/events";
import type { Hono } from "hono";
import type { Page } from "playwright-core";

import { noChromium } from "./chromium.ts";
import { coloursOf } from "./colours.ts";
import { consoleRig, desk } from "./console-rig.ts";
import { areThere, carries, says } from "./eventually.ts";
import { Fixture } from "./fixture-server.ts";
import { lookInThemes } from "./looks.ts";
import { findTextProblems } from "./page-probes.ts";
import { goTo, keepPicture, settled } from "./screens.ts";

const screens = {
  active: "#/alarms",
  history: "#/alarms/history/7d/all/-",
  load: "#/alarms/load/7",
} as const;

const nowUs = systemClock.nowUs();

function alarmEvent(state: AlarmState, priority: 1 | 2 | 3, message: string): AlarmEvent {
  const raisedUs = nowUs - 600e6;
  const reading = { value: 96.4, limit: 90, unit: "Cel", tag: "pump-1/0" };
  const person = state === "acknowledged" ? { person: "Ada Novak" } : {};
  return { transition: "raised", state, priority, message, raisedUs, ...reading, ...person };
}

/** As the hub orders them; the first page of events names a second one. */
class Hub {
  readonly asked: string[] = [];
  alarms: readonly { readonly gateway: string; readonly event: AlarmEvent }[] = [
    { gateway: "gw-0003", event: alarmEvent("unacknowledged", 1, "Guard door open") },
    { gateway: "gw-0002", event: alarmEvent("unacknowledged", 3, "Filter is clogged") },
    { gateway: "gw-0001", event: alarmEvent("acknowledged", 2, "Bearing temperature high") },
  ];

  addRoutes(app: Hono): void {
    app.get("/api/alarms", (context) =>
      context.json({
        more: false,
        alarms: this.alarms.map(({ gateway, event }) => ({
          ...{ gateway, alarm: event.message.toLowerCase().replaceAll(" ", "-"), asset: "Pump 1" },
          ...{ atUs: nowUs - 600e6, event },
        })),
      }),
    );
    app.get("/api/events", (context) => {
      const query = context.req.query();
      this.asked.push(new URL(context.req.url).search);
      const from = query["after"] === undefined ? 100 : 50;
      const events = Array.from({ length: 50 }, (_, at) => eventOf(from - at));
      return context.json({ events, ...(from === 100 ? { next: "1.2" } : {}) });
    });
    app.get("/api/alarms/load", (context) => {
      const of = (name: string, gateways: number, perDay: number, busy: number): object => ({
        name,
        gateways,
        kpis: {
          ...{ alarms: perDay * 7, perOperatorPerDay: perDay, perOperatorPerHour: perDay / 24 },
          ...{ busyWindowShare: busy, peakInTenMinutes: 12, floodShare: 0.002, floods: 1 },
          ...{ frequent: [{ gateway: "gw-0001", alarm: "guard-door-open", count: 31 }] },
          ...{ frequentShare: 0.4, chattering: 1, fleeting: 0, standing: 2 },
          ...{ priorityShares: [0.06, 0.14, 0.8], coveredWithoutPermission: 0 },
          ...{ acknowledgedAfterMedianS: perDay > 10 ? 95 : null, acknowledgedAfterP95S: 1_210 },
        },
      });
      return context.json({
        ...{ fromUs: nowUs - 7 * 86_400e6, toUs: nowUs, shortened: false },
        fleet: of("", 4, 40, 0.004),
        sites: [of("Brno / Stamping", 2, 160, 0.03), of("Lyon / Paint", 2, 4, 0)],
        gateways: [of("gw-0001", 1, 160, 0.03), of("gw-0002", 1, 4, 0)],
      });
    });
  }
}

function eventOf(number: number): EventRecord & { gateway: string; journalUs: number } {
  const common = { number, atUs: nowUs - (100 - number) * 60e6, asset: "Pump 1", journalUs: 1 };
  if (number % 2 === 0) {
    const told = alarmEvent(number % 4 === 0 ? "unacknowledged" : "normal", 2, `Alarm ${number}`);
    const note = { text: "Lubricated; hums on.", author: "Tomáš Dvořák" };
    const body = number === 98 ? ({ ...told, transition: "annotated", note } as const) : told;
    return { ...common, gateway: "gw-0001", kind: "alarm", subject: `a-${number}`, body };
  }
  const origin = { kind: "hmi", who: "Ada Novak" } as const;
  const body = { outcome: "confirmed", tag: "pump-1/speed", value: number, origin } as const;
  return { ...common, gateway: "gw-0002", kind: "command", subject: `c-${number}`, body };
}

void describe("the alarms of the console", { skip: noChromium }, () => {
  const rig = consoleRig();
  /** One page for all: to load one costs more than to look at its screens. */
  let page: Page;
  let fixture: Fixture;
  const hub = new Hub();

  before(async () => {
    fixture = await new Fixture(rig.folder, {
      ...{ machines: 1, tagsPerMachine: 4, rateHz: 1, gateways: 4, condition: "trouble" },
      alarms: {
        addRoutes: (app) => {
          hub.addRoutes(app);
        },
        onNews: () => () => undefined,
      },
    }).start();
    page = await rig.newPage();
    await page.goto(fixture.url);
  });
  after(async () => {
    await fixture[Symbol.asyncDispose]();
  });

  for (const [name, hash] of Object.entries(screens)) {
    test(`X1, X2: ${name} of C4 can be used by everyone in each theme, and nothing of it is cut off, on a phone neither`, async () => {
      await page.setViewportSize(desk);
      await goTo(page, hash);
      assert.deepEqual(await page.evaluate(findTextProblems), [], name);
      await lookInThemes(page, `console-alarms-${name}`, false);
      await page.setViewportSize({ width: 390, height: 844 });
      // It begins on the phone: what a desk turned into one shows may differ.
      await goTo(page, "#/");
      await goTo(page, hash);
      await keepPicture(page, `console-alarms-${name}-390`);
      assert.deepEqual(await page.evaluate(findTextProblems), [], `${name} on a phone`);
    });
  }

  test("C4: the worst alarm stands first, with its gateway and whether that reports, and nothing acknowledges", async () => {
    await page.setViewportSize(desk);
    await page.goto(`${fixture.url}/${screens.active}`);
    await settled(page);
    const rows = page.locator(".alarm-table tbody tr");
    await says(
      rows.first(),
      /Guard door open\s+96\.4 °C, limit 90\s+Pump 1\s+Gdansk pumps 3 Gdansk \/ Utilities[^]*silent, last heard \d+ min ago/,
    );
    await areThere(rows, 3);
    await page.getByText("Alarms are acknowledged at their gateway.").waitFor();
    assert.equal(await page.getByRole("button", { name: /acknowledge/i }).count(), 0);
    await page.getByLabel("Find by message").fill("lyon");
    await areThere(rows, 1);
    await says(rows.first(), /Filter is clogged/);
  });

  test("C4: the history is filtered by its address, has pages, and goes into a file", async () => {
    await page.setViewportSize(desk);
    await page.goto(`${fixture.url}/${screens.history}`);
    await settled(page);
    const rows = page.locator(".alarm-table tbody tr");
    await says(rows.first(), /Alarm 100: raised\s+a-100/);
    await says(
      rows.nth(1),
      /Commands\s+pump-1\/speed = 99: confirmed\s+c-99\s+Pump 1\s+Lyon paint shop 2\s+Ada Novak/,
    );
    await says(rows.nth(2), /Alarm 98: “Lubricated; hums on\.”\s+a-98[^]*Tomáš Dvořák/);
    await page.getByRole("button", { name: "Older" }).click();
    await page.getByText("Alarm 50: raised").waitFor();
    assert.match(hub.asked.at(-1) ?? "", /^\?max=50&from=\d{16}&after=1\.2$/);
    await areThere(page.getByRole("button", { name: "Older" }), 0, "the last page");
    await page.getByLabel("What").selectOption("command");
    await page.getByLabel("Where").selectOption("Site Brno / Stamping");
    await page.waitForFunction(() =>
      location.hash.endsWith("/command/site%3ABrno%20%2F%20Stamping"),
    );
    await carries(
      page.getByRole("link", { name: "As CSV" }),
      "href",
      /^\/api\/events\.csv\?from=\d{16}&kind=command&gateway=gw-0001%2Cgw-0004$/,
    );
  });

  test("C4: the load shows each number beside its aim, and what is beyond it", async () => {
    await page.setViewportSize(desk);
    await page.goto(`${fixture.url}/${screens.load}`);
    await settled(page);
    const rows = page.locator(".load-table tbody tr");
    await says(rows.nth(0), /^Aim\s+at most 144\s+at most 6\s+below 1 %/);
    await says(rows.nth(1), /^All gateways\s+280\s+40\s+1\.7\s+0\.4 %\s+12/);
    await says(rows.nth(2), /^Site Brno \/ Stamping\s+1,120\s+160/);
    const beyond = await rows.nth(2).locator('[data-short="true"]').allInnerTexts();
    assert.deepEqual(beyond, ["160", "6.7", "3 %", "12", "40 %", "1"]);
    await says(rows.nth(5), /^Lyon paint shop 2[^]*–$/);
    await page.getByText("Brno press line 1, guard-door-open: 31 times").waitFor();
  });

  test("X6: without alarms the screen is grey, and says what is not known", async () => {
    const before = hub.alarms;
    hub.alarms = [];
    await page.goto("about:blank");
    await page.goto(`${fixture.url}/${screens.active}`);
    await page.getByText("No gateway has told of an alarm that stands").waitFor();
    await settled(page);
    const colours = coloursOf(await keepPicture(page, "console-alarms-none-light"), 0);
    assert.equal(colours.alarming, 0, "X6: pixels in an alarm colour");
    hub.alarms = before;
  });
});
