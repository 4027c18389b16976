/** What can be said and done about samples that the hub was not told: decided here, shown by `repair-list.tsx`. */
import type { TimeRange } from "../live/history.ts";

/** An entry of the hub's ledger, as far as it is looked at here. */
export interface LedgerPart {
  readonly reason: string;
  readonly fromUs: number;
  readonly toUs: number;
  /** Whether the gateway has the samples, or minutes and hours of them, or nothing. */
  readonly repair: "raw" | "thinned" | "none";
}

/** What the ledger says of one tag in the range. */
export interface TagLedger {
  readonly tag: string;
  readonly parts: readonly LedgerPart[];
}

/** A repair as the hub tells it. */
export interface RepairOrder {
  readonly id: number;
  readonly tags: readonly string[];
  readonly fromUs: number;
  readonly toUs: number;
  /** What its answer may bring onto the road. */
  readonly kbitPerS: number;
  readonly state: string;
  /** 0 to 1. */
  readonly done: number;
  readonly healed: number;
  readonly note: string;
  readonly comparison?: { readonly agrees: boolean };
}

/** What one repair would bring. */
export interface RepairChance extends TimeRange {
  readonly tags: readonly string[];
  /** Why it is not here, in the words of the ledger. */
  readonly reasons: readonly string[];
}

export interface RepairView {
  /** Absent when nothing is there, or all of it was brought or is on its way. */
  readonly offer?: RepairChance;
  /** Of this time the gateway has minutes and hours only. */
  readonly thinned?: TimeRange;
  /** Repairs of these tags that touch the range, the newest first. */
  readonly orders: readonly RepairOrder[];
  /** One of them is not over. */
  readonly running: boolean;
}

/** More would push the page away. */
const ordersShown = 3;
const overStates: readonly string[] = ["done", "refused", "cancelled"];

export function isOver({ state }: Pick<RepairOrder, "state">): boolean {
  return overStates.includes(state);
}

/** @param ledger of each tag that is shown; those of one gateway are brought by one order */
export function repairView(
  ledger: readonly TagLedger[],
  all: readonly RepairOrder[],
  range: TimeRange,
): RepairView {
  const shown = new Set(ledger.map(({ tag }) => tag));
  const orders = all
    .filter(({ tags }) => tags.some((tag) => shown.has(tag)))
    .filter(({ fromUs, toUs }) => fromUs < range.toUs && toUs > range.fromUs);
  const wanted = ledger.flatMap(({ tag, parts }) => {
    const raw = parts.filter(({ repair }) => repair === "raw");
    const span = spanOf(raw, range);
    if (span === undefined || isBrought(all, tag, span)) return [];
    return [{ tag, span, reasons: raw.map(({ reason }) => reason) }];
  });
  const offer = spanOfAll(wanted.map(({ span }) => span));
  const thinned = spanOfAll(
    ledger.flatMap(
      ({ parts }) =>
        spanOf(
          parts.filter(({ repair }) => repair === "thinned"),
          range,
        ) ?? [],
    ),
  );
  return {
    ...(offer === undefined
      ? {}
      : {
          offer: {
            ...offer,
            tags: wanted.map(({ tag }) => tag),
            reasons: [...new Set(wanted.flatMap(({ reasons }) => reasons))],
          },
        }),
    ...(thinned === undefined ? {} : { thinned }),
    orders: orders.slice(0, ordersShown),
    running: orders.some((order) => !isOver(order)),
  };
}

/** All of it was brought and found to be whole, or is on its way. */
function isBrought(all: readonly RepairOrder[], tag: string, span: TimeRange): boolean {
  return all.some(
    (order) =>
      order.tags.includes(tag) &&
      order.fromUs <= span.fromUs &&
      order.toUs >= span.toUs &&
      (!isOver(order) || order.comparison?.agrees === true),
  );
}

/** From the first to the last moment of these entries, within the range. */
function spanOf(parts: readonly LedgerPart[], range: TimeRange): TimeRange | undefined {
  const span = spanOfAll(parts);
  if (span === undefined) return undefined;
  const fromUs = Math.floor(Math.max(range.fromUs, span.fromUs));
  // An entry holds its last moment; a range ends before its end.
  const toUs = Math.floor(Math.min(range.toUs, span.toUs + 1));
  return fromUs < toUs ? { fromUs, toUs } : undefined;
}

function spanOfAll(spans: readonly TimeRange[]): TimeRange | undefined {
  if (spans.length === 0) return undefined;
  return {
    fromUs: Math.min(...spans.map(({ fromUs }) => fromUs)),
    toUs: Math.max(...spans.map(({ toUs }) => toUs)),
  };
}
