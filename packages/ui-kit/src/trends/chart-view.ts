/**
 * One chart on the screen: what was recorded, what arrives now, the range it shows, and the cursor. Nothing is rendered
 * anew while it moves: a step of a finger draws what is there, and what is missing is asked for when the hand rests.
 */
import { effect, signal, type Signal } from "@preact/signals";
import type { HistoryLine } from "@millwright/wire-contract/history";

import { followTag } from "../charts/follow-tag.ts";
import { watchTheme } from "../charts/sparkline.tsx";
import { Trace } from "../charts/trace.ts";
import { drawnAs, drawnTag, rateOf, type Drawn } from "./drawn.ts";
import { followFingers } from "./gestures.ts";
import type { PlotBand } from "./band-between.ts";
import type { Plot } from "./plot.ts";
import { atNow, spanOf, type TrendRange } from "./trend-range.ts";
import { gapsTogether, loadSources, type TrendSource } from "./trend-source.ts";

export interface ChartViewOptions {
  readonly place: HTMLElement;
  readonly sources: readonly TrendSource[];
  readonly height: number;
  readonly range: Signal<TrendRange>;
  readonly front: Signal<number>;
  readonly nowUs: () => number;
  readonly wallMs: () => number;
  /** Fingers read it and do not move it. */
  readonly still?: boolean;
  /** Where the lines come from, when they are not the history of the sources. */
  readonly own?: OwnLines;
}

/** Lines that are reckoned of more than the values shown, and how they are drawn. */
export interface OwnLines {
  /** In the order of the sources. */
  readonly load: (
    range: TrendRange,
    widthPx: number,
    signal: AbortSignal,
  ) => Promise<readonly HistoryLine[]>;
  /** A live chart is asked for anew so often, ms. */
  readonly refreshMs: number;
  /** By place of the source: the pen it is drawn with, where that is not the one of its place. */
  readonly pens?: readonly number[];
  readonly band?: PlotBand;
  /** Times are before and after a beginning, and none of the calendar. */
  readonly relative?: boolean;
}

/** What the words around the picture say. */
export interface Shown {
  readonly lines: readonly HistoryLine[];
  readonly drawn: readonly Drawn[];
  readonly range: TrendRange;
}

/** A hand that rests so long has arrived; until then nothing is asked for. */
const restMs = 150;
/** Live points make a picture that is as live as it can look. */
const redrawMs = 1_000;
/** A chart that is followed by live values is fetched anew so often, that those do not pile up beside the reduced past. */
const refreshLiveMs = 60_000;
/** One that is not is asked for again when a pixel has passed, within these. */
const refreshMsMin = 2_000;

export class ChartView {
  readonly cursor: Signal<number | undefined> = signal<number | undefined>(undefined);
  readonly shown: Signal<Shown | undefined> = signal<Shown | undefined>(undefined);
  /** As it was painted last. */
  readonly painted: Signal<TrendRange | undefined> = signal<TrendRange | undefined>(undefined);
  /** The plot without its axes, once it is drawn: what lies beside it on the time axis is laid by it. */
  readonly over: Signal<HTMLElement | undefined> = signal<HTMLElement | undefined>(undefined);
  readonly loading: Signal<boolean> = signal(false);
  readonly failedMs: Signal<number | undefined> = signal<number | undefined>(undefined);
  readonly #options: ChartViewOptions;
  readonly #traces: readonly Trace[];
  readonly #ends: (() => void)[] = [];
  #lines: readonly HistoryLine[] = [];
  #plot: Plot | undefined;
  #asked: AbortController | undefined;
  /** What was asked for last, whether it has come or not. */
  #askedFor: TrendRange | undefined;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #frame = 0;
  #telling = 0;
  #closed = false;

