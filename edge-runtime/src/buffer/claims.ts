import type { DeviceId, LossCount, LossReason, LossScope, TagId } from "@millwright/wire-contract";

import type { Loss } from "../hand-over.ts";

/**
 * Open ledger rows. Losses of equal scope, reason and kind of count whose times adjoin are one row, so that an hour
 * without a device is one claim and not 3,600.
 */
export interface OpenClaim {
  /** Row in the journal; absent until it is written. */
  id?: number;
  readonly reason: LossReason;
  readonly scope: LossScope;
  fromUs: number;
  toUs: number;
  readonly kind: LossCount["kind"];
  samples: number;
  /** When it was opened and last grew, ms of the monotonic clock: decides when it is sealed. */
  openedMs: number;
  grownMs: number;
  /** Changed since it was last written. */
  dirty: boolean;
}

/** Losses less than so far apart are told as one: nobody acts on the second between them. */
const adjoiningUs = 2_000_000;
/** A row that did not grow for so long has ended; one that grows is told at the latest after the second time. */
const quietMs = 2_000;
const oldestMs = 10_000;
/** What is within its bound is no news, and comes every minute: one row an hour is enough to balance the account. */
const toldQuietMs = 120_000;
const toldOldestMs = 3_600_000;
/**
 * Nothing can be added to these: they are told at once, link or not. What stands for the loss at the hub, a void or a
 * new epoch, must not be known there long before what explains it: the journal may be lost in between (docs/adr/0038).
 */
const atOnce: readonly LossReason[] = [
  "gateway down",
  "journal lost",
  "frame corrupt",
  "hub restored",
];
/** 10,000 tags with two reasons each. Above it rows are widened instead of added. */
const claimsMax = 20_000;

export class OpenClaims {
  /** The newest row of each scope, reason and kind; only it can grow. */
  readonly #newest = new Map<string, OpenClaim>();
  readonly #rows = new Set<OpenClaim>();

  get size(): number {
    return this.#rows.size;
  }

  rows(): Iterable<OpenClaim> {
    return this.#rows;
  }

  add(loss: Loss, nowMs: number): void {
    const key = keyOf(loss.scope, loss.reason, loss.count.kind);
    const newest = this.#newest.get(key);
    const room = this.#rows.size < claimsMax;
    if (newest !== undefined && (!room || adjoins(newest, loss))) {
      grow(newest, loss, nowMs);
      return;
    }
    if (!room && loss.scope.kind !== "gateway") {
      // Coarser, and still true: the claim covers the whole gateway in that time.
      this.add({ ...loss, scope: { kind: "gateway" } }, nowMs);
      return;
    }
    const row: OpenClaim = {
      reason: loss.reason,
      scope: loss.scope,
      fromUs: loss.fromUs,
      toUs: loss.toUs,
      kind: loss.count.kind,
      samples: samplesOf(loss.count),
      openedMs: nowMs,
      grownMs: nowMs,
      dirty: true,
    };
    this.#rows.add(row);
    this.#newest.set(key, row);
  }

  /** A row that was open when the journal was last closed; it no longer grows. */
  reopen(row: OpenClaim): void {
    this.#rows.add(row);
  }

  /** Rows that are to be sealed now, at most `max`, oldest first. @param nowMs -Infinity for those that never wait */
  due(nowMs: number, max: number, except: readonly OpenClaim[] = []): OpenClaim[] {
    const due: OpenClaim[] = [];
    const known = new Set(except);
    for (const row of this.#rows) {
      if (due.length >= max) break;
      if (known.has(row)) continue;
      if (dueAtMs(row) <= nowMs) due.push(row);
    }
    return due;
  }

  /** Least time of an open row, µs; Infinity when none is open. */
  get fromUs(): number {
    let least = Infinity;
    for (const { fromUs } of this.#rows) least = Math.min(least, fromUs);
    return least;
  }

  /** Milliseconds until the next row is to be sealed; Infinity when none is open. */
  dueInMs(nowMs: number): number {
    let least = Infinity;
    for (const row of this.#rows) {
      const inMs = dueAtMs(row) - nowMs;
      if (inMs <= 0) return 0;
      if (inMs < least) least = inMs;
    }
    return least;
  }

  remove(row: OpenClaim): void {
    this.#rows.delete(row);
    const key = keyOf(row.scope, row.reason, row.kind);
    if (this.#newest.get(key) === row) this.#newest.delete(key);
  }
}

export function countOf(kind: LossCount["kind"], samples: number): LossCount {
  return kind === "unknown" ? { kind } : { kind, samples };
}

export function samplesOf(count: LossCount): number {
  return count.kind === "unknown" ? 0 : count.samples;
}

/** Scope as two columns. */
export function nameOf(scope: LossScope): string {
  switch (scope.kind) {
    case "gateway":
      return "";
    case "device":
      return scope.device;
    case "tag":
      return scope.tag;
  }
}

export function scopeOf(kind: string, name: string): LossScope {
  if (kind === "device") return { kind, device: name as DeviceId };
  if (kind === "tag") return { kind, tag: name as TagId };
  return { kind: "gateway" };
}

function dueAtMs({ reason, grownMs, openedMs }: OpenClaim): number {
  if (atOnce.includes(reason)) return -Infinity;
  return reason === "told within bound"
    ? Math.min(grownMs + toldQuietMs, openedMs + toldOldestMs)
    : Math.min(grownMs + quietMs, openedMs + oldestMs);
}

function adjoins(row: OpenClaim, loss: Loss): boolean {
  return loss.fromUs <= row.toUs + adjoiningUs && loss.toUs >= row.fromUs - adjoiningUs;
}

function grow(row: OpenClaim, loss: Loss, nowMs: number): void {
  row.fromUs = Math.min(row.fromUs, loss.fromUs);
  row.toUs = Math.max(row.toUs, loss.toUs);
  row.samples += samplesOf(loss.count);
  row.grownMs = nowMs;
  row.dirty = true;
}

function keyOf(scope: LossScope, reason: LossReason, kind: LossCount["kind"]): string {
  return `${scope.kind}/${nameOf(scope)}/${reason}/${kind}`;
}
