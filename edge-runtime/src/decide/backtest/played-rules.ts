/** Rules over what the journal knows: the scan of the running gateway, fed from the past. */
import type { Scalar } from "@millwright/wire-contract";
import type { EventRecord } from "@millwright/wire-contract/events";

import type { SavedState } from "../../hand-over.ts";
import { RuleFeed } from "../rules/feed.ts";
import type { InputSlot, RuleBook } from "../rules/rule.ts";
import { RuleScan, type Decision } from "../rules/scan.ts";
import type { Player } from "./past.ts";

/** Inputs that are no tags, as events told them. */
export interface ToldValue {
  readonly atUs: number;
  readonly slot: number;
  readonly value: Scalar;
}

export class PlayedRules implements Player {
  readonly #book: RuleBook;
  readonly #decide: (decision: Decision) => void;
  readonly #slots: readonly number[];
  readonly #told: readonly ToldValue[];
  /** What was told last, by slot: known again at once after a restart, as the desks know it. */
  readonly #toldLast = new Map<number, Scalar>();
  #toldNext = 0;
  #scan: RuleScan;
  #feed: RuleFeed;

  /**
   * @param slots of the tags that are played, in their order
   * @param told oldest first
   */
  constructor(
    book: RuleBook,
    slots: readonly number[],
    told: readonly ToldValue[],
    decide: (decision: Decision) => void,
  ) {
    this.#book = book;
    this.#slots = slots;
    this.#told = told;
    this.#decide = decide;
    [this.#scan, this.#feed] = this.#begin(undefined);
  }

  value(
    tag: number,
    atUs: number,
    value: Scalar | undefined,
    status: number,
    measuredUs: number,
  ): void {
    this.#tellUpTo(atUs);
    this.#feed.value(atUs, this.#slots[tag] ?? -1, value, status, measuredUs);
  }

  restarted(endedUs: number, beganUs: number): void {
    this.upTo(endedUs);
    [this.#scan, this.#feed] = this.#begin(this.#scan.save());
    for (const [slot, value] of this.#toldLast) this.#feed.value(beganUs, slot, value, 0, beganUs);
  }

  upTo(atUs: number): void {
    this.#tellUpTo(atUs);
    this.#feed.runTo(atUs);
  }

  #begin(saved: SavedState | undefined): [RuleScan, RuleFeed] {
    const scan = new RuleScan(this.#book, saved);
    return [scan, new RuleFeed(scan, this.#decide)];
  }

  #tellUpTo(atUs: number): void {
    for (;;) {
      const next = this.#told[this.#toldNext];
      if (next === undefined || next.atUs > atUs) return;
      this.#toldNext++;
      this.#toldLast.set(next.slot, next.value);
      this.#feed.value(next.atUs, next.slot, next.value, 0, next.atUs);
    }
  }
}

/**
 * @param events oldest first: context, episodes and alarms
 * @param beganUs what was told before holds from here
 */
export function toldValues(
  slots: readonly InputSlot[],
  events: readonly EventRecord[],
  beganUs: number,
): readonly ToldValue[] {
  const told: ToldValue[] = [];
  const severities = new Map<string, Map<string, number>>();
  for (const [slot, { source }] of slots.entries()) {
    // Without an event nothing lasts and nothing holds; which state a machine is in nobody knows.
    if (source.kind === "alarm" || source.kind === "episode") {
      told.push({ atUs: beganUs, slot, value: false });
    } else if (source.kind === "severity") told.push({ atUs: beganUs, slot, value: 0 });
  }
  const tell = (
    atUs: number,
    fits: (source: InputSlot["source"]) => boolean,
    value: Scalar,
  ): void => {
    for (const [slot, { source }] of slots.entries()) {
      if (fits(source)) told.push({ atUs: Math.max(beganUs, atUs), slot, value });
    }
  };
  for (const event of events) {
    const { atUs, asset, subject } = event;
    if (event.kind === "context" && event.body.context === "state") {
      const { what, value } = event.body;
      if (what !== "began") continue;
      tell(atUs, (source) => source.kind === "state" && source.asset === asset, value);
    } else if (event.kind === "alarm") {
      const { transition } = event.body;
      if (transition !== "raised" && transition !== "returned") continue;
      const holds = transition === "raised";
      tell(atUs, (source) => source.kind === "alarm" && source.alarm === subject, holds);
    } else if (event.kind === "episode" && event.body.what !== "verdict") {
      const lasting = severities.get(asset) ?? new Map<string, number>();
      severities.set(asset, lasting);
      if (event.body.what === "ended") lasting.delete(subject);
      else lasting.set(subject, event.body.severity);
      const worst = Math.max(0, ...lasting.values());
      tell(atUs, (source) => source.kind === "episode" && source.asset === asset, lasting.size > 0);
      tell(atUs, (source) => source.kind === "severity" && source.asset === asset, worst);
    }
  }
  return told;
}