  constructor(options: ChartViewOptions) {
    this.#options = options;
    const { sources, range } = options;
    this.#traces = sources.map(() => new Trace());
    for (const [at, { store, tag }] of sources.entries()) {
      const trace = this.#traces[at];
      if (store === undefined || trace === undefined) continue;
      this.#ends.push(
        effect(() => {
          // What stands still is not followed: a line would lead from it to the present.
          if (range.value.live) followTag(store, tag, trace);
          else trace.interrupt();
        }),
      );
    }
    const stores = new Set(sources.flatMap(({ store }) => store ?? []));
    for (const store of stores) {
      this.#ends.push(
        effect(() => {
          // After a break something may be missing.
          if (store.snapshots.value > 0) this.load();
        }),
      );
    }
    if (stores.size === 0) this.load();
    this.#ends.push(effect(() => this.#moved(range.value)));
    this.#ends.push(
      effect(() => {
        if (options.front.value >= 0) this.#paintSoon();
      }),
    );
    const every = options.own?.refreshMs ?? (stores.size > 0 ? refreshLiveMs : refreshMsMin);
    let sinceMs = 0;
    const refresh = setInterval(() => {
      sinceMs += every;
      const { live } = range.peek();
      const pixelMs = spanOf(range.peek()) / 1_000 / Math.max(1, options.place.clientWidth);
      if (!live || sinceMs < Math.min(refreshLiveMs, pixelMs)) return;
      sinceMs = 0;
      this.load();
    }, every);
    const redraw = setInterval(() => {
      if (range.peek().live) this.#paintSoon();
    }, redrawMs);
    this.#ends.push(
      () => clearInterval(refresh),
      () => clearInterval(redraw),
    );
    const build = (): void =>
      void this.#build().catch(() => {
        this.failedMs.value = options.wallMs();
      });
    build();
    // The stylesheet of the page may still be on its way to the new theme.
    this.#ends.push(watchTheme(build));
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#ends) end();
    clearTimeout(this.#rest);
    cancelAnimationFrame(this.#frame);
    cancelAnimationFrame(this.#telling);
    this.#asked?.abort();
    this.#plot?.close();
  }

  putCursor(seconds: number): void {
    this.#plot?.putCursor(seconds);
  }

  /** Asks for what the range shows; an answer that is still on its way is given up. */
  load(): void {
    clearTimeout(this.#rest);
    this.#asked?.abort();
    const asked = new AbortController();
    this.#asked = asked;
    this.#askedFor = this.#options.range.peek();
    this.#load(asked.signal).catch(() => {
      if (asked.signal.aborted) return;
      this.loading.value = false;
      this.failedMs.value = this.#options.wallMs();
    });
  }

  async #load(given: AbortSignal): Promise<void> {
    const { sources, range, nowUs, place } = this.#options;
    if (nowUs() === 0) return;
    const wanted = atNow(range.peek(), nowUs());
    this.loading.value = true;
    const width = this.#plot?.over.clientWidth ?? place.clientWidth;
    const { own } = this.#options;
    const lines =
      own === undefined
        ? await loadSources(sources, wanted, width || 1_000, given)
        : await own.load(wanted, width || 1_000, given);
    if (given.aborted) return;
    this.#lines = lines;
    for (const [at, trace] of this.#traces.entries()) {
      const line = lines[at];
      if (line === undefined) continue;
      // Only an answer that reaches the present is continued by what came live.
      const goesOn = wanted.live && sources[at]?.earlier === undefined && own === undefined;
      if (!goesOn) trace.clear();
      trace.load(line);
    }
    this.failedMs.value = undefined;
    this.loading.value = false;
    this.#paint();
    this.#tellSoon(atNow(range.peek(), nowUs()));
  }

  async #build(): Promise<void> {
    const { place, sources, height, range, nowUs, own } = this.#options;
    // The library comes with the first chart: the overview does not wait for it.
    const { createPlot } = await import("./plot.ts");
    if (this.#closed) return;
    this.#plot?.close();
    const plot = createPlot({
      place,
      height,
      tags: sources.map(({ tag }) => drawnTag(tag)),
      earlier: new Map(
        sources.flatMap(({ earlier }, at) => (earlier === undefined ? [] : [[at, earlier.pen]])),
      ),
      ...own,
      onCursor: (seconds) => {
        this.cursor.value = seconds;
      },
    });
    this.#plot = plot;
    this.over.value = plot.over;
    if (this.#options.still !== true) {
      const letGo = followFingers(plot.over, {
        range: () => atNow(range.peek(), nowUs()),
        nowUs,
        move: (next) => {
          range.value = next;
        },
      });
      this.#ends.push(letGo);
    }
    this.#paint();
  }

  #moved(range: TrendRange): void {
    this.#paintSoon();
    clearTimeout(this.#rest);
    // Also where the first answer is still on its way: it may be a long one, and is given up.
    const asked = this.#askedFor;
    if (asked === undefined) return;
    if (asked.fromUs === range.fromUs && asked.toUs === range.toUs) return;
    this.#rest = setTimeout(() => this.load(), restMs);
  }

  #paintSoon(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #paint(): void {
    const { range, front, nowUs } = this.#options;
    if (nowUs() === 0) return;
    const painted = atNow(range.peek(), nowUs());
    const { fromUs, toUs } = painted;
    this.#plot?.draw({
      drawn: this.#drawn(fromUs, toUs),
      gaps: gapsTogether(this.#lines).map(({ gap }) => gap),
      fromUs,
      toUs,
      front: front.peek(),
    });
    // Words after the picture, which asks the page for its measures.
    this.painted.value = painted;
  }

  #drawn(fromUs: number, toUs: number): readonly Drawn[] {
    const { sources, place } = this.#options;
    const width = this.#plot?.width() ?? place.clientWidth;
    const columnS = (toUs - fromUs) / 1e6 / Math.max(1, width / 2);
    return this.#traces.map((trace, at) => {
      const source = sources[at];
      if (source === undefined) return { times: [], values: [] };
      const { store, tag } = source;
      const view = store?.view(tag);
      const holds = view?.state === "good" || view?.state === "uncertain";
      trace.hold(view !== undefined && holds ? view.proofUs : -Infinity);
      const [times, values] = trace.drawn();
      return drawnAs(tag) === "rate" ? rateOf({ times, values }, columnS) : { times, values };
    });
  }

  /** The picture first: tables of numbers and gaps come with the frame after it. */
  #tellSoon(shown: TrendRange): void {
    cancelAnimationFrame(this.#telling);
    this.#telling = requestAnimationFrame(() => {
      this.#telling = requestAnimationFrame(() => this.#tell(shown));
    });
  }

  #tell(shown: TrendRange): void {
    this.shown.value = {
      lines: this.#lines,
      drawn: this.#drawn(shown.fromUs, shown.toUs),
      range: shown,
    };
  }
}
