import type { DeviceId, LossReason, TagId } from "@millwright/wire-contract";

import type { Loss } from "../hand-over.ts";
import type { UnheardSpan } from "./absence.ts";
import type { PointList } from "./driver.ts";

/** What one device produced, as counted where it enters. */
export interface SourceAccount {
  /** Readings that were due, by schedule or by the device's own numbers. */
  readonly due: number;
  readonly read: number;
  readonly lost: number;
  /** Of conversations that have ended: due − read − lost. Must be 0 (no-loss protocol 7, source). */
  readonly unexplained: number;
}

/** Counts what a device produced, and words what was lost of it as claims of the ledger. */
export class SourceLedger {
  readonly #device: DeviceId;
  readonly #points: PointList;
  readonly #charge: (loss: Loss) => void;
  #due = 0;
  #read = 0;
  #lost = 0;
  #unexplained = 0;

  constructor(
    device: { readonly id: DeviceId; readonly points: PointList },
    charge: (loss: Loss) => void,
  ) {
    this.#device = device.id;
    this.#points = device.points;
    this.#charge = charge;
  }

  get account(): SourceAccount {
    return { due: this.#due, read: this.#read, lost: this.#lost, unexplained: this.#unexplained };
  }

  due(count: number): void {
    this.#due += count;
  }

  read(count: number): void {
    this.#read += count;
  }

  /** @param point index of the point, -1 for the whole device @param count NaN where nobody knows */
  lost(point: number, count: number, reason: LossReason, fromUs: number, toUs: number): void {
    const settings = point < 0 ? undefined : this.#points.at(point);
    if (!Number.isNaN(count)) this.#lost += count;
    this.#charge({
      reason,
      ...{ fromUs, toUs },
      scope: settings === undefined ? this.#whole() : { kind: "tag", tag: settings.tag as TagId },
      count: Number.isNaN(count) ? { kind: "unknown" } : { kind: "exact", samples: count },
    });
  }

  /** What the schedule would have fetched; for a device that speaks by itself nobody knows. */
  absent(span: UnheardSpan | undefined): void {
    if (span === undefined || this.#points.length === 0) return;
    const { fromUs, toUs, due } = span;
    this.#charge({
      reason: "device unreachable",
      ...{ scope: this.#whole(), fromUs, toUs },
      count: due === undefined ? { kind: "unknown" } : { kind: "scheduled", samples: due },
    });
  }

  /** What was sent between the opening of the journal, which claims what came before it, and the first conversation. */
  unheard(fromUs: number, toUs: number): void {
    this.#charge({
      reason: "gateway down",
      ...{ scope: this.#whole(), fromUs, toUs },
      count: { kind: "unknown" },
    });
  }

  /** Begins to balance one conversation. @returns ends it */
  conversation(): () => void {
    const before = this.account;
    return () => {
      const after = this.account;
      this.#unexplained +=
        after.due - before.due - (after.read - before.read) - (after.lost - before.lost);
    };
  }

  #whole(): Loss["scope"] {
    return { kind: "device", device: this.#device };
  }
}
