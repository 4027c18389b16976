/**
 * The core of the hub: the steps around one store, joined once the children run. Ingest is started before what is ordered and
 * shown, and ends first.
 */
import type { SigningKey } from "@millwright/carrier";
import {
  aborted,
  messageChain,
  race,
  type Clock,
  type Log,
  type Random,
  type Service,
} from "@millwright/kit";
import { watchedTagsMax } from "@millwright/wire-contract";

import { EventDesk } from "./alarm/event-desk.ts";
import { openBackupBook, type BackupBook } from "./backup/backup-book.ts";
import { CaptureKeeper } from "./captures/capture-keeper.ts";
import { despiteChildEnds } from "./children/despite-child-ends.ts";
import type { KeptChild } from "./children/kept-child.ts";
import { openHistory, type History } from "./history/history.ts";
import { openGatewayKeys, type PostgresGatewayKeys } from "./ingest/carrier/gateway-keys.ts";
import { Importer } from "./ingest/carrier/importer.ts";
import { NatsConnections } from "./ingest/broker-connections.ts";
import { Ingest } from "./ingest/ingest.ts";
import { NatsInbox } from "./ingest/nats-inbox.ts";
import { openPostgresStore, type PostgresStore } from "./ingest/store-postgres.ts";
import type { SafeSource } from "./ingest/told-marks.ts";
import { lakePlaceOf, secondPlaceOf } from "./lake-place.ts";
import { openEpisodeOrders } from "./orders/episode-orders.ts";
import { openOrderDesk } from "./orders/order-desk.ts";
import { openSavedViews } from "./saved-views/saved-view-desk.ts";
import { captureFolderOf } from "./settings/folders.ts";
import type { HubSettings } from "./settings/load-settings.ts";
import { openSilence, type SilenceDesk } from "./silence/silence-desk.ts";
import { openTimeLine, type TimeLineDesk } from "./time-line/time-line-desk.ts";
import { Fleet } from "./twin/fleet.ts";
import { silentAfterUs } from "./twin/presence.ts";
import { Twins } from "./twin/twins.ts";
import { Watching } from "./twin/watching.ts";

export interface HubCoreOptions {
  readonly settings: HubSettings;
  /** The hub's own. */
  readonly key: SigningKey;
  readonly children: readonly KeptChild[];
  readonly brokerUrl: () => string;
  readonly brokerCredentials: () => { user: string; password: string } | undefined;
  /** Of its system account. */
  readonly systemCredentials: () => { user: string; password: string } | undefined;
  readonly databaseUrl: () => string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What runs between the start of the core and its end. */
export interface CoreParts {
  readonly store: PostgresStore;
  readonly events: EventDesk;
  readonly keys: PostgresGatewayKeys;
  readonly importer: Importer;
  readonly fleet: Fleet;
  readonly twins: Twins;
  readonly watching: Watching;
  readonly ingest: Ingest;
  readonly history: History;
  readonly captures: CaptureKeeper;
  readonly orders: ReturnType<typeof openOrderDesk>;
  readonly episodeOrders: ReturnType<typeof openEpisodeOrders>;
  readonly savedViews: ReturnType<typeof openSavedViews>;
  readonly timeLine: TimeLineDesk;
  readonly silence: SilenceDesk;
  readonly backups: BackupBook;
}

const beatsKeptEveryMs = 10_000;

export class HubCore implements Service {
  readonly name = "hub";
  readonly broken: Promise<never> = new Promise<never>(() => undefined);
  readonly #options: HubCoreOptions;
  readonly #stopping = new AbortController();
  #parts: CoreParts | undefined;
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: HubCoreOptions) {
    this.#options = options;
  }

