import { eventJsonBytesMax, eventKinds, type EventLine } from "@millwright/wire-contract/events";

import type { EventQuery } from "../../hand-over.ts";
import { EventTooLarge } from "./event-faults.ts";

/** Throws `EventTooLarge`: a frame could not carry it, and nobody would read it. */
export function assertFits({ subject, json }: EventLine): void {
  const bytes = Buffer.byteLength(json);
  if (bytes > eventJsonBytesMax) throw new EventTooLarge(subject, bytes, eventJsonBytesMax);
}

/** Whether the line is one of those that are asked for; `max` is not looked at. */
export function isAsked(line: EventLine, query: EventQuery): boolean {
  const { kind, asset, subject, fromUs = -Infinity, toUs = Infinity, before = Infinity } = query;
  return (
    (kind === undefined || line.kind === eventKinds[kind]) &&
    (asset === undefined || line.asset === asset) &&
    (subject === undefined || line.subject === subject) &&
    line.atUs >= fromUs &&
    line.atUs <= toUs &&
    line.number < before
  );
}
