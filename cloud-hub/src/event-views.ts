import type { AlarmKpis } from "@millwright/alarms";
import type { AlarmEvent, EventRecord, NewEvent } from "@millwright/wire-contract/events";

import type { EventsAsked } from "./hand-over.ts";

/** What people see of events and alarms: the door of `alarm/` for pages and API. Nothing here can be changed. */

/** What happened on a gateway. */
export type EventView = EventRecord & {
  readonly gateway: string;
  /** When the journal was begun that numbers it, µs. */
  readonly journalUs: number;
};

/** Enough of an alarm or an episode for the time axis of a chart. */
export type MarkedView = Extract<NewEvent, { readonly kind: "alarm" | "episode" }>;

export interface EventPage {
  readonly events: readonly EventView[];
  /** Handed in as `after`, it gives the next page; absent at the end. */
  readonly next?: string;
}

/** An alarm that is not normal, as its last event says. */
export interface AlarmNow {
  readonly gateway: string;
  readonly alarm: string;
  readonly asset: string;
  /** When it last changed, µs. */
  readonly atUs: number;
  readonly event: AlarmEvent;
}

export interface AlarmsNow {
  /** The worst first. */
  readonly alarms: readonly AlarmNow[];
  /** There are more than are listed. */
  readonly more: boolean;
}

/** The numbers of ux-guide section 5 for one gateway, one site or all. */
export interface AlarmLoadRow {
  readonly name: string;
  readonly gateways: number;
  readonly kpis: AlarmKpis;
}

export interface AlarmLoad {
  readonly fromUs: number;
  readonly toUs: number;
  /** Begins later than was asked for, because there were too many alarms to count. */
  readonly shortened: boolean;
  readonly fleet: AlarmLoadRow;
  readonly sites: readonly AlarmLoadRow[];
  readonly gateways: readonly AlarmLoadRow[];
}

export interface EventBoard {
  /** By time, the newest first. Events of kinds that this hub does not know are passed over. */
  list(asked: EventsAsked): Promise<EventPage>;
  /** All that is asked for, whatever `max` says, as lines of CSV with their ends; the first names the columns. */
  csv(asked: EventsAsked): AsyncIterable<string>;
  alarms(): Promise<AlarmsNow>;
  /** Of one gateway, by time, the newest first: what a chart marks. What does not read as an alarm or an episode is passed over. */
  marked(
    gateway: string,
    kind: "alarm" | "episode",
    times: { readonly fromUs?: number; readonly toUs: number },
    max: number,
  ): Promise<readonly MarkedView[]>;
  /** The newest event of each alarm of one gateway that is active now. */
  lasting(gateway: string): Promise<readonly MarkedView[]>;
  load(days: number): Promise<AlarmLoad>;
}
