/** Recordings of a time to come: what is ordered, how far each is, and how much it will be. Decided here, shown by the others. */
import { isOrderOver } from "@millwright/ui-kit/orders";
import { tagsPerOrderMax } from "@millwright/wire-contract/orders";

import type { Aggregate } from "../../hub-views.ts";
import type { OrderView } from "../../order-views.ts";

/** Values of one gateway that may be recorded together. */
export interface RecordedValues {
  readonly gateway: string;
  readonly name: string;
  readonly tags: readonly { readonly id: string; readonly name: string }[];
}

/** As the page needs it of an order. */
export type Recording = Pick<
  OrderView,
  "id" | "tags" | "fromUs" | "toUs" | "state" | "done" | "note" | "comparison"
>;

/** One order: no order has more values than a report of it can name. */
export interface RecordingWish {
  readonly gateway: string;
  readonly tags: readonly string[];
  readonly fromUs: number;
  readonly toUs: number;
}

export function wishesOf(
  groups: readonly RecordedValues[],
  { fromUs, toUs }: Pick<RecordingWish, "fromUs" | "toUs">,
): readonly RecordingWish[] {
  return groups.flatMap(({ gateway, tags }) => {
    const pieces = Math.ceil(tags.length / tagsPerOrderMax);
    return Array.from({ length: pieces }, (_, at) => {
      const piece = tags.slice(at * tagsPerOrderMax, (at + 1) * tagsPerOrderMax);
      return { gateway, tags: piece.map(({ id }) => id), fromUs, toUs };
    });
  });
}

/**
 * How far a recording is, for a person:
 *
 * - `asked`: the gateway has not said that it has it
 * - `before`: it has, and the time has not come
 * - `earlier`: what was measured before the order came is brought
 * - `runs`, `ends`: told in full; over, and what is on its way is stored and compared
 * - `same`, `differs`: both sides were compared
 */
export type RecordingPhase =
  "asked" | "before" | "earlier" | "runs" | "ends" | "same" | "differs" | "refused" | "cancelled";

export function phaseOf(
  { state, fromUs, comparison }: Pick<Recording, "state" | "fromUs" | "comparison">,
  nowUs: number,
): RecordingPhase {
  switch (state) {
    case "asked":
    case "refused":
    case "cancelled":
      return state;
    case "done":
      return comparison?.agrees === true ? "same" : "differs";
    case "storing":
    case "comparing":
    case "answered":
      return "ends";
    case "recording":
      return nowUs < fromUs ? "before" : "runs";
    // With nothing behind it there is nothing to bring, and the gateway is through with it in a moment.
    case "waiting":
    case "ready":
    case "fetching":
    case "answering":
      return nowUs < fromUs ? "before" : "earlier";
  }
}

/** Those that are not over, and of the others the newest; more would push the page away. */
const overShown = 5;

/** @param tags those of which one must be recorded; left out: any */
export function shownRecordings(
  all: readonly Recording[],
  tags?: readonly string[],
): readonly Recording[] {
  const mine = all.filter(
    (one) => tags === undefined || one.tags.some((tag) => tags.includes(tag)),
  );
  const over = mine.filter(isOrderOver).slice(0, overShown);
  return mine.filter((one) => !isOrderOver(one) || over.includes(one));
}

/** Samples that both sides were found to hold of all values of it. */
export function samplesHeld({ comparison }: Recording): {
  readonly gateway: number;
  readonly hub: number;
} {
  const tags = comparison?.tags ?? [];
  return {
    gateway: tags.reduce((sum, { gateway }) => sum + gateway.samples, 0),
    hub: tags.reduce((sum, { hub }) => sum + hub.samples, 0),
  };
}

const minuteUs = 60_000_000;
/** How often something comes is not judged by less. */
const leastMinutes = 10;
/** Of which minutes are looked at: long enough for what comes seldom, short enough to be what the machine does now. */
export const paceUs = 120 * minuteUs;

/**
 * How many samples a value has had in a minute, by what the gateway counted of it: all that were acquired, told or not.
 *
 * @param minutes in order; one without samples may be left out
 * @returns undefined where too little is known
 */
export function samplesPerMinute(
  minutes: readonly Pick<Aggregate, "startUs" | "samples">[],
): number | undefined {
  // The newest may not be whole yet.
  const whole = minutes.slice(0, -1);
  const [first, last] = [whole[0], whole.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const count = (last.startUs - first.startUs) / minuteUs + 1;
  if (count < leastMinutes) return undefined;
  return whole.reduce((sum, { samples }) => sum + samples, 0) / count;
}

/** What a recording will bring, as far as it is known. */
export interface ExpectedAmount {
  readonly samples: number;
  /** Values of which nobody knows how often they come. */
  readonly unknown: number;
  readonly values: number;
}

/** @param paces samples in a minute, of each value */
export function expectedAmount(
  paces: readonly (number | undefined)[],
  lengthUs: number,
): ExpectedAmount {
  const known = paces.filter((pace) => pace !== undefined);
  const perMinute = known.reduce((sum, pace) => sum + pace, 0);
  return {
    samples: Math.round((perMinute * lengthUs) / minuteUs),
    unknown: paces.length - known.length,
    values: paces.length,
  };
}