  /** Throws before the core has started. */
  get parts(): CoreParts {
    if (this.#parts === undefined) throw new Error("the hub has not been started");
    return this.#parts;
  }

  async start(): Promise<void> {
    const { children } = this.#options;
    await despiteChildEnds(children, () => this.#join(), this.#options, this.#stopping.signal);
  }

  async #join(): Promise<void> {
    const { settings, key, brokerUrl, brokerCredentials, databaseUrl } = this.#options;
    const { systemCredentials } = this.#options;
    const { clock, random, log } = this.#options;
    const store = await openPostgresStore({ url: databaseUrl(), writers: settings.writers, log });
    let backups: BackupBook | undefined;
    let captures: CaptureKeeper | undefined;
    try {
      const fleet = new Fleet({ reader: store, clock, log });
      const twins = new Twins({
        reader: store,
        clock,
        log,
        undecodable: (frame, reason) => {
          const { gateway, lane, seq } = frame.head;
          log.error("twin.frame-undecodable", { gateway, lane, seq, reason });
          store.noteUndecodable(frame, reason, clock.nowUs()).catch((failure: unknown) => {
            log.warn("twin.quarantine-not-written", { reason: messageChain(failure) });
          });
          fleet.touched(gateway);
        },
      });
      for (const gateway of await fleet.load()) await twins.load(gateway);
      const watching = new Watching();
      const { releaseBelow } = settings;
      backups = await openBackupBook({
        databaseUrl: databaseUrl(),
        releaseBelow,
        clock,
        log,
      });
      const keys = openGatewayKeys(databaseUrl(), log);
      const credentials = brokerCredentials();
      const inbox = new NatsInbox({
        url: brokerUrl(),
        ...(credentials === undefined ? {} : { credentials }),
        streamBytesMax: settings.broker.mebibytesMax * 2 ** 20,
        report: (gateway, bytes) => this.#parts?.orders.heard(gateway, bytes),
        clock,
        log,
      });
      captures = new CaptureKeeper({
        databaseUrl: databaseUrl(),
        folder: captureFolderOf(settings),
        second: secondPlaceOf(settings),
        keepDays: settings.captures.keepDays,
        clock,
        log,
      });
      await captures.start();
      const ingest = new Ingest({
        inbox,
        store,
        writers: settings.writers,
        clock,
        random,
        log,
        committed(commit) {
          twins.take(commit);
          for (const gateway of commit.touched) fleet.touched(gateway);
        },
        beat(gateway, beat, receivedUs) {
          // The values shown are those of the one that has the name.
          if (beat.fenced === undefined) twins.beat(gateway, beat);
          fleet.beat(gateway, beat, receivedUs);
        },
        greeted(hello, fenced) {
          fleet.greet(hello, clock.nowUs(), fenced);
          const { gateway, publicKey } = hello;
          twins.greeted(gateway);
          if (publicKey === undefined) return;
          keys.met(gateway, publicKey, clock.nowUs()).catch((failure: unknown) => {
            log.warn("hub.gateway-key-not-noted", { gateway, reason: messageChain(failure) });
          });
        },
        watched: (gateway) => watching.watched(gateway, watchedTagsMax),
        safe: safeUnder(backups, captures),
      });
      await ingest.start();
      const history = openHistory(
        { databaseUrl: databaseUrl(), ...lakePlaceOf(settings), logLevel: settings.logLevel },
        store,
        log,
      );
      const orders = openOrderDesk(databaseUrl(), {
        reader: store,
        digest: (order) => history.digest(order),
        digestBuckets: (order) => history.digestBuckets(order),
        devices: (gateway) => fleet.devices(gateway),
        publish: (gateway, message) => {
          inbox.publishOrders(gateway, message);
        },
        clock,
        random,
        log,
      });
      const aroundUs = settings.episodes.fullResolutionS * 1_000_000;
      const episodeOrders = openEpisodeOrders(databaseUrl(), {
        ...{ reader: store, aroundUs, clock, log },
      });
      const savedViews = openSavedViews(databaseUrl(), {
        missing({ gateway, tag }) {
          if (fleet.known(gateway) === undefined) return "gateway";
          // Which tags a gateway has is not known before its dictionary has come.
          const dictionary = twins.dictionary(gateway);
          return dictionary === undefined || dictionary.byId(tag) !== undefined ? undefined : "tag";
        },
        clock,
        log,
      });
      const events = new EventDesk({
        reader: store,
        expire: (beforeUs, max) => store.expireEvents(beforeUs, max, clock.nowUs()),
        keepDays: settings.events.keepDays,
        gateways: () => fleet.rows(() => 0),
        clock,
        log,
      });
      const timeLine = await openTimeLine(databaseUrl(), {
        standings: () => fleet.standings(),
        silentAfterUs,
        keepDays: settings.events.keepDays,
        alarms: (gateway, times, max) => events.marked(gateway, "alarm", times, max),
        clock,
        log,
      });
      const silence = openSilence(databaseUrl(), {
        gateways: () => [...fleet.standings()],
        isGateway: (id) => fleet.known(id) !== undefined,
        broker: new NatsConnections({ url: brokerUrl(), credentials: systemCredentials(), clock }),
        cutOffUs: () => inbox.cutOffUs,
        keepDays: settings.events.keepDays,
        clock,
        log,
      });
      this.#parts = {
        store,
        events,
        timeLine,
        silence,
        orders,
        episodeOrders,
        savedViews,
        keys,
        importer: new Importer({ intake: ingest, keys, key, clock, log }),
        backups,
        fleet,
        twins,
        watching,
        ingest,
        history,
        captures,
      };
      this.#work = Promise.all([
        fleet.watch(this.#stopping.signal),
        backups.watch(this.#stopping.signal),
        orders.run(this.#stopping.signal),
        episodeOrders.run(this.#stopping.signal),
        events.run(this.#stopping.signal),
        timeLine.watch(this.#stopping.signal),
        silence.watch(this.#stopping.signal),
        this.#keepBeats(fleet, store, this.#stopping.signal),
      ]);
    } catch (failure) {
      await captures?.stop();
      await backups?.[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      throw failure;
    }
  }

  async stop(deadline: AbortSignal): Promise<void> {
    const parts = this.#parts;
    if (parts === undefined) return;
    // Intake ends first: what it has taken is committed, acknowledged and marked. What a database that hangs has not
    // taken by the deadline is not acknowledged, and comes again.
    await race(parts.ingest.stop(), deadline).catch(() => undefined);
    this.#stopping.abort();
    await this.#work;
    await parts.twins.settled();
    await parts.store.keepBeats(parts.fleet.beats()).catch(() => undefined);
    await parts.orders[Symbol.asyncDispose]();
    await parts.episodeOrders[Symbol.asyncDispose]();
    await parts.savedViews[Symbol.asyncDispose]();
    await parts.timeLine[Symbol.asyncDispose]();
    await parts.silence[Symbol.asyncDispose]();
    await parts.history[Symbol.asyncDispose]();
    await parts.captures.stop();
    await parts.keys[Symbol.asyncDispose]();
    await parts.backups[Symbol.asyncDispose]();
    await parts.store[Symbol.asyncDispose]();
  }

  async #keepBeats(fleet: Fleet, store: PostgresStore, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const stopped = aborted(signal);
    for (;;) {
      await Promise.race([stopped, clock.sleep(beatsKeptEveryMs, signal).catch(() => undefined)]);
      if (signal.aborted) return;
      await store.keepBeats(fleet.beats()).catch((failure: unknown) => {
        log.warn("hub.beats-not-kept", { reason: messageChain(failure) });
      });
    }
  }
}

/** Safe is what is in a backup, where there are any, and of captures what was read whole besides. */
function safeUnder(...sources: readonly SafeSource[]): SafeSource {
  return {
    lower: (gateway, mark) => sources.reduce((lowest, one) => one.lower(gateway, lowest), mark),
    async reload() {
      for (const source of sources) await source.reload();
    },
  };
}
