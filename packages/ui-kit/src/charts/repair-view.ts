/** What can be said and done about samples that the hub was not told: decided here, shown by `repair-list.tsx`. */
import type { LossCount } from "@millwright/wire-contract";

import type { TimeRange } from "../live/history.ts";
import { isOrderOver, type PlacedOrder } from "../orders/order.ts";

/** An entry of the hub's ledger, as far as it is looked at here. */
export interface LedgerPart {
  readonly reason: string;
  /** Whose samples it counts. */
  readonly scope: { readonly kind: "gateway" | "device" | "tag" };
  readonly fromUs: number;
  readonly toUs: number;
  /** Samples, or polls that should have been, that it still stands for; absent where nobody counted them. */
  readonly charged?: LossCount;
  /** Whether the gateway has the samples, or minutes and hours of them, or the device alone may have them, or nobody. */
  readonly repair: "raw" | "thinned" | "device" | "none";
}

/** What the ledger says of one tag in the range. */
export interface TagLedger {
  readonly tag: string;
  readonly parts: readonly LedgerPart[];
}

/** A repair as the hub tells it. */
export interface RepairOrder extends PlacedOrder {
  /** `samples`, `minutes` or `hours`. */
  readonly resolution: string;
  /** `gateway` or `device`; left out by hubs of before. */
  readonly source?: string;
  /** What its answer may bring onto the road. */
  readonly kbitPerS: number;
  readonly healed: number;
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
  /** Of this time the gateway has minutes and hours only, and they were not brought yet. */
  readonly thinned?: RepairChance;
  /** What is missing, gap by gap, the newest first. */
  readonly missing: readonly Missing[];
  /** Repairs of these tags that touch the range, the newest first. */
  readonly orders: readonly RepairOrder[];
  /** One of them is not over. */
  readonly running: boolean;
}

/** A gap, with what it still stands for of all tags that are shown. */
export interface Missing extends TimeRange {
  readonly reason: string;
  readonly tags: readonly string[];
  /** `scheduled` are polls that should have been. */
  readonly count: LossCount;
  /** Whose samples an exact count is of: of an entry for a whole gateway or device nobody knows the part of each tag. */
  readonly of: LedgerPart["scope"]["kind"];
  /** `none` also while it is on its way, and once it was brought. */
  readonly repair: LedgerPart["repair"];
}

/** More would push the page away. */
const ordersShown = 3;

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
    if (span === undefined || isBrought(all, tag, span, "raw")) return [];
    return [{ tag, span, reasons: raw.map(({ reason }) => reason) }];
  });
  const offer = chanceOf(wanted);
  const coarse = ledger.flatMap(({ tag, parts }) => {
    const thinned = parts.filter(({ repair }) => repair === "thinned");
    const span = spanOf(thinned, range);
    if (span === undefined || isBrought(all, tag, span, "thinned")) return [];
    return [{ tag, span, reasons: thinned.map(({ reason }) => reason) }];
  });
  const thinned = chanceOf(coarse);
  return {
    ...(offer === undefined ? {} : { offer }),
    ...(thinned === undefined ? {} : { thinned }),
    missing: missingOf(ledger, all, range),
    orders: orders.slice(0, ordersShown),
    running: orders.some((order) => !isOrderOver(order)),
  };
}

function chanceOf(
  wanted: readonly {
    readonly tag: string;
    readonly span: TimeRange;
    readonly reasons: readonly string[];
  }[],
): RepairChance | undefined {
  const span = spanOfAll(wanted.map(({ span }) => span));
  if (span === undefined) return undefined;
  const reasons = [...new Set(wanted.flatMap(({ reasons }) => reasons))];
  return { ...span, tags: wanted.map(({ tag }) => tag), reasons };
}

/** Entries of several tags with one reason and time are one gap. What stands for nothing any more is none. */
function missingOf(
  ledger: readonly TagLedger[],
  all: readonly RepairOrder[],
  range: TimeRange,
): readonly Missing[] {
  const gaps = new Map<string, Missing>();
  for (const { tag, parts } of ledger) {
    for (const part of parts) {
      const { reason, charged, scope } = part;
      const span = spanOf([part], range);
      if (span === undefined || charged === undefined) continue;
      if (charged.kind !== "unknown" && charged.samples === 0) continue;
      // Polls that should have been are reckoned for each tag, whatever the entry is of.
      const of = charged.kind === "exact" ? scope.kind : "tag";
      // Two entries of a whole gateway stay two, also where they are cut to one range.
      const { fromUs, toUs } = of === "tag" ? span : part;
      const key = `${reason} ${fromUs} ${toUs} ${charged.kind} ${of} ${part.repair}`;
      const known = gaps.get(key);
      const repair = isBrought(all, tag, span, part.repair) ? "none" : part.repair;
      gaps.set(key, {
        ...span,
        reason,
        tags: [...(known?.tags ?? []), tag],
        // One entry, which each of its tags was told.
        count: known === undefined || of !== "tag" ? charged : sumOf(known.count, charged),
        of,
        repair: known === undefined || known.repair === "none" ? repair : known.repair,
      });
    }
  }
  return [...gaps.values()].toSorted((a, b) => b.toUs - a.toUs || b.fromUs - a.fromUs);
}

function sumOf(a: LossCount, b: LossCount): LossCount {
  if (a.kind === "unknown" || b.kind === "unknown") return { kind: "unknown" };
  return { kind: a.kind, samples: a.samples + b.samples };
}

/** All of it was brought and found to be whole, or is on its way. */
function isBrought(
  all: readonly RepairOrder[],
  tag: string,
  span: TimeRange,
  wanted: LedgerPart["repair"],
): boolean {
  return all.some(
    (order) =>
      // Samples bring the minutes of what is thinned with them; minutes bring no samples.
      (order.resolution === "samples" || wanted === "thinned") &&
      // What the gateway has was brought, and the device was not asked.
      (order.source === "device" || wanted !== "device") &&
      order.tags.includes(tag) &&
      order.fromUs <= span.fromUs &&
      order.toUs >= span.toUs &&
      (!isOrderOver(order) || order.comparison?.agrees === true),
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
