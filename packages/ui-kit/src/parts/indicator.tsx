/**
 * One value as a row: name, where it stands in its normal range, digits, unit, and what is to be said about it. The
 * row is rendered once; after that only text and the pointer's `transform` are written.
 */
import { effect, untracked } from "@preact/signals";
import type { LiveTag } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import type { ValueView } from "../live/freshness.ts";
import type { LiveStore } from "../live/live-store.ts";
import { pointerAt, scaleOf, type RangeScale } from "../live/range-scale.ts";
import { noteOf, rangeWords, shortNoteOf } from "../live/view-words.ts";
import { amountScale, quantityOf } from "../words/amounts.ts";
import { sayKit } from "../words/english.ts";
import { numberOf, padding, valueWords } from "../words/numbers.ts";
import { unitWords } from "../words/units.ts";
import { writeData, writeText, writeTransform } from "./paint.ts";
import { paintNever, paintSoon } from "./paint-queue.ts";
import { watchNear } from "./seen.ts";

export interface IndicatorProps {
  readonly store: LiveStore;
  readonly tag: LiveTag;
  /** Most decimals in the column, so that the points stand below each other. */
  readonly decimalsMax: number;
  /** Where a tap leads; without it the row is not a target. */
  readonly href?: string;
  /** Says only what is wrong, and shortly: for tiles, whose height must not change with their values. */
  readonly brief?: boolean;
}

export function Indicator(props: IndicatorProps): JSX.Element {
  const { store, tag, brief = false } = props;
  const row = useRef<HTMLElement | null>(null);
  const hold = (element: HTMLElement | null): void => {
    row.current = element;
  };
  useLayoutEffect(() => {
    const element = row.current;
    if (element === null) return undefined;
    const painter = createPainter(element, tag, props.decimalsMax, brief);
    const paint = (): void =>
      painter.paint(
        store,
        untracked(() => store.view(tag)),
      );
    let rest: (() => void) | undefined;
    const unwatch = watchNear(element, (near) => {
      rest?.();
      paintNever(paint);
      rest = near
        ? effect(() => {
            // Reads what the row depends on; the frame that paints it reads it again, as it is then.
            store.watch(tag);
            paintSoon(paint);
          })
        : undefined;
      // Far from the screen nothing is painted, so nothing may stand there that could be taken for live.
      if (!near) painter.blank();
    });
    return () => {
      unwatch();
      rest?.();
      paintNever(paint);
    };
  }, [store, tag, props.decimalsMax, brief]);

  const scale = scaleOf(tag);
  const content = (
    <>
      <span class="indicator-name">{tag.name}</span>
      <RangeIndicator scale={scale} reads={rangeWords(tag)} />
      <span class="indicator-value">
        <span class="digits">{sayKit("value.none")}</span>
        <span class="pad" aria-hidden="true" />
      </span>
      <span class="indicator-unit">{unitWords(tag.unit)}</span>
      <span class="indicator-note" />
    </>
  );
  return props.href === undefined ? (
    <div class="indicator" data-ranged={scale !== undefined} ref={hold}>
      {content}
    </div>
  ) : (
    <a class="indicator" data-ranged={scale !== undefined} href={props.href} ref={hold}>
      {content}
    </a>
  );
}

/** Track, normal band and pointer. Without a stated range the place stays empty, so columns keep their line. */
export function RangeIndicator(props: {
  readonly scale: RangeScale | undefined;
  readonly reads: string;
}): JSX.Element {
  const { scale } = props;
  if (scale === undefined) return <span class="range-none" />;
  return (
    <span class="range-track">
      <span
        class="range-band"
        style={{
          left: `${scale.bandFrom * 100}%`,
          width: `${(scale.bandTo - scale.bandFrom) * 100}%`,
        }}
      />
      <span class="range-pointer" />
      <span class="hidden-text">{props.reads}</span>
    </span>
  );
}

interface Painter {
  paint(store: LiveStore, view: ValueView): void;
  blank(): void;
}

function createPainter(
  row: HTMLElement,
  tag: LiveTag,
  decimalsMax: number,
  brief: boolean,
): Painter {
  const part = (name: string): HTMLElement | null => row.querySelector(`.${name}`);
  const digits = part("digits");
  const pad = part("pad");
  const note = part("indicator-note");
  const pointer = part("range-pointer");
  const unit = part("indicator-unit");
  const scale = scaleOf(tag);
  // Words stand at the edge of the column; only numbers have a point to line up.
  const numeric = Object.keys(tag.texts).length === 0;
  return {
    paint(store, view) {
      const value = store.value(tag.id).value;
      const shown = view.state !== "bad" && view.state !== "missing" && value !== undefined;
      const number = shown ? numberOf(value.v) : undefined;
      writeData(row, "state", view.state);
      writeData(row, "range", view.range);
      // The prefix of an amount of data follows the value; every other unit stands for good.
      const amount =
        number === undefined || amountScale(tag.unit, number) === undefined
          ? undefined
          : quantityOf(tag, number);
      if (amount !== undefined) writeText(unit, amount.unit);
      writeText(digits, digitsOf(tag, view, value?.v ?? null, shown, amount?.digits));
      writeText(
        pad,
        numeric && typeof value?.v === "number" && shown
          ? padding(amount?.decimals ?? tag.decimals, decimalsMax)
          : "",
      );
      writeText(note, brief ? shortNoteOf(view) : noteOf(view, store.secondUs.value));
      if (scale !== undefined && number !== undefined) {
        const at = pointerAt(scale, number);
        writeTransform(pointer, `translateX(${(at.share * 100).toFixed(1)}%)`);
        writeData(pointer, "beyond", at.beyond);
      }
    },
    blank() {
      writeData(row, "state", "away");
      writeText(digits, sayKit("value.none"));
      writeText(note, "");
    },
  };
}

function digitsOf(
  tag: LiveTag,
  view: ValueView,
  value: number | string | boolean | null,
  shown: boolean,
  amount: string | undefined,
): string {
  if (!shown) return sayKit("value.none");
  const words = amount ?? valueWords(tag, value);
  return view.state === "uncertain" ? `${words}?` : words;
}
