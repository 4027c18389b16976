/**
 * What people see of the alarms: the transitions that are kept, in rows, with what is counted over them. It decides nothing.
 */
import {
  ChatterWatch,
  compareAlarms,
  firstOuts,
  FloodWatch,
  isActive,
  isStanding,
  stateOf,
  type Flood,
} from "@millwright/alarms";
import type { AlarmCounts, AlarmRow } from "@millwright/wire-contract/events";

import { countAlarms, dayOf } from "./alarm-counts.ts";
import type { Transition } from "./alarm-keeping.ts";
import { toRow, type AlarmRecord } from "./alarm-record.ts";
import type { AlarmDefinition } from "./definition.ts";

export interface Today {
  /** Start of the day, µs. */
  readonly dayUs: number;
  readonly count: number;
}

export class ShownAlarms {
  readonly #alarms: readonly AlarmDefinition[];
  readonly #records: AlarmRecord[];
  readonly #heldOf: (place: number) => string;
  /** Numbers of changes; a page asks for those since the last it has. */
  readonly #revisions: number[];
  #revision = 1;
  readonly #chatter = new Map<number, ChatterWatch>();
  readonly #flood = new FloodWatch();
  /** What was last said of an alarm besides its transitions. */
  readonly #news = new Map<number, string>();
  readonly #listeners = new Set<(alarms: readonly string[]) => void>();
  #today: Today;

  /** @param heldOf why an alarm cannot be judged now; "" when it can */
  constructor(
    alarms: readonly AlarmDefinition[],
    records: readonly AlarmRecord[],
    today: Today,
    heldOf: (place: number) => string,
  ) {
    this.#alarms = alarms;
    this.#records = [...records];
    this.#revisions = alarms.map(() => 0);
    this.#today = today;
    this.#heldOf = heldOf;
  }

  get today(): Today {
    return this.#today;
  }

  /** An alarm that no settings name; what was at its place before is forgotten. */
  add(place: number, record: AlarmRecord): void {
    this.#records[place] = record;
    this.#revisions[place] ??= 0;
    this.#chatter.delete(place);
    this.#news.delete(place);
  }

  /** People are told of an alarm. @returns the flood that begins with it, if one does */
  activated(place: number, atUs: number): Flood | undefined {
    const dayUs = dayOf(atUs);
    const count = this.#today.dayUs === dayUs ? this.#today.count + 1 : 1;
    this.#today = { dayUs, count };
    let watch = this.#chatter.get(place);
    if (watch === undefined) {
      watch = new ChatterWatch();
      this.#chatter.set(place, watch);
    }
    watch.add(atUs);
    return this.#flood.add(atUs) ? this.#flood.floodAt(atUs) : undefined;
  }

  /** One of the last ten minutes, from before the start. */
  remember(atUs: number): void {
    this.#flood.add(atUs);
  }

  show(transitions: readonly Transition[]): void {
    const changed = new Map<number, AlarmRecord>();
    for (const { place, record } of transitions) {
      if (record !== undefined) changed.set(place, record);
    }
    for (const [place, record] of changed) this.#records[place] = record;
    this.#tell([...changed.keys()]);
  }

  /** What is said of an alarm changes without a transition: it stands, chatters no longer, or cannot be judged. */
  tellNews(nowUs: number): void {
    const changed: number[] = [];
    for (const [place, { life }] of this.#records.entries()) {
      if (stateOf(life) === "normal") continue;
      const chatter = this.#chatter.get(place)?.chatterAt(nowUs) ?? 0;
      const news = `${chatter} ${isStanding(life.raisedUs, nowUs)} ${this.#heldOf(place)}`;
      if (this.#news.get(place) === news) continue;
      this.#news.set(place, news);
      changed.push(place);
    }
    this.#tell(changed);
  }

  list(nowUs: number): readonly AlarmRow[] {
    return this.#rows(nowUs, (_place, { life }) => stateOf(life) !== "normal").toSorted(
      compareAlarms,
    );
  }

  row(wanted: number, nowUs: number): AlarmRow | undefined {
    return this.#rows(nowUs, (place) => place === wanted)[0];
  }

  since(
    revision: number,
    nowUs: number,
  ): { readonly revision: number; readonly rows: readonly AlarmRow[] } {
    // A page that knows another run of this gateway gets all that there is.
    const all = revision <= 0 || revision > this.#revision;
    const rows = all
      ? this.list(nowUs)
      : this.#rows(nowUs, (place) => (this.#revisions[place] ?? 0) > revision);
    return { revision: this.#revision, rows };
  }

  counts(nowUs: number): AlarmCounts {
    const flood = this.#flood.floodAt(nowUs);
    return countAlarms(
      this.#records.map(({ life }, place) => ({
        priority: this.#alarms[place]?.priority ?? 3,
        state: stateOf(life),
      })),
      {
        lastTenMinutes: this.#flood.lastTenMinutes(nowUs),
        today: this.#today.dayUs === dayOf(nowUs) ? this.#today.count : 0,
        ...(flood === undefined ? {} : { flood }),
      },
    );
  }

  onChanged(listener: (alarms: readonly string[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(places: readonly number[]): void {
    if (places.length === 0) return;
    this.#revision += 1;
    for (const place of places) this.#revisions[place] = this.#revision;
    const ids = places.flatMap((place) => this.#alarms[place]?.id ?? []);
    for (const listener of this.#listeners) listener(ids);
  }

  #rows(nowUs: number, wanted: (place: number, record: AlarmRecord) => boolean): AlarmRow[] {
    const open = this.#alarms.flatMap(({ id, group }, place) => {
      const record = this.#records[place];
      if (record === undefined || record.life.raisedUs === 0) return [];
      return [{ id, group, cameAs: record.cameAs }];
    });
    const first = firstOuts(open);
    return this.#alarms.flatMap((definition, place) => {
      const record = this.#records[place];
      if (record === undefined || !wanted(place, record)) return [];
      return toRow(definition, record, {
        chatter: this.#chatter.get(place)?.chatterAt(nowUs) ?? 0,
        standing: isActive(stateOf(record.life)) && isStanding(record.life.raisedUs, nowUs),
        firstOut: first.has(definition.id),
        held: this.#heldOf(place),
      });
    });
  }
}
