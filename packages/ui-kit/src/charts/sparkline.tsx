/** The last hour of one tag, or another stretch of time, in a small canvas: normal band, line, and nothing where nothing was recorded. */
import { effect } from "@preact/signals";
import type { LiveTag } from "@millwright/wire-contract";
import type { HistoryLine } from "@millwright/wire-contract/history";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { loadHistory, summaryOf, type TimeRange } from "../live/history.ts";
import type { LiveStore } from "../live/live-store.ts";
import { afterPaint } from "../parts/paint-queue.ts";
import { quantityWords } from "../words/amounts.ts";
import { sayKit } from "../words/english.ts";

export interface SparklineProps {
  readonly store: LiveStore;
  readonly tag: LiveTag;
  /** Where history lives: `/api` on the HMI. */
  readonly base: string;
  /** Instead of the last hour. */
  readonly range?: TimeRange;
}

const hourUs = 3_600_000_000;
/** A pixel of a sparkline is about 20 s wide, so a new picture twice a minute is as live as it can look. */
const refreshMs = 30_000;

export function Sparkline(props: SparklineProps): JSX.Element {
  const { store, tag, base, range: asked } = props;
  const { fromUs: askedFromUs, toUs: askedToUs } = asked ?? {};
  const canvas = useRef<HTMLCanvasElement>(null);
  const [reads, setReads] = useState(() => sayKit("spark.none", { tag: tag.name }));

  useEffect(() => {
    const given = new AbortController();
    let last: Picture | undefined;
    const redraw = (): void => {
      if (canvas.current !== null && last !== undefined) draw(canvas.current, tag, last);
    };
    const refresh = async (): Promise<void> => {
      const nowUs = store.nowUs();
      if (nowUs === 0 || given.signal.aborted) return;
      const toUs = askedToUs ?? nowUs;
      const range = { fromUs: askedFromUs ?? toUs - hourUs, toUs };
      const width = canvas.current?.clientWidth ?? 200;
      const [history] = await loadHistory(base, [tag.id], range, width, given.signal);
      if (history === undefined) return;
      last = { history, ...range };
      redraw();
      const found = summaryOf(history.values);
      setReads(
        found === undefined
          ? sayKit("spark.none", { tag: tag.name })
          : sayKit("spark.reads", {
              tag: tag.name,
              min: quantityWords(tag, found.min),
              max: quantityWords(tag, found.max),
            }),
      );
    };
    // A picture that could not be fetched is fetched with the next turn; the old one stays.
    const turn = (): void => void refresh().catch(() => undefined);
    const timer = setInterval(turn, refreshMs);
    const unwatch = effect(() => {
      // The past may wait until the present stands on the screen.
      if (store.snapshots.value > 0) afterPaint(turn);
    });
    const sizes = new ResizeObserver(redraw);
    if (canvas.current !== null) sizes.observe(canvas.current);
    const themes = watchTheme(redraw);
    return () => {
      given.abort();
      clearInterval(timer);
      unwatch();
      sizes.disconnect();
      themes();
    };
  }, [store, tag, base, askedFromUs, askedToUs]);

  return <canvas class="sparkline" ref={canvas} role="img" aria-label={reads} />;
}

/** Canvas colours are read once; they are read again when the theme of the page changes. */
export function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  return () => {
    observer.disconnect();
  };
}

interface Picture extends TimeRange {
  readonly history: HistoryLine;
}

function draw(canvas: HTMLCanvasElement, tag: LiveTag, picture: Picture): void {
  const scale = window.devicePixelRatio;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  const found = summaryOf(picture.history.values);
  if (context === null || found === undefined) return;
  const style = getComputedStyle(canvas);
  context.scale(scale, scale);

  // The normal range stays in view, so that a flat line says whether it is flat in the right place.
  const low = Math.min(found.min, tag.low ?? found.min);
  const high = Math.max(found.max, tag.high ?? found.max);
  const span = high - low || 1;
  const y = (value: number): number => height - 3 - ((value - low) / span) * (height - 6);
  const x = (us: number): number =>
    ((us - picture.fromUs) / (picture.toUs - picture.fromUs)) * width;

  if (tag.low !== null || tag.high !== null) {
    const top = y(tag.high ?? high);
    const bottom = y(tag.low ?? low);
    context.fillStyle = style.getPropertyValue("--band");
    context.fillRect(0, top, width, bottom - top);
  }
  context.strokeStyle = style.getPropertyValue("--pen-1");
  context.lineWidth = 1.5;
  context.lineJoin = "round";
  context.beginPath();
  let pen = false;
  for (const [index, value] of picture.history.values.entries()) {
    const us = picture.history.times[index] ?? 0;
    if (!Number.isFinite(value)) pen = false;
    else if (pen) context.lineTo(x(us), y(value));
    else {
      context.moveTo(x(us), y(value));
      pen = true;
    }
  }
  context.stroke();
}
