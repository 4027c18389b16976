/** What happened on all gateways: lists, the alarms of now, and how the alarm systems do. It reads, and lets the oldest go. */
import { compareAlarms, isActive, type AlarmMoment } from "@millwright/alarms";
import { aborted, messageChain, type Clock, type Log } from "@millwright/kit";
import { eventKinds, toEventRecord, type EventLine } from "@millwright/wire-contract/events";

import type {
  AlarmLoad,
  AlarmNow,
  AlarmsNow,
  EventBoard,
  EventPage,
  EventView,
  MarkedView,
} from "../event-views.ts";
import type { EventsAsked, FrameReader, HubEvent } from "../hand-over.ts";
import { alarmLoad } from "./alarm-load.ts";
import { csvHead, csvOf } from "./event-csv.ts";
import { readAlarm } from "./read-alarm.ts";
import { readEpisode } from "./read-episode.ts";

export interface EventDeskOptions {
  readonly reader: Pick<FrameReader, "events" | "alarms">;
  /** Deletes events of before, at most `max`, the oldest. @returns how many went */
  readonly expire: (beforeUs: number, max: number) => Promise<number>;
  readonly keepDays: number;
  readonly gateways: () => readonly { readonly gateway: string; readonly site: string }[];
  readonly clock: Clock;
  readonly log: Log;
}

const dayUs = 86_400_000_000;
/** Alarms that are not normal: more than people can look through, and what a page can show. */
const alarmsMax = 1_000;
/** Looked through for those thousand, the worst of them. */
const alarmsReadMax = 20_000;
/** Of one question to the database. */
const pageMax = 5_000;
/** Reckoned with for the numbers: a hundred a day on each of a hundred gateways for ten days; a month on thirty. */
const momentsMax = 100_000;
/** The numbers of a day or a month change slowly, and a fleet is looked at by several. */
const loadForUs = 60_000_000;
/** What a spreadsheet opens. */
const csvRowsMax = 1_000_000;
/** Old events are looked for so often, and so many go with one statement. */
const expireEveryMs = 3_600_000;
const expireAtOnce = 5_000;

export class EventDesk implements EventBoard {
  readonly #options: EventDeskOptions;
  readonly #loads = new Map<
    number,
    { readonly load: Promise<AlarmLoad>; readonly madeUs: number }
  >();

  constructor(options: EventDeskOptions) {
    this.#options = options;
  }

  async list(asked: EventsAsked): Promise<EventPage> {
    // One more, to know whether there is a next page.
    const found = await this.#options.reader.events({ ...asked, max: asked.max + 1 });
    const shown = found.slice(0, asked.max);
    const last = shown.at(-1);
    const more = found.length > asked.max && last !== undefined;
    return {
      events: shown.flatMap((event) => toView(event) ?? []),
      ...(more ? { next: `${last.line.atUs}.${last.id}` } : {}),
    };
  }

  async *csv(asked: EventsAsked): AsyncIterable<string> {
    yield csvHead;
    for await (const page of this.#pages(asked, csvRowsMax)) {
      const views = page.flatMap((event) => toView(event) ?? []);
      yield views.map(csvOf).join("");
    }
  }

  async alarms(): Promise<AlarmsNow> {
    const found = await this.#options.reader.alarms(alarmsReadMax);
    const sorted = found
      .flatMap((event) => toAlarm(event) ?? [])
      .map((alarm) => ({ ...alarm.event, id: `${alarm.gateway} ${alarm.alarm}`, alarm }))
      .toSorted(compareAlarms)
      .map(({ alarm }) => alarm);
    return { alarms: sorted.slice(0, alarmsMax), more: sorted.length > alarmsMax };
  }

  async marked(
    gateway: string,
    kind: "alarm" | "episode",
    times: { readonly fromUs?: number; readonly toUs: number },
    max: number,
  ): Promise<readonly MarkedView[]> {
    const found = await this.#options.reader.events({ gateways: [gateway], kind, ...times, max });
    return found.flatMap(({ line }) => toMarked(line) ?? []);
  }

  async lasting(gateway: string): Promise<readonly MarkedView[]> {
    const found = await this.#options.reader.alarms(alarmsMax, gateway);
    return found.flatMap(({ line }) => {
      const event = toMarked({ ...line, kind: eventKinds.alarm });
      return event?.kind === "alarm" && isActive(event.body.state) ? [event] : [];
    });
  }

