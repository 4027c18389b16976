/** What is measured of a page in time. Tests assert what the page keeps with a margin; `figures.ts` prints all of it. */
import type { Page } from "playwright-core";

import type { Fixture } from "./fixture-server.ts";

export interface Loaded {
  readonly paintMs: number;
  /** The first value was in a frame. */
  readonly valueMs: number;
  /** The first value was written into the page; its frame follows. */
  readonly writtenMs: number;
  readonly blockedMs: number;
}

/** Of a page that was opened with `watchFirstValue`. */
export async function loadedOn(page: Page): Promise<Loaded> {
  await page.waitForFunction(() => "firstValueMs" in window);
  return page.evaluate(() => {
    const state = window as unknown as {
      firstValueMs: number;
      firstValueWrittenMs: number;
      longTasksMs: number;
    };
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    return {
      paintMs: paint?.startTime ?? NaN,
      valueMs: state.firstValueMs,
      writtenMs: state.firstValueWrittenMs,
      blockedMs: state.longTasksMs,
    };
  });
}

/** On a machine that does other things as well only what hangs is told from what is slow: `figures.ts` judges the limits. */
export const margin = 30;

/** Rounds of a measurement. What else the machine does can only make a page slower, so the best round is the page's own. */
const roundsMax = 3;

/** Measures until a round keeps what a test asserts, the limit with its margin, a few times at most; answers the least. */
export async function leastOf(limit: number, measure: () => Promise<number>): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < roundsMax && least > limit * margin; round++) {
    least = Math.min(least, await measure());
  }
  return least;
}

/** Frames that the page gets in `ms`, and the longest time between two. */
export async function framesOf(page: Page, ms: number): Promise<{ rate: number; worstMs: number }> {
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

/** From `change` until all values of the page are in one state, or have nobody to ask. */
export async function untilAll(
  page: Page,
  state: "good" | "stale",
  change: () => Promise<unknown>,
): Promise<number> {
  const fromMs = performance.now();
  await change();
  await page.waitForFunction(
    (wanted) =>
      [...document.querySelectorAll<HTMLElement>(".indicator")].every(
        ({ dataset }) => dataset["state"] === wanted || dataset["state"] === "away",
      ),
    state,
    { polling: 50 },
  );
  return performance.now() - fromMs;
}

/** From the touch to the first frame that shows an answer, and to the frame with the whole new screen. */
export async function tapOn(
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

/** Delays from a change at the source to the frame that shows it, ms, of `changes` changes of the first value. */
export async function delaysOn(page: Page, plant: Fixture, changes: number): Promise<number[]> {
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
  let last = "";
  for (let change = 0; change < changes; change++) {
    const value = 50.1 + change / 2;
    last = value.toFixed(1);
    set.set(last, plant.set("pump-1/0", value));
    // Steps that share no beat with the tenth of a second of the stream.
    await new Promise((resolve) => setTimeout(resolve, 137));
  }
  // A page that is behind merges changes into the newest, so the last one is what must come.
  await page.waitForFunction(
    (text) => (window as unknown as { seen: [string, number][] }).seen.some(([at]) => at === text),
    last,
  );
  const seen = await page.evaluate(() => (window as unknown as { seen: [string, number][] }).seen);
  // One that was merged into a later one is as late as that: left out, a page that shows one in ten would be quick.
  return [...set].map(([, setMs], at) => {
    const newer = [...set.keys()].slice(at);
    return (seen.find(([text]) => newer.includes(text))?.[1] ?? Infinity) - setMs;
  });
}

/** From a keystroke in the search of the console to the frame with the one row that is left, ms. */
export async function filterOn(page: Page, text: string): Promise<number> {
  return page.evaluate(
    (typed) =>
      new Promise<number>((resolve) => {
        const input = document.querySelector("input");
        if (input === null) throw new Error("no search");
        const startMs = performance.now();
        const look = (): void => {
          if (document.querySelectorAll(".gateways tbody tr").length === 1)
            resolve(performance.now() - startMs);
          else requestAnimationFrame(look);
        };
        input.value = typed;
        input.dispatchEvent(new Event("input", { bubbles: true }));
        requestAnimationFrame(look);
      }),
    text,
  );
}
