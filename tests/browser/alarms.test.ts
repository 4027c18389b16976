/** Alarms on the HMI (ux-guide 12: A1 to A5, A7, X6, X8). Times are judged by `figures.ts`; here is what must be exact. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { alarmStates } from "@millwright/wire-contract/events";
import type { Browser, Page } from "playwright-core";
import { PNG } from "pngjs";

import { stormIds, stormOn } from "./alarm-measures.ts";
import { alarmRow } from "./alarm-plant.ts";
import { AlarmRig } from "./alarm-rig.ts";
import { buildPage, launch, noChromium, openContext } from "./chromium.ts";
import { coloursOf } from "./colours.ts";
import { areThere, eventually, says } from "./eventually.ts";
import { Fixture } from "./fixture-server.ts";
import { lookInThemes } from "./looks.ts";
import { findTextProblems } from "./page-probes.ts";
import { goTo, settled } from "./screens.ts";

const size = { machines: 1, tagsPerMachine: 5, rateHz: 1, condition: "healthy" } as const;

void describe("alarms on the HMI", { skip: noChromium }, () => {
  let browser: Browser;
  let folder = "";
  before(async () => {
    folder = buildPage("edge-runtime", "src/serve/hmi");
    browser = await launch();
  });
  after(async () => {
    await browser.close();
  });

  async function onPage(
    rig: AlarmRig,
    play: (page: Page, fixture: Fixture) => Promise<void>,
    hash = "#/alarms",
  ): Promise<void> {
    await using fixture = await new Fixture(folder, { ...size, alarms: rig.source }).start();
    const context = await openContext(browser, { width: 1280, height: 800 });
    try {
      const page = await context.newPage();
      await page.goto(`${fixture.url}/${hash}`);
      await settled(page);
      await play(page, fixture);
    } finally {
      await context.close();
    }
  }

  test("A1, A3, A4, A7, X1, X2: in a storm of 1,000 every alarm is counted, few rows are in the page, and the focused one stays", async (context) => {
    await using rig = await new AlarmRig(stormIds).start();
    for (const id of ["first", "second", "third"]) rig.alarms.raise(id);
    await onPage(rig, async (page) => {
      await page.waitForSelector('[data-alarm="second"]');
      const storm = await stormOn(page, rig, 2_000);

      const kept = (await rig.book.list({ kind: "alarm", max: 10_000 })).toReversed();
      const raised = kept.filter(
        (event) => event.kind === "alarm" && event.body.transition === "raised",
      );
      assert.deepEqual(
        raised.map(({ subject }) => subject),
        ["first", "second", "third", ...storm.raised],
        "A1: none lost, in the order in which they came",
      );
      assert.ok(raised.every(({ atUs }, at) => at === 0 || atUs >= (raised[at - 1]?.atUs ?? 0)));
      await says(page.locator(".alarm-recent"), /Flood: 1,003 alarms/);
      assert.ok(storm.rowsMax <= 60, `A3: ${storm.rowsMax} rows`);
      assert.equal(storm.movedPx, 0, "A4: the focused row has moved");
      await says(page.locator('[data-alarm="second"] .alarm-row-act'), "Acknowledged");
      for (const [at, { ms }] of storm.messages.entries()) {
        const gapMs = ms - (storm.messages[at - 1]?.ms ?? -Infinity);
        assert.ok(gapMs > 4_500, `A7: a message ${gapMs} ms after the one before`);
      }
      assert.match(storm.messages[0]?.text ?? "", /new urgent alarm/);
      await isUsable(page, "held");

      // What waited is let in: urgent ones by themselves, the newest first, the others as one group.
      await page.getByRole("button", { name: /\d+ new, show/ }).click();
      // As the gateway orders them: of a busy machine two may have come in one millisecond.
      const urgent = rig.alarms
        .list()
        .filter(({ priority, state }) => priority === 1 && state === "unacknowledged")
        .map(({ id }) => id);
      const [newest = ""] = urgent;
      await page.waitForFunction(
        (id) => document.querySelector<HTMLElement>(".alarm-window li")?.dataset["alarm"] === id,
        newest,
      );
      await eventually(
        () =>
          page.$$eval(".alarm-window li", (all) => all.map((one) => one.dataset["alarm"] ?? "")),
        (rows) => {
          assert.deepEqual(rows.slice(0, 4), urgent.slice(0, 4));
        },
      );
      await isUsable(page, "grouped");
      context.diagnostic(
        `A1: 1,000 in ${storm.tookMs.toFixed(0)} ms, exact; A2: ${Math.max(...storm.stripMs)} ms (limit 500); ` +
          `A3: ${storm.rowsMax} rows (limit 60); A4: ${storm.feedbackMs.toFixed(0)} ms (limit 100), ${storm.movedPx} px; ` +
          `A7: ${storm.messages.length} messages`,
      );
    });
  });

  /** X1 and X2 in a flood: in each theme, with what came held back and let in. */
  async function isUsable(page: Page, name: string): Promise<void> {
    await says(page.locator(".alarm-recent"), /Flood/);
    await lookInThemes(page, `hmi-alarms-flood-${name}`, false);
    assert.deepEqual(await page.evaluate(findTextProblems), [], `X2: flood, ${name}`);
  }

  test("A5: an alarm is acknowledged, shelved with a reason, taken out of service, latched and reset by people", async () => {
    await using rig = await new AlarmRig({ hot: 2, latch: 1 }).start();
    rig.alarms.raise("hot");
    rig.alarms.raise("latch");
    await onPage(rig, async (page) => {
      const words = async (id: string, wanted: RegExp): Promise<void> => {
        await page.waitForFunction(
          ([at, text]) =>
            new RegExp(text).test(
              document.querySelector(`[data-alarm="${at}"] .alarm-row-state`)?.textContent ?? "",
            ),
          [id, wanted.source] as const,
        );
      };
      const press = (name: string | RegExp): Promise<void> =>
        page.locator(".alarm-details").getByRole("button", { name, exact: true }).click();
      const tab = (name: RegExp): Promise<void> => page.getByRole("link", { name }).click();

      await words("hot", /^UNACK/);
      await page.locator('[data-alarm="hot"] .alarm-row-act').click();
      await words("hot", /^ACK/);
      rig.alarms.clear("latch");
      await tab(/^Returned 1/);
      await words("latch", /^RTN UNACK/);
      await page.locator('[data-alarm="latch"] .alarm-row-act').click();
      await words("latch", /^LATCHED/);
      await page.locator('[data-alarm="latch"] .alarm-row-act').click();
      await page.waitForFunction(
        () => document.querySelector(".alarm-tabs")?.textContent.includes("Returned 0") === true,
      );

      await tab(/^Active 1/);
      await page.locator('[data-alarm="hot"] .alarm-row-open').click();
      await press("1 h");
      await page.getByText("Shelving needs a reason. Write it first.").waitFor();
      await page.getByLabel("Reason").fill("sensor is being changed");
      await press("1 h");
      await tab(/^Shelved 1/);
      await words("hot", /^SHELVED (59 min|1 h)/);
      await press("End shelving");
      await tab(/^Active 1/);
      await words("hot", /^UNACK/);
      await page.getByLabel("Reason").fill("the next shift looks at it anew");
      await press(/^End of shift, \d\d:\d\d$/);
      await tab(/^Shelved 1/);
      await words("hot", /^SHELVED [23]\d min left/);
      const { untilUs = NaN } = rig.alarms.row("hot") ?? {};
      assert.equal(
        untilUs % 60_000_000,
        0,
        `a shift ends at a whole minute, and not at ${untilUs}`,
      );
      await press("End shelving");
      await tab(/^Active 1/);
      await words("hot", /^UNACK/);
      await page.getByLabel("Reason").fill("known until it has gone");
      await press("Until it clears");
      await tab(/^Shelved 1/);
      await words("hot", /^SHELVED until it clears, (7 h 59 min|8 h)/);
      rig.alarms.clear("hot");
      await page.waitForFunction(
        () => document.querySelector(".alarm-tabs")?.textContent.includes("Shelved 0") === true,
      );
      rig.alarms.raise("hot");
      await tab(/^Active 1/);
      await words("hot", /^UNACK/);
      await page.locator('[data-alarm="hot"] .alarm-row-open').click();
      await page.getByLabel("Work order number").fill("WO-2231");
      await press("Take out of service");
      await tab(/^Out of service 1/);
      await words("hot", /^OUT OF SERVICE, Ada Novak, WO-2231/);
      await press("Return to service");
      await tab(/^Active 1/);
      await words("hot", /^UNACK/);
      const transitions = (await rig.book.list({ kind: "alarm", subject: "hot", max: 100 }))
        .toReversed()
        .map((event) => (event.kind === "alarm" ? event.body.transition : ""));
      assert.deepEqual(transitions, [
        ...["raised", "acknowledged", "shelved", "unshelved", "shelved", "unshelved"],
        ...["shelved", "returned", "unshelved", "raised"],
        ...["taken-out-of-service", "returned-to-service"],
      ]);
    });
  });

  test("a gateway whose new settings have no shifts offers no shelf to the end of one, also where it did before", async () => {
    await using rig = await new AlarmRig({ hot: 2 }).start();
    rig.alarms.raise("hot");
    await onPage(rig, async (page, fixture) => {
      await page.locator('[data-alarm="hot"] .alarm-row-open').click();
      const untilShiftEnds = page.getByRole("button", { name: /^End of shift, / });
      await areThere(untilShiftEnds, 1);
      await page.getByLabel("Reason").fill("sensor is being changed");
      await fixture.cut();
      rig.shifts = undefined;
      await fixture.start();
      await areThere(untilShiftEnds, 0);
      // The form stands as it was, with what is typed in it.
      await areThere(page.getByRole("button", { name: "1 h", exact: true }), 1);
      assert.equal(await page.getByLabel("Reason").inputValue(), "sensor is being changed");
    });
  });

  test("H3: a note is written at an alarm, stays typed until it is kept, and stands beside it and in the history", async () => {
    await using rig = await new AlarmRig({ hot: 2 }).start();
    rig.alarms.raise("hot");
    await onPage(
      rig,
      async (page) => {
        const details = page.locator(".alarm-details");
        const field = details.getByLabel("What you saw or tried");
        const keep = details.getByRole("button", { name: "Keep the note" });
        await keep.click();
        await details.getByText("Not done: A note needs words.").waitFor();
        await field.fill("Hums at 1,480 /min");
        await page.route("**/api/alarms/act", (route) => route.abort());
        await keep.click();
        await details.getByText("The gateway did not answer.").waitFor();
        assert.equal(await field.inputValue(), "Hums at 1,480 /min");
        await page.unroute("**/api/alarms/act");
        await field.press("Enter");
        await details.getByText(/note by Ada Novak: Hums at 1,480 \/min$/).waitFor();
        await eventually(
          () => field.inputValue(),
          (text) => {
            assert.equal(text, "");
          },
        );
        for (const one of [field, keep]) {
          const box = await one.boundingBox();
          assert.ok(box !== null && box.height >= 64 && box.width >= 64, JSON.stringify(box));
        }
        assert.deepEqual(await page.evaluate(findTextProblems), []);
        await lookInThemes(page, "hmi-alarm-note", false);
        await page.getByRole("link", { name: "History" }).click();
        await page.locator(".alarm-story-long").getByText("note by Ada Novak").waitFor();
        await page.getByLabel("Find a text, machine or person").fill("1,480");
        await page.waitForFunction(
          () => document.querySelectorAll(".alarm-story-long li").length === 1,
        );
      },
      "#/alarms/active/hot",
    );
    const events = await rig.book.list({ kind: "alarm", max: 10 });
    const [note] = events.flatMap(({ kind, body }) => (kind === "alarm" ? (body.note ?? []) : []));
    assert.deepEqual(note, { text: "Hums at 1,480 /min", author: "Ada Novak" });
  });

  test("X6: a healthy plant has no pixel of an alarm colour, and one alarm has many", async () => {
    await using rig = await new AlarmRig({ hot: 2 }).start();
    await onPage(rig, async (page) => {
      await page.getByText("No active alarms").first().waitFor();
      assert.equal(coloursOf(await page.screenshot(), 0).alarming, 0);
      rig.alarms.raise("hot");
      await page.waitForSelector(".alarm-strip");
      await eventually(
        async () => coloursOf(await page.screenshot(), 0).alarming,
        (alarming) => {
          assert.ok(alarming > 50, "the test is not blind");
        },
      );
    });
  });

  test("X8: every state and priority of an alarm differs in shape with its colours removed", async (context) => {
    await using fixture = await new Fixture(folder, { ...size, condition: "trouble" }).start();
    const view = await openContext(browser, { width: 1280, height: 800 });
    const page = await view.newPage();
    await page.emulateMedia({ reducedMotion: "reduce" });
    // The symbols of the product, each on the same ground: what the page draws of a row is taken over into a table.
    const states = alarmStates.filter((state) => state !== "normal");
    const rows = states.flatMap((state) =>
      ([1, 2, 3] as const).map((priority) => alarmRow(state, priority, Date.now() * 1_000)),
    );
    await page.route("**/api/alarms?*", async (route) => {
      const answer = await route.fetch();
      const json = (await answer.json()) as object;
      await route.fulfill({ json: { ...json, rows } });
    });
    await page.goto(`${fixture.url}/#/alarms`);
    await settled(page);
    const pictures = new Map<string, Buffer>();
    const words = new Map<string, string>();
    for (const [tab, ...on] of [
      ["active", "unacknowledged", "acknowledged"],
      ["returned", "returned", "latched"],
      ["shelved", "shelved"],
      ["suppressed", "suppressed"],
      ["out-of-service", "out-of-service"],
    ] as const) {
      await goTo(page, `#/alarms/${tab}`);
      await page.locator(`.alarm-tabs [aria-current][href$="${tab}"]`).waitFor();
      await areThere(page.locator(".alarm-window li"), 3 * on.length, tab);
      await page.evaluate(() => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(".alarm-row-open { filter: grayscale(1) }");
        document.adoptedStyleSheets = [sheet];
      });
      for (const row of await page.locator(".alarm-window li").all()) {
        const id = (await row.getAttribute("data-alarm")) ?? "";
        words.set(
          id,
          (await row.locator(".alarm-row-state strong").innerText()).split(/ \d|[:,]/)[0] ?? "",
        );
        // H3 says which alarms are the machine's own.
        const facts = await row.locator(".alarm-row-facts").innerText();
        assert.equal(facts.includes("said by the machine"), id.startsWith("alarm/returned/"), id);
        pictures.set(id, await row.locator(".alarm-symbol").screenshot());
      }
    }
    assert.equal(pictures.size, rows.length);
    let least = Infinity;
    const all = [...pictures];
    for (const [at, [one, a]] of all.entries()) {
      for (const [other, b] of all.slice(at + 1)) {
        const share = differing(a, b);
        least = Math.min(least, share);
        assert.ok(share > 0.02, `${one} and ${other} look alike without colours: ${share}`);
      }
    }
    assert.equal(new Set(words.values()).size, states.length, [...words.values()].join());
    context.diagnostic(
      `X8: ${all.length} symbols, at least ${(least * 100).toFixed(1)} % of the pixels differ; ${states.length} words`,
    );
    await view.close();
  });
});

/** Share of the pixels whose grey differs clearly. */
function differing(a: Buffer, b: Buffer): number {
  const [one, other] = [PNG.sync.read(a), PNG.sync.read(b)];
  const [width, height] = [Math.min(one.width, other.width), Math.min(one.height, other.height)];
  let count = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const grey = one.data[(y * one.width + x) * 4] ?? 0;
      const otherGrey = other.data[(y * other.width + x) * 4] ?? 0;
      if (Math.abs(grey - otherGrey) > 40) count += 1;
    }
  }
  return count / (width * height);
}
