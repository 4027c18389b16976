/**
 * How far the node has told what the journal keeps, in numbers that add up: owed = delivered + lost + waiting. Pure.
 *
 * Two places of the journal: up to `counted` it is known how many samples are owed; up to `delivered` they have been
 * handed to the broker, which has proven that it had them. Between the two they wait, on disk.
 */
import type { SavedState } from "../../hand-over.ts";

export interface Delivery {
  readonly bdSeq: number | undefined;
  /** Names the tags that were counted: with others, what waits is counted anew. */
  readonly tags: string;
  /** Places of the journal. */
  readonly deliveredTo: number;
  readonly countedTo: number;
  /** Samples since the node was configured. */
  readonly owed: number;
  readonly delivered: number;
  /** Not told in time, or let go by the journal before they could be. */
  readonly lost: number;
}

/** A node that begins now owes nothing of what was kept before. */
export function beginAt(head: number, tags: string): Delivery {
  const none = { owed: 0, delivered: 0, lost: 0 };
  return { bdSeq: undefined, tags, deliveredTo: head, countedTo: head, ...none };
}

/** After a start. Of other tags than before nothing is known of what waits; it is counted again. */
export function goOn(delivery: Delivery, tags: string): Delivery {
  if (delivery.tags === tags) return delivery;
  const { deliveredTo, delivered, lost } = delivery;
  return { ...delivery, tags, countedTo: deliveredTo, owed: delivered + lost };
}

export function waitingOf({ owed, delivered, lost }: Delivery): number {
  return Math.max(0, owed - delivered - lost);
}

export function counted(delivery: Delivery, toId: number, samples: number): Delivery {
  return { ...delivery, countedTo: toId, owed: delivery.owed + samples };
}

/** The broker has proven that it had these. */
export function deliveredTo(delivery: Delivery, toId: number, samples: number): Delivery {
  return settle({ ...delivery, deliveredTo: toId, delivered: delivery.delivered + samples });
}

/** They waited for too long, and are not told any more. */
export function givenUpTo(delivery: Delivery, toId: number, samples: number): Delivery {
  return settle({ ...delivery, deliveredTo: toId, lost: delivery.lost + samples });
}

/** What lies between two places is not there any more: all that waited is lost. */
export function broken(delivery: Delivery, head: number): Delivery {
  const lost = delivery.lost + waitingOf(delivery);
  return { ...delivery, deliveredTo: head, countedTo: head, lost };
}

/** Where everything up to a place had been told. */
export interface Told {
  readonly toId: number;
  readonly delivered: number;
}

/** What was told since may not have been heard, and is told again: the samples are owed once, and told twice. */
export function backTo(delivery: Delivery, told: Told): Delivery {
  if (told.toId >= delivery.deliveredTo) return delivery;
  return { ...delivery, deliveredTo: told.toId, delivered: told.delivered };
}

/**
 * Once nothing is left to be told, what is owed and was neither told nor given up had been let go by the journal before
 * it could be read.
 */
function settle(delivery: Delivery): Delivery {
  if (delivery.deliveredTo < delivery.countedTo) return delivery;
  return { ...delivery, lost: delivery.lost + waitingOf(delivery) };
}

export function toSaved(delivery: Delivery): SavedState {
  const { bdSeq, ...rest } = delivery;
  return { ...rest, bdSeq: bdSeq ?? null };
}

/** Undefined when there is nothing of the kind. */
export function fromSaved(saved: SavedState | undefined): Delivery | undefined {
  if (typeof saved !== "object" || saved === null || Array.isArray(saved)) return undefined;
  const fields = saved as { readonly [key: string]: SavedState };
  const number = (name: string): number => {
    const value = fields[name];
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : NaN;
  };
  const bdSeq = number("bdSeq");
  const delivery = {
    bdSeq: Number.isNaN(bdSeq) ? undefined : bdSeq,
    tags: typeof fields["tags"] === "string" ? fields["tags"] : "",
    deliveredTo: number("deliveredTo"),
    countedTo: number("countedTo"),
    owed: number("owed"),
    delivered: number("delivered"),
    lost: number("lost"),
  };
  const { deliveredTo: told, countedTo, owed, delivered, lost } = delivery;
  return [told, countedTo, owed, delivered, lost].some(Number.isNaN) ? undefined : delivery;
}
