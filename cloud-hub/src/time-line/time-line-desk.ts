/** The time line of each gateway: notes what nothing else keeps, and answers with all that is kept. */
import { isActivation } from "@millwright/alarms";

import { poolConnections } from "../database/connections.ts";
import { openPool } from "../database/pool.ts";
import type { MarkedView } from "../event-views.ts";
import type { TimeLine } from "../time-line-views.ts";
import { mergeTimeLine, type Span } from "./merge-time-line.ts";
import { PresenceBook, type PresenceBookOptions } from "./presence-book.ts";
import { PresenceStore } from "./presence-store.ts";
import { TimeLineStore } from "./time-line-store.ts";

export interface TimeLineOptions extends Omit<PresenceBookOptions, "shelf"> {
  /** Alarms of a gateway, the newest first. */
  readonly alarms: (gateway: string, times: Span, max: number) => Promise<readonly MarkedView[]>;
}

/** A question that takes longer is not waited for. */
const statementMs = 10_000;
/** Events of alarms that peaks are looked for in: some dozens of floods. */
const alarmsMax = 5_000;
/** A peak that lasts at the begin of the range began with what came before. */
const beforeUs = 3_600_000_000;

/** Begins a run of the hub, with connections of its own: one to note, one for people. */
export async function openTimeLine(url: string, options: TimeLineOptions): Promise<TimeLineDesk> {
  const connectionsMax = poolConnections.timeLine;
  const pool = openPool({ url, connectionsMax, statementMs, log: options.log });
  try {
    const book = await PresenceBook.open({ ...options, shelf: new PresenceStore(pool) });
    return new TimeLineDesk(options, book, new TimeLineStore(pool), () => pool.end());
  } catch (failure) {
    await pool.end();
    throw failure;
  }
}

export class TimeLineDesk implements AsyncDisposable {
  readonly #options: TimeLineOptions;
  readonly #book: PresenceBook;
  readonly #store: TimeLineStore;
  readonly #end: () => Promise<void>;

  constructor(
    options: TimeLineOptions,
    book: PresenceBook,
    store: TimeLineStore,
    end: () => Promise<void>,
  ) {
    this.#options = options;
    this.#book = book;
    this.#store = store;
    this.#end = end;
  }

  /** Notes until `signal` aborts. */
  watch(signal: AbortSignal): Promise<void> {
    return this.#book.watch(signal);
  }

  async of(gateway: string, range: Span): Promise<TimeLine> {
    const { alarms, clock } = this.#options;
    // What happened a second ago is asked for, too.
    await this.#book.look(false);
    const nowUs = clock.nowUs();
    const found = await this.#store.read(gateway, range);
    const from = { fromUs: range.fromUs - beforeUs, toUs: range.toUs };
    const events = await alarms(gateway, from, alarmsMax + 1);
    const alarmsUs = events
      .flatMap(({ kind, atUs, body }) => (kind === "alarm" && isActivation(body) ? [atUs] : []))
      .toSorted((a, b) => a - b);
    const runs = [...found.runs, { fromUs: this.#book.startedUs, toUs: nowUs }];
    const { entries, heardFromUs } = mergeTimeLine({ ...found, runs, alarmsUs }, range, nowUs);
    const alarmsFromUs = events.length > alarmsMax ? events.at(-1)?.atUs : undefined;
    const wholeFromUs = Math.max(found.wholeFromUs ?? -Infinity, alarmsFromUs ?? -Infinity);
    return {
      ...{ fromUs: range.fromUs, toUs: range.toUs, entries },
      ...(heardFromUs === undefined ? {} : { heardFromUs }),
      ...(wholeFromUs > range.fromUs ? { wholeFromUs } : {}),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#end();
  }
}
