/**
 * Full resolution around episodes: where something began, and where it was worst, people and training want every sample and
 * not what was worth telling. The gateway has them; the hub orders them like a repair, by itself, and what it then says of
 * both sides holds for these as well (architecture 5; docs/adr/0036).
 */
import { createHash } from "node:crypto";

import { aborted, messageChain, type Clock, type Log } from "@millwright/kit";
import {
  tagsPerOrderMax,
  type Dictionary,
  type GatewayId,
  type TagBook,
  type TagId,
} from "@millwright/wire-contract";
import { toEventRecord, type EpisodeEvent } from "@millwright/wire-contract/events";

import { poolConnections } from "../database/connections.ts";
import { openPool } from "../database/pool.ts";
import type { FrameReader, HubEvent } from "../hand-over.ts";
import { OrderStore, type OrderRow } from "./order-store.ts";

export interface EpisodeOrdersOptions {
  readonly store: Pick<OrderStore, "open" | "addOnce">;
  readonly reader: Pick<FrameReader, "events" | "newestDictionary">;
  /** On both sides of the begin and of the peak, µs; 0 orders nothing. */
  readonly aroundUs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Nobody waits for them, and the ten seconds have to pass first. */
const lookEveryMs = 10_000;
/** What gateways keep in full by default is three days; what is older would mostly be refused. */
const rememberedUs = 2 * 86_400_000_000;
/** The newest; a fleet in which more happens within two days has other troubles than the resolution of its charts. */
const eventsMax = 2_000;
/** Half of what a gateway takes at a time: people's own orders find room. */
const openMax = 8;
/** Clocks of gateway and hub differ, and an order is of the past, µs. */
const marginUs = 5_000_000;
/** A quarter of what a person's order may take, bytes/s: these are small, and nobody looks at them yet. */
const bytesPerSMax = 125_000;

/** With a connection of its own. */
export function openEpisodeOrders(
  databaseUrl: string,
  options: Omit<EpisodeOrdersOptions, "store">,
): EpisodeOrders & AsyncDisposable {
  const pool = openPool({
    url: databaseUrl,
    connectionsMax: poolConnections.episodeOrders,
    statementMs: 30_000,
    log: options.log,
  });
  const orders = new EpisodeOrders({ ...options, store: new OrderStore(pool) });
  return Object.assign(orders, { [Symbol.asyncDispose]: () => pool.end() });
}

export class EpisodeOrders {
  readonly #options: EpisodeOrdersOptions;
  /** Numbers that need no look any more, and since when. */
  readonly #settled = new Map<number, number>();

  constructor(options: EpisodeOrdersOptions) {
    this.#options = options;
  }