  async load(days: number): Promise<AlarmLoad> {
    const nowUs = this.#options.clock.nowUs();
    const known = this.#loads.get(days);
    if (known !== undefined && Math.abs(nowUs - known.madeUs) < loadForUs) return known.load;
    const load = this.#load(nowUs - days * dayUs, nowUs);
    this.#loads.set(days, { load, madeUs: nowUs });
    try {
      return await load;
    } catch (failure) {
      this.#loads.delete(days);
      throw failure;
    }
  }

  /** Lets events go that are older than they are kept. Ends when `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const stopped = aborted(signal);
    for (;;) {
      await this.#expire(signal).catch((failure: unknown) => {
        log.warn("alarm.events-not-expired", { reason: messageChain(failure) });
      });
      await Promise.race([stopped, clock.sleep(expireEveryMs, signal).catch(() => undefined)]);
      if (signal.aborted) return;
    }
  }

  async #expire(signal: AbortSignal): Promise<void> {
    const { clock, expire, keepDays, log } = this.#options;
    // By whole days: the audit log has an entry a day, and not one for each time that is looked.
    const beforeUs = Math.floor(clock.nowUs() / dayUs - keepDays) * dayUs;
    let gone = 0;
    for (;;) {
      const now = await expire(beforeUs, expireAtOnce);
      gone += now;
      if (now < expireAtOnce || signal.aborted) break;
    }
    if (gone > 0) log.info("alarm.events-expired", { events: gone });
  }

  async #load(fromUs: number, toUs: number): Promise<AlarmLoad> {
    const moments: AlarmMoment[] = [];
    const asked: EventsAsked = { kind: "alarm", fromUs, toUs, max: pageMax };
    for await (const page of this.#pages(asked, momentsMax)) {
      moments.push(...page.flatMap((event) => toMoment(event) ?? []));
    }
    const shortened = moments.length >= momentsMax;
    // What could not be counted is left out as a whole: shares of a range that is counted in part would be wrong.
    const beginUs = shortened ? Math.max(fromUs, (moments.at(-1)?.atUs ?? fromUs) + 1) : fromUs;
    // An alarm that stood all the time has no event in the range.
    const before = (await this.#options.reader.alarms(alarmsReadMax))
      .filter(({ line }) => line.atUs < beginUs)
      .flatMap((event) => toMoment(event) ?? []);
    const rows = this.#options.gateways();
    const sites = new Map(rows.map(({ gateway, site }) => [gateway, site]));
    const range = { fromUs: beginUs, toUs };
    const within = moments.filter(({ atUs }) => atUs >= beginUs);
    const load = alarmLoad(
      [...before, ...within],
      range,
      rows.map(({ gateway }) => gateway),
      (gateway) => sites.get(gateway) ?? "",
    );
    return { ...range, shortened, ...load };
  }

  /** Pages of raw rows until there are none, or `most` were read. */
  async *#pages(asked: EventsAsked, most: number): AsyncIterable<readonly HubEvent[]> {
    let after = asked.after;
    for (let read = 0; read < most;) {
      const max = Math.min(pageMax, most - read);
      const page = await this.#options.reader.events({
        ...asked,
        max,
        ...(after === undefined ? {} : { after }),
      });
      const last = page.at(-1);
      if (last === undefined) return;
      yield page;
      read += page.length;
      if (page.length < max) return;
      after = { atUs: last.line.atUs, id: last.id };
    }
  }
}

function toView({ gateway, journalUs, line }: HubEvent): EventView | undefined {
  const record = toEventRecord(line);
  return record === undefined ? undefined : { ...record, gateway, journalUs };
}

function toMarked(line: EventLine): MarkedView | undefined {
  const { atUs, asset, subject } = line;
  if (line.kind === eventKinds.alarm) {
    const body = readAlarm(line);
    return body === undefined ? undefined : { kind: "alarm", atUs, asset, subject, body };
  }
  const body = readEpisode(line);
  return body === undefined ? undefined : { kind: "episode", atUs, asset, subject, body };
}

function toAlarm({ gateway, line }: HubEvent): AlarmNow | undefined {
  const event = readAlarm(line);
  if (event === undefined) return undefined;
  return { gateway, alarm: line.subject, asset: line.asset, atUs: line.atUs, event };
}

function toMoment({ gateway, line }: HubEvent): AlarmMoment | undefined {
  const event = readAlarm(line);
  if (event === undefined) return undefined;
  return { gateway, alarm: line.subject, atUs: line.atUs, event };
}
