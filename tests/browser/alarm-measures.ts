/** What is measured of alarms in a page: tests assert counts and places, `figures.ts` the times. */
import type { Page } from "playwright-core";

import type { AlarmRig } from "./alarm-rig.ts";

/** Three that are there before, and a thousand that come; every fiftieth is urgent. */
export const stormIds: Readonly<Record<string, 1 | 2 | 3>> = Object.fromEntries([
  ...["first", "second", "third"].map((id) => [id, 1] as const),
  ...Array.from({ length: 1_000 }, (_, at) => {
    const id = `alarm ${String(at).padStart(4, "0")}`;
    return [id, at % 50 === 49 ? 1 : 3] as const;
  }),
]);

export interface Storm {
  /** In the order in which they were raised. */
  readonly raised: readonly string[];
  readonly tookMs: number;
  /** Most rows that were in the page at once. */
  readonly rowsMax: number;
  /** How far the focused row has moved, px. */
  readonly movedPx: number;
  /** From the tap on "Acknowledge" to a frame that says that it is under way, ms. */
  readonly feedbackMs: number;
  /** From a new urgent alarm to a frame in which the strip says so, ms, of each that was looked at. */
  readonly stripMs: readonly number[];
  /** Longest frames while the list was being scrolled, p95, ms. */
  readonly scrollP95Ms: number;
  /** What a screen reader was told. */
  readonly messages: readonly { readonly text: string; readonly ms: number }[];
}

/** Raises a thousand alarms on a page that shows the list with the row of "second" focused. */
export async function stormOn(page: Page, rig: AlarmRig, overMs: number): Promise<Storm> {
  const ids = Object.keys(stormIds).slice(3);
  await page.evaluate(() => {
    const seen = {
      rowsMax: 0,
      messages: [] as { text: string; ms: number }[],
      frames: [] as number[],
      last: 0,
    };
    (window as unknown as { seen: typeof seen }).seen = seen;
    const region = document.querySelector(".alarm-announcements");
    if (region === null) throw new Error("no live region");
    new MutationObserver(() => {
      const text = region.textContent;
      // An empty region says nothing, and the same words once more are no change.
      if (text === "" || text === seen.messages.at(-1)?.text) return;
      seen.messages.push({ text, ms: performance.now() });
    }).observe(region, {
      ...{ childList: true, characterData: true, subtree: true },
    });
    const frame = (nowMs: number): void => {
      seen.rowsMax = Math.max(seen.rowsMax, document.querySelectorAll(".alarm-window li").length);
      if (seen.last > 0) seen.frames.push(nowMs - seen.last);
      seen.last = nowMs;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  const row = page.locator('[data-alarm="second"]');
  await row.locator(".alarm-row-open").focus();
  const topPx = async (): Promise<number> => (await row.boundingBox())?.y ?? NaN;
  const before = await topPx();

  const raised: string[] = [];
  const startMs = performance.now();
  const stripMs: number[] = [];
  let looking: Promise<void> = Promise.resolve();
  let feedbackMs = NaN;
  for (const [at, id] of ids.entries()) {
    const dueMs = (overMs / ids.length) * at;
    const aheadMs = dueMs - (performance.now() - startMs);
    if (aheadMs > 1) await new Promise((resolve) => setTimeout(resolve, aheadMs));
    const urgent = stormIds[id] === 1;
    const watched = urgent && at % 250 === 249;
    if (watched) {
      await looking;
      looking = stripOn(page, id, () => raised.push(id) && rig.alarms.raise(id)).then((ms) => {
        stripMs.push(ms);
      });
      await looking;
    } else {
      raised.push(id);
      rig.alarms.raise(id);
    }
    if (at === 500) feedbackMs = await acknowledgeOn(page, "second");
  }
  const tookMs = performance.now() - startMs;
  await page.waitForFunction(
    (text) => document.querySelector(".alarm-tabs")?.textContent.includes(text) === true,
    `Active ${ids.length + 3}`,
  );
  const movedPx = Math.abs((await topPx()) - before);
  const frames = await scrollOn(page);
  const seen = await page.evaluate(
    () => (window as unknown as { seen: Pick<Storm, "rowsMax" | "messages"> }).seen,
  );
  return {
    ...{ raised, tookMs, movedPx, feedbackMs, stripMs },
    ...{ rowsMax: seen.rowsMax, messages: seen.messages, scrollP95Ms: frames },
  };
}

/** Both ends in one clock: that of the browser is the same machine's. */
async function stripOn(page: Page, id: string, raise: () => unknown): Promise<number> {
  const shown = page.evaluate(
    (text) =>
      new Promise<number>((resolve) => {
        const look = (): void => {
          if (document.querySelector(".alarm-strip")?.textContent.includes(text) === true) {
            requestAnimationFrame(() => {
              resolve(Date.now());
            });
          } else requestAnimationFrame(look);
        };
        look();
      }),
    `${id} too high`,
  );
  const fromMs = Date.now();
  raise();
  return (await shown) - fromMs;
}

async function acknowledgeOn(page: Page, id: string): Promise<number> {
  const button = page.locator(`[data-alarm="${id}"] .alarm-row-act`);
  const measured = button.evaluate(
    (element) =>
      new Promise<number>((resolve) => {
        const words = element.textContent;
        element.addEventListener(
          "click",
          (event) => {
            const look = (): void => {
              if (element.textContent === words) requestAnimationFrame(look);
              else resolve(performance.now() - event.timeStamp);
            };
            requestAnimationFrame(look);
          },
          { once: true },
        );
      }),
  );
  await button.click();
  return measured;
}

/** Scrolls the list to its end and back, as a finger does. @returns p95 of the frames, ms */
async function scrollOn(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const list = document.querySelector(".alarm-window");
        if (list === null) throw new Error("no list");
        const frames: number[] = [];
        let last = 0;
        let step = 0;
        const frame = (nowMs: number): void => {
          if (last > 0) frames.push(nowMs - last);
          last = nowMs;
          list.scrollTop = Math.abs(((step * 60) % 4_000) - 2_000);
          if (step++ < 120) requestAnimationFrame(frame);
          else {
            list.scrollTop = 0;
            frames.sort((a, b) => a - b);
            resolve(frames[Math.ceil(frames.length * 0.95) - 1] ?? NaN);
          }
        };
        requestAnimationFrame(frame);
      }),
  );
}