  /** Until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { aroundUs, clock, log } = this.#options;
    if (aroundUs === 0) return;
    const stopped = aborted(signal);
    while (!signal.aborted) {
      await this.look().catch((failure: unknown) => {
        log.warn("orders.episodes-not-read", { reason: messageChain(failure) });
      });
      await Promise.race([stopped, clock.sleep(lookEveryMs, signal).catch(() => undefined)]);
    }
  }

  /** Orders what is due and was not ordered yet. */
  async look(): Promise<void> {
    const { reader, store, aroundUs, clock, log } = this.#options;
    const nowUs = clock.nowUs();
    for (const [id, us] of this.#settled) if (us < nowUs - rememberedUs) this.#settled.delete(id);
    const fromUs = nowUs - rememberedUs;
    const events = await reader.events({ kind: "episode", fromUs, max: eventsMax });
    const due = newestOf(events).flatMap((episode) =>
      windowsOf(episode.event, aroundUs)
        .map((window) => ({ ...episode, ...window, id: orderIdOf(episode, window.part) }))
        .filter(({ id, toUs }) => toUs + marginUs <= nowUs && !this.#settled.has(id)),
    );
    if (due.length === 0) return;
    const open = new Map<string, number>();
    for (const { gateway } of await store.open()) open.set(gateway, (open.get(gateway) ?? 0) + 1);
    for (const { gateway, asset, event, id, part, fromUs: beginUs, toUs } of due) {
      const tags = tagsOf(event, asset, await reader.newestDictionary(gateway));
      const waiting = open.get(gateway) ?? 0;
      if (tags.length > 0 && waiting >= openMax) continue;
      this.#settled.set(id, nowUs);
      if (tags.length === 0) continue;
      const order: Omit<OrderRow, "healed"> = {
        ...{ id, gateway, kind: "repair", tags, fromUs: beginUs, toUs },
        ...{ resolution: "samples", source: "gateway", bytesPerSMax, askedUs: nowUs },
      };
      if (!(await store.addOnce(order))) continue;
      open.set(gateway, waiting + 1);
      log.info("orders.for-episode", { order: id, gateway, asset, part, tags: tags.length });
    }
  }
}

interface SeenEpisode {
  readonly gateway: GatewayId;
  readonly journalUs: number;
  readonly episode: string;
  readonly asset: string;
  readonly event: EpisodeEvent;
}

/** @param events the newest first: the first of an episode holds */
function newestOf(events: readonly HubEvent[]): readonly SeenEpisode[] {
  const newest = new Map<string, SeenEpisode>();
  for (const { gateway, journalUs, line } of events) {
    const record = toEventRecord(line);
    if (record?.kind !== "episode") continue;
    const { asset, subject, body } = record;
    const key = `${gateway} ${journalUs} ${subject}`;
    if (!newest.has(key)) {
      newest.set(key, { gateway, journalUs, episode: subject, asset, event: body });
    }
  }
  return [...newest.values()];
}

export interface FullWindow {
  readonly part: "begin" | "peak";
  /** Whole µs; `toUs` is excluded. */
  readonly fromUs: number;
  readonly toUs: number;
}

/** What is wanted in full: around the begin at once, around the peak when it is known which it was. Never twice. */
export function windowsOf(
  { beginUs, peakUs, endUs }: Pick<EpisodeEvent, "beginUs" | "peakUs" | "endUs">,
  aroundUs: number,
): readonly FullWindow[] {
  const [fromUs, toUs] = [Math.floor(beginUs - aroundUs), Math.ceil(beginUs + aroundUs)];
  const begin = { part: "begin", fromUs, toUs } as const;
  const peakToUs = Math.ceil(peakUs + aroundUs);
  if (endUs === undefined || peakToUs <= toUs) return [begin];
  const peakFromUs = Math.max(toUs, Math.floor(peakUs - aroundUs));
  return [begin, { part: "peak", fromUs: peakFromUs, toUs: peakToUs }];
}

/** Those of which something was held back: first what has most to do with it, then all others of the asset. */
export function tagsOf(
  { contributions }: Pick<EpisodeEvent, "contributions">,
  asset: string,
  dictionary: Dictionary | undefined,
): readonly TagId[] {
  if (dictionary === undefined) return [];
  const { book } = dictionary;
  const named = contributions.flatMap(({ tag }) => book.indexOf(tag) ?? []);
  const others = book.indices.filter((index) => book.traitsOf(index)?.asset === asset);
  const thinned = new Set([...named, ...others].filter((index) => isThinned(book, index)));
  return [...thinned].flatMap((index) => book.idOf(index) ?? []).slice(0, tagsPerOrderMax);
}

/** Of others all is told anyway. */
function isThinned(book: TagBook, index: number): boolean {
  const telling = book.traitsOf(index)?.telling;
  return telling !== undefined && telling.rule !== "full";
}

/**
 * Of what it is about: a hub that starts anew, another hub and a database that was put back come to the same number, so that
 * what was ordered is never ordered again. In the range of random numbers, of which it is as good as one.
 */
function orderIdOf({ gateway, journalUs, episode, event }: SeenEpisode, part: string): number {
  const words = JSON.stringify([gateway, journalUs, episode, event.beginUs, part]);
  return 1 + createHash("sha256").update(words).digest().readUIntBE(0, 6);
}
