/**
 * Which partitions of chunks, minutes and hours samples need. They are made by a connection of their own, before a
 * transaction touches these tables: making a partition waits for those who do.
 */
import type { Clock } from "@millwright/kit";
import type pg from "pg";

import { RangePartitions } from "../database/range-partitions.ts";
import { chunkDays } from "./chunk-store.ts";
import { touchedSlots } from "./rollups/recompute.ts";
import { hourTier, minuteTier } from "./rollups/rollup-store.ts";
import { dayOf, dayUs, sensibleUs } from "./samples/chunk.ts";
import { hourUs } from "./sort-series.ts";

/** A stretch of time in which samples are read, both ends within it. */
export interface SampleRange {
  readonly firstUs: number;
  readonly lastUs: number;
}

export class HistoryPartitions {
  readonly #clock: Clock;
  readonly #hotDays: number;
  readonly #chunks: RangePartitions;
  readonly #minutes: RangePartitions;
  readonly #hours: RangePartitions;

  /** @param hotDays days before today whose chunks have partitions of their own */
  constructor(pool: pg.Pool, clock: Clock, hotDays: number) {
    this.#clock = clock;
    this.#hotDays = hotDays;
    this.#chunks = new RangePartitions(pool, chunkDays);
    this.#minutes = new RangePartitions(pool, minuteTier.table);
    this.#hours = new RangePartitions(pool, hourTier.table);
  }

  /** For samples in these ranges, and for the minutes and hours that are made of them. */
  async ensureForSamples(ranges: readonly SampleRange[]): Promise<void> {
    const today = dayOf(this.#clock.nowUs());
    const days = new Set<number>();
    const minutes = new Set<number>();
    const hours = new Set<number>();
    for (const { firstUs, lastUs } of ranges) {
      const toUs = lastUs + 1;
      const firstDay = Math.max(dayOf(firstUs), today - this.#hotDays);
      const lastDay = Math.min(dayOf(toUs), today + 1);
      for (let day = firstDay; day <= lastDay; day++) days.add(day);
      if (!this.#isSensible(firstUs, toUs)) continue;
      for (const slot of touchedSlots(firstUs, toUs, minuteTier)) minutes.add(slot);
      for (const slot of touchedSlots(firstUs, toUs, hourTier)) hours.add(slot);
    }
    await this.#chunks.ensure(days);
    await this.#minutes.ensure(minutes);
    await this.#hours.ensure(hours);
  }

  /** For minutes and hours that a gateway told. @param slotsUs where they begin */
  async ensureForTold(slotsUs: readonly number[]): Promise<void> {
    const sensible = slotsUs.filter((slotUs) => this.#isSensible(slotUs, slotUs));
    await this.#minutes.ensure(new Set(sensible.map((slotUs) => Math.floor(slotUs / hourUs))));
    await this.#hours.ensure(new Set(sensible.map((slotUs) => Math.floor(slotUs / dayUs))));
  }

  /** A clock that was never set has no partitions: its years lie in the default ones. */
  #isSensible(fromUs: number, toUs: number): boolean {
    return fromUs >= sensibleUs && toUs <= this.#clock.nowUs() + 2 * dayUs;
  }
}
