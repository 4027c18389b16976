/** What is measured of a chart of several tags: how long until it is painted, and what it shows of it. */
import assert from "node:assert/strict";

import { systemClock } from "@millwright/kit";
import type { Page } from "playwright-core";

import { eventually } from "./eventually.ts";
import type { Fixture } from "./fixture-server.ts";

/** Eight measurements of one machine, of three units and more. */
export const eightTags: string = [0, 1, 2, 3, 4, 5, 6, 7].map((tag) => `pump-1%2F${tag}`).join("/");

export interface Answered {
  readonly bytes: number;
  /** From the moment in which the answer is there to the frame that shows it. */
  readonly paintedMs: number;
}

/** Installed before the page's own script: notes each history answer and the frame after it. */
export function watchAnswers(): void {
  const answers: { bytes: number; paintedMs: number }[] = [];
  (window as unknown as { answers: typeof answers }).answers = answers;
  const own = Object.getOwnPropertyDescriptor(Response.prototype, "arrayBuffer");
  const read = own?.value as (this: Response) => Promise<ArrayBuffer>;
  Response.prototype.arrayBuffer = async function (): Promise<ArrayBuffer> {
    const body = await read.call(this);
    const thereMs = performance.now();
    if (this.url.includes("/history?")) {
      // The chart is drawn in what follows the answer; a message is taken once the frame with it is on its way.
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () =>
          answers.push({ bytes: body.byteLength, paintedMs: performance.now() - thereMs });
        channel.port2.postMessage(0);
      });
    }
    return body;
  };
}

/**
 * Installed before the page's own script: the turns of a minute and more do not come. What a live chart asks for then it asks
 * because it was told something, however long the test takes.
 */
export function onlyAskedByNews(): void {
  const own = setInterval;
  const setIntervalShort = (call: () => void, everyMs = 0): unknown =>
    everyMs >= 60_000 ? 0 : own(call, everyMs);
  Object.assign(window, { setInterval: setIntervalShort });
}

/** Shows a span by its button and waits for its answer, within the page: to ask from outside is slow on a slow panel. */
export async function showSpan(page: Page, label: string): Promise<Answered> {
  return page.evaluate(async (text) => {
    const { answers } = window as unknown as { answers: Answered[] };
    const before = answers.length;
    const button = [...document.querySelectorAll("button")].find(
      ({ textContent }) => textContent === text,
    );
    if (button === undefined) throw new Error(`no button ${text}`);
    button.click();
    for (;;) {
      const found = answers.at(before);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }, label);
}

/** From a key on the chart to the frame that shows the step, ms, of each of these keys. */
export async function stepsOn(page: Page, keys: readonly string[]): Promise<number[]> {
  return page.evaluate(async (pressed) => {
    const plot = document.querySelector<HTMLElement>(".trend-plot");
    if (plot === null) throw new Error("no chart");
    const taken: number[] = [];
    for (const key of pressed) {
      const beganMs = performance.now();
      const shiftKey = key.startsWith("Arrow");
      plot.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey, bubbles: true }));
      await new Promise<void>((resolve) => {
        // Asked for after the chart has: it is called behind it, in the same frame.
        requestAnimationFrame(() => {
          const channel = new MessageChannel();
          channel.port1.onmessage = () => {
            taken.push(performance.now() - beganMs);
            resolve();
          };
          channel.port2.postMessage(0);
        });
      });
    }
    return taken;
  }, keys);
}

/** A range of the chart, as shares of its width from the left. */
export type Shares = readonly [number, number];

/**
 * Where a chart of the last hour has the plant's gap now: well within it, and the line before. The edge of a chart may
 * lag the clock by some seconds, and the gap moves left as the plant ages.
 */
export function gapOf(plant: Fixture): { readonly inside: Shares; readonly before: Shares } {
  const nowUs = systemClock.nowUs();
  const [from = 0, to = 0] = plant.gapUs().map((us) => 1 - (nowUs - us) / 3_600e6);
  const third = (to - from) / 3;
  return { inside: [from + third, to - third], before: [from - 0.2, from - 0.05] };
}

/** The plant's gap has no line across it in a chart of the last hour, and before it there is one. */
export async function gapIsDrawn(page: Page, plant: Fixture): Promise<void> {
  await eventually(
    async () => {
      const { inside, before } = gapOf(plant);
      return { inside: await penShare(page, ...inside), before: await penShare(page, ...before) };
    },
    ({ inside, before }) => {
      assert.equal(inside, 0, "a line crosses the gap");
      assert.ok(before > 0.95, "the line before the gap is missing");
    },
  );
}

/** Where a live chart that shows a minute has this time now, less a little at its ends. */
export async function sharesOf(page: Page, fromUs: number, toUs: number): Promise<Shares> {
  const nowUs = await page.evaluate(() => Date.now() * 1_000);
  const shareOf = (us: number): number => 1 - (nowUs - us) / 60e6;
  const little = 0.005;
  return [shareOf(fromUs) + little, Math.min(1, shareOf(toUs)) - little];
}

/** Part of the pixel columns between two shares of the chart in which something of the first pen stands. */
export async function penShare(page: Page, from: number, to: number): Promise<number> {
  return page.evaluate(
    ([begin = 0, end = 1]) => {
      const canvas = document.querySelector<HTMLCanvasElement>(".trend-plot canvas");
      const over = document.querySelector<HTMLElement>(".trend-plot .u-over");
      const context = canvas?.getContext("2d");
      if (!canvas || !over || !context) throw new Error("no chart");
      const scale = canvas.width / canvas.clientWidth;
      const left = over.offsetLeft * scale;
      const width = over.clientWidth * scale;
      // Without the axis below: the edges of its letters have colours of their own.
      const height = Math.round((over.offsetTop + over.clientHeight) * scale);
      const x = Math.round(left + begin * width);
      const count = Math.max(1, Math.round((end - begin) * width));
      const { data } = context.getImageData(x, 0, count, height);
      let found = 0;
      for (let column = 0; column < count; column++) {
        for (let row = 0; row < height; row++) {
          const at = 4 * (row * count + column);
          const blue = (data[at + 2] ?? 0) - (data[at] ?? 0);
          if ((data[at] ?? 255) < 60 && blue > 50) {
            found += 1;
            break;
          }
        }
      }
      return found / count;
    },
    [from, to],
  );
}
