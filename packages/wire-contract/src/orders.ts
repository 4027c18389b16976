import type { GatewayId, TagId } from "./tag.ts";

/**
 * What the hub orders of a gateway, and what the gateway says about it (no-loss protocol 2, repair answer; field practice
 * 78). JSON like all small messages beside the frames; the samples themselves come as frames of the history lane whose
 * head names the order.
 *
 * Orders are a wanted state: each message names all that the hub wants of the gateway, and what it does not name any more
 * is dropped. So a message that was lost, an order that was taken back and a hub that was restored need nothing else.
 */

/** More tags than this are several orders: a report names each of them, and a broker takes a megabyte. */
export const tagsPerOrderMax = 200;
/** Orders of one gateway that are not over; one is answered at a time. */
export const ordersMax = 16;
/** Acknowledgements that a gateway has not answered: more than are on a screen at once. */
export const acknowledgementsMax = 64;
/** The hub repeats what it wants so often while something is not over, in case a message was lost. */
export const ordersEveryMs = 2_000;

/**
 * What an answer brings: samples as they were acquired, or minutes or hours of them as the gateway reckoned them, which may
 * be had where the samples are not there any more, and over a thin line.
 */
export const resolutions = ["samples", "minutes", "hours"] as const;
export type Resolution = (typeof resolutions)[number];

/**
 * Where a better copy lies: with the gateway, or with the device, whose own history the gateway reads first. What it reads is
 * kept like all that comes late, and then the order is answered like any other.
 */
export const orderSources = ["gateway", "device"] as const;
export type OrderSource = (typeof orderSources)[number];

export interface GatewayOrder {
  /** Given by the hub and never again; stands in the heads of the frames that answer it. */
  readonly id: number;
  /** `repair`: of the past. `recording`: told in full from now on, and what lies in the past is answered like a repair. */
  readonly kind: "repair" | "recording";
  readonly tags: readonly TagId[];
  /** Measured times, µs; `toUs` is excluded. */
  readonly fromUs: number;
  readonly toUs: number;
  /** `samples` when absent. Of minutes and hours those that touch the range; a recording is always of samples. */
  readonly resolution?: Resolution;
  /** `gateway` when absent. With `device` it is a repair of samples. */
  readonly source?: OrderSource;
  /** What answers may bring onto the road, in the mean of some seconds. */
  readonly bytesPerSMax: number;
  /**
   * The hub has counted what it holds of the range, so that what comes now is what the answer has healed. Before that the
   * gateway brings what is told already and then says `ready`.
   */
  readonly mayAnswer: boolean;
}

/**
 * A person at the hub has acknowledged one occurrence of an alarm. The gateway owns the alarm: it joins this with what it
 * knows, and answers once, by an event of the alarm that names `id` (`AlarmEvent.asked`), whatever comes of it.
 */
export interface AskedAcknowledgement {
  /** Given by the hub and never again. */
  readonly id: number;
  readonly alarm: string;
  /** The occurrence that the person saw. */
  readonly raisedUs: number;
  readonly person: string;
  /** When, by the clock of the hub, µs. */
  readonly atUs: number;
}

/** Hub to gateway. */
export interface OrdersMessage {
  readonly version: 1;
  /** Rises with each change; one that is lower came late and is passed over. Counts anew with each connection. */
  readonly generation: number;
  readonly orders: readonly GatewayOrder[];
  /** Those that the gateway has not answered yet, as far as the hub knows. A gateway of an older version passes over them. */
  readonly acknowledgements?: readonly AskedAcknowledgement[];
}

/**
 * - `waiting`: what was told before is still on its way
 * - `ready`: all of it is stored; the hub may count
 * - `fetching`: the gateway reads what the devices kept of the range; only where that was ordered
 * - `answering`: frames are made and sent
 * - `recording`: told in full until the end of the range
 * - `storing`: all is sealed, and not all of it is stored
 * - `comparing`: the gateway reads its own samples of the range once more, for their digest
 * - `answered`: `tags` says what the hub must hold
 * - `refused`: `note` says why
 */
export const orderStates = [
  "waiting",
  "ready",
  "fetching",
  "answering",
  "recording",
  "storing",
  "comparing",
  "answered",
  "refused",
] as const;
export type OrderState = (typeof orderStates)[number];

/** What the gateway holds of one tag in the range of an order. */
export interface TagAnswer {
  readonly tag: TagId;
  /** Samples that differ from one another. */
  readonly samples: number;
  /** Measured time of the first of them, µs; 0 when there is none. What is older went before the order came. */
  readonly fromUs: number;
  /** Of these samples, as `SampleDigest` makes it; of minutes or hours, as `BucketDigest` does. */
  readonly digest: string;
  /** Of minutes and hours: the times of which they were told, µs, from and to (excluded), in order. `samples` counts them. */
  readonly ranges?: readonly (readonly [number, number])[];
}

/** Where a gateway has hours here and there, so many pieces of time are told apart; what is left over is not compared. */
export const answerRangesMax = 200;

/** Gateway to hub: when something changed, and each second while something is under way. */
export interface OrderReport {
  readonly version: 1;
  readonly gateway: GatewayId;
  readonly id: number;
  readonly state: OrderState;
  /** In which form it is answered. Absent: in samples, also where minutes were ordered of a gateway that knows none. */
  readonly resolution?: Resolution;
  /** From where it is answered. Absent: from the gateway, also where the device was ordered of a gateway that reads none. */
  readonly source?: OrderSource;
  /** Part of the range and tags that is done, 0 to 1. */
  readonly done: number;
  /** Sealed for the road so far. */
  readonly samples: number;
  readonly bytes: number;
  /** For a person: why it was refused, or what of the range is here in a coarser form only; "" when there is nothing. */
  readonly note: string;
  /** Once it is `answered`. */
  readonly tags?: readonly TagAnswer[];
}
