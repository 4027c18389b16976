/** The only file that knows every part of the hub: it builds and joins them. */
import { chmodSync, mkdirSync, writeFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { openKey, type SigningKey } from "@millwright/carrier";
import {
  aborted,
  messageChain,
  race,
  type Clock,
  type Log,
  type Random,
  type Service,
} from "@millwright/kit";
import { overviewOf, sparklinesOf, toLiveTag } from "@millwright/live-feed";
import {
  isTagId,
  watchedTagsMax,
  type GatewayId,
  type GatewayPage,
} from "@millwright/wire-contract";

import { EventDesk } from "./alarm/event-desk.ts";
import { openBackupBook, type BackupBook } from "./backup/backup-book.ts";
import { BackupKeeper } from "./backup/backup-keeper.ts";
import { backupStateOf } from "./backup/backup-state.ts";
import { CaptureKeeper } from "./captures/capture-keeper.ts";
import { FolderNotWritable } from "./children/child-faults.ts";
import { despiteChildEnds } from "./children/despite-child-ends.ts";
import type { KeptChild } from "./children/kept-child.ts";
import { natsServer, type NatsServerChild } from "./children/nats-server.ts";
import { postgres, type PostgresChild } from "./children/postgres.ts";
import { readCredentials } from "./children/secret-file.ts";
import { openHistory, type History } from "./history/history.ts";
import { HistoryKeeper } from "./history/keeper.ts";
import type { LakePlace } from "./history/lake/lake-messages.ts";
import { ObjectBucket } from "./history/lake/object-bucket.ts";
import type { HubViews } from "./hub-views.ts";
import { carrierFilesOf, createCarrierDoor } from "./ingest/carrier/carrier-door.ts";
import {
  keyViewOf,
  openGatewayKeys,
  type PostgresGatewayKeys,
} from "./ingest/carrier/gateway-keys.ts";
import { Importer } from "./ingest/carrier/importer.ts";
import { Ingest, type SafeSource } from "./ingest/ingest.ts";
import { NatsInbox } from "./ingest/nats-inbox.ts";
import { openPostgresStore, type PostgresStore } from "./ingest/store-postgres.ts";
import { openEpisodeOrders } from "./orders/episode-orders.ts";
import { openOrderDesk } from "./orders/order-desk.ts";
import { ConsoleServer } from "./serve/console-server.ts";
import { backupFilesOf, captureFolderOf, lakeFolderOf } from "./settings/folders.ts";
import { SettingsFaulty, type HubSettings } from "./settings/load-settings.ts";
import { Fleet } from "./twin/fleet.ts";
import { Twins } from "./twin/twins.ts";
import { Watching } from "./twin/watching.ts";

export interface HubContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The folders of PATH, for the programs of the children. */
  readonly programFolders: readonly string[];
}

/** The hub as services, sinks before sources. */
export interface Hub {
  readonly services: readonly Service[];
  /** Once started. */
  readonly views: HubViews;
  /** Where the console is and which programs run, for the line that says that the hub is ready. */
  status(): { console: string; broker: string; gatewayCredentials: string };
}

const beatsKeptEveryMs = 10_000;
const quarantineRowsMax = 200;

/** Builds the hub and starts nothing. Throws a fault when a program is missing or the data folder cannot be used. */
export function buildHub(settings: HubSettings, context: HubContext): Hub {
  openDataFolder(settings.dataFolder);
  const gatewayCredentialsFile = join(settings.dataFolder, "gateway.credentials");
  const broker =
    settings.broker.url === undefined
      ? brokerChild(settings, context, gatewayCredentialsFile)
      : undefined;
  const database =
    settings.database.url === undefined ? databaseChild(settings, context) : undefined;
  // What the core stands on, in the order in which it is started.
  const children = [database?.child, broker?.child].filter((child) => child !== undefined);
  const key = openKey(carrierFilesOf(settings.dataFolder).key);
  const core = new HubCore({
    settings,
    context,
    key,
    children,
    brokerUrl: () => settings.broker.url ?? broker?.url() ?? "",
    brokerCredentials: () =>
      broker?.credentials ??
      (settings.broker.credentialsFile === undefined
        ? undefined
        : readCredentials(settings.broker.credentialsFile)),
    databaseUrl: () => settings.database.url ?? database?.url() ?? "",
  });
  const keeper = new HistoryKeeper({
    settings: {
      sortEveryMs: settings.history.sortEveryMin * 60_000,
      hotDays: settings.history.hotDays,
      keep: {
        samples: settings.history.keepSamplesDays,
        minutes: settings.history.keepMinutesDays,
        hours: settings.history.keepHoursDays,
      },
      lake: lakePlaceOf(settings),
      logLevel: settings.logLevel,
    },
    databaseUrl: () => settings.database.url ?? database?.url() ?? "",
    ...context,
  });
  const carriers = createCarrierDoor({
    dataFolder: settings.dataFolder,
    key,
    parts: () => core.carriers,
    clock: context.clock,
    log: context.log,
  });
  const console = new ConsoleServer({
    host: settings.http.host,
    port: settings.http.port,
    views: core,
    clock: context.clock,
  });
  return {
    services: [...children, core, keeper, ...core.backupKeepers, carriers, console],
    views: core,
    status: () => ({
      console: console.url,
      broker: settings.broker.url ?? broker?.url() ?? "",
      gatewayCredentials: broker === undefined ? "" : gatewayCredentialsFile,
    }),
  };
}

function brokerChild(
  settings: HubSettings,
  context: HubContext,
  gatewayCredentialsFile: string,
): NatsServerChild {
  return natsServer(
    {
      folder: join(settings.dataFolder, "nats"),
      chosenPort: settings.broker.port,
      program: settings.broker.program,
      path: context.programFolders,
      // One stream for each of the four lanes.
      storeBytesMax: settings.broker.mebibytesMax * 2 ** 20 * 4,
      gatewayCredentialsFile,
    },
    context,
  );
}

function databaseChild(settings: HubSettings, context: HubContext): PostgresChild {
  return postgres(
    {
      folder: join(settings.dataFolder, "postgres"),
      chosenPort: settings.database.port,
      programs: settings.database.programs,
      path: context.programFolders,
      user: settings.database.user,
    },
    context,
  );
}

/** Found out before anything is started, because a database tells it less clearly. */
function openDataFolder(folder: string): void {
  const trial = join(folder, ".writable");
  try {
    mkdirSync(folder, { recursive: true });
    // PostgreSQL, which root may not run, has to pass through and nothing more.
    if (process.getuid?.() === 0) chmodSync(folder, 0o711);
    writeFileSync(trial, "");
    rmSync(trial);
  } catch (cause) {
    throw new FolderNotWritable(
      folder,
      "Give the user who starts the hub the right to write there, make room on the disk, or choose another dataFolder.",
      { cause },
    );
  }
}

function lakePlaceOf(settings: HubSettings): LakePlace {
  const { bucket } = settings.history;
  const folder = lakeFolderOf(settings);
  if (bucket === undefined) return { folder };
  const keys = readCredentials(bucket.credentialsFile);
  if (keys === undefined)
    throw new SettingsFaulty(
      `history.bucket.credentialsFile: ${bucket.credentialsFile} has no access key and secret key`,
    );
  const { url, region } = bucket;
  return {
    folder,
    bucket: { url, region, accessKeyId: keys.user, secretAccessKey: keys.password },
  };
}

function secondPlaceOf(settings: HubSettings): ObjectBucket | undefined {
  const { bucket } = lakePlaceOf(settings);
  return bucket === undefined ? undefined : new ObjectBucket(bucket);
}

interface CoreOptions {
  readonly settings: HubSettings;
  readonly context: HubContext;
  /** The hub's own. */
  readonly key: SigningKey;
  readonly children: readonly KeptChild[];
  readonly brokerUrl: () => string;
  readonly brokerCredentials: () => { user: string; password: string } | undefined;
  readonly databaseUrl: () => string;
}

/** Ingest, twins and history around one store: a service to the one side, views to the other. */
class HubCore implements Service, HubViews {
  readonly name = "hub";
  readonly broken: Promise<never> = new Promise<never>(() => undefined);
  readonly #options: CoreOptions;
  readonly #stopping = new AbortController();
  readonly #watching = new Watching();
  /** One where there is a schedule, none elsewhere. */
  readonly backupKeepers: readonly BackupKeeper[];
  #parts: Parts | undefined;
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: CoreOptions) {
    this.#options = options;
    const { settings, context, databaseUrl } = options;
    const { backup } = settings;
    this.backupKeepers =
      backup === undefined
        ? []
        : [
            new BackupKeeper({
              order: {
                folder: backup.folder,
                keep: backup.keep,
                lakeFolder: lakeFolderOf(settings),
                captureFolder: captureFolderOf(settings),
                files: backupFilesOf(settings),
              },
              everyMs: backup.everyHours * 3_600_000,
              newestUs: () => this.#parts?.backups.newestUs,
              made: async () => this.#parts?.backups.reload(),
              databaseUrl,
              ...context,
            }),
          ];
  }

  async start(): Promise<void> {
    const { children, context } = this.#options;
    await despiteChildEnds(children, () => this.#join(), context, this.#stopping.signal);
  }

  async #join(): Promise<void> {
    const { settings, context, key, brokerUrl, brokerCredentials, databaseUrl } = this.#options;
    const { clock, random, log } = context;
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
        watched: (gateway) => this.#watching.watched(gateway, watchedTagsMax),
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
      const events = new EventDesk({
        reader: store,
        expire: (beforeUs, max) => store.expireEvents(beforeUs, max),
        keepDays: settings.events.keepDays,
        gateways: () => fleet.rows(() => 0),
        clock,
        log,
      });
      this.#parts = {
        store,
        events,
        orders,
        episodeOrders,
        keys,
        importer: new Importer({ intake: ingest, keys, key, clock, log }),
        backups,
        fleet,
        twins,
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
    await parts.history[Symbol.asyncDispose]();
    await parts.captures.stop();
    await parts.keys[Symbol.asyncDispose]();
    await parts.backups[Symbol.asyncDispose]();
    await parts.store[Symbol.asyncDispose]();
  }

  get carriers(): Pick<Parts, "importer" | "keys"> {
    return this.#running();
  }

  async gatewayKey(gateway: string): ReturnType<HubViews["gatewayKey"]> {
    const pinned = await this.#running().keys.pinned(gateway as GatewayId);
    return keyViewOf(pinned, this.#options.key.publicKey);
  }

  get orders(): HubViews["orders"] {
    return this.#running().orders;
  }

  get acknowledgements(): HubViews["acknowledgements"] {
    return this.#running().orders.acknowledgements;
  }

  get events(): HubViews["events"] {
    return this.#running().events;
  }

  gateways(): ReturnType<HubViews["gateways"]> {
    const { fleet, twins } = this.#running();
    return fleet.rows((gateway) => twins.dictionary(gateway)?.size ?? 0);
  }

  page(gateway: string): GatewayPage | undefined {
    const { fleet, twins } = this.#running();
    const known = fleet.known(gateway);
    if (known === undefined) return undefined;
    const tags = twins.dictionary(gateway)?.tags ?? [];
    // A gateway of an older version has not said which; then its first tags stand there.
    const overview = overviewOf(tags, known.hello?.overview ?? []);
    const commitEveryMs = known.hello?.commitEveryMs;
    return {
      gateway,
      name: known.hello?.name ?? gateway,
      site: known.hello?.site ?? "",
      software: known.hello?.software ?? "",
      tags: tags.map(toLiveTag),
      overview,
      sparklines: sparklinesOf(tags, overview),
      captures: this.#running().captures.points(gateway),
      ...(commitEveryMs === undefined ? {} : { commitEveryMs }),
    };
  }

  values(gateway: string, tags: readonly string[]): ReturnType<HubViews["values"]> {
    return this.#running().twins.table(gateway)?.values(tags) ?? [];
  }

  devices(gateway: string): ReturnType<HubViews["devices"]> {
    return this.#running().fleet.devices(gateway);
  }

  hubLink(gateway: string): ReturnType<HubViews["hubLink"]> {
    return this.#running().fleet.hubLink(gateway);
  }

  confirmed(gateway: string): Readonly<Record<string, number>> {
    return this.#running().twins.table(gateway)?.confirmed() ?? {};
  }

  onChanged(listener: (gateway: string, tags: readonly string[]) => void): () => void {
    return this.#running().twins.onChanged(listener);
  }

  onState(listener: (gateway: string) => void): () => void {
    return this.#running().fleet.onState(listener);
  }

  watch(gateway: string, tags: readonly string[]): () => void {
    // A page that names none shows all.
    const shown =
      tags.length > 0
        ? tags.filter(isTagId)
        : (this.#running().twins.dictionary(gateway)?.tags ?? []).map(({ id }) => id);
    return this.#watching.watch(gateway, shown);
  }

  history(
    gateway: string,
    tags: readonly string[],
    fromUs: number,
    toUs: number,
    columns: number,
  ): ReturnType<HubViews["history"]> {
    return this.#running().history.chart(gateway as GatewayId, tags, fromUs, toUs, columns);
  }

  gaps(gateway: string, tag: string, fromUs: number, toUs: number): ReturnType<HubViews["gaps"]> {
    return this.#running().history.gaps(gateway as GatewayId, tag, fromUs, toUs);
  }

  aggregates(
    gateway: string,
    tag: string,
    fromUs: number,
    toUs: number,
    width: "1m" | "1h",
  ): ReturnType<HubViews["aggregates"]> {
    const tier = width === "1m" ? "minutes" : "hours";
    return this.#running().history.aggregates(gateway as GatewayId, tag, fromUs, toUs, tier);
  }

  captures(gateway: string): ReturnType<HubViews["captures"]> {
    const { captures } = this.#running();
    return {
      list: (query) => captures.list(gateway, query),
      file: (sha256) => captures.file(gateway, sha256),
    };
  }

  async exportHistory(
    gateway: string,
    tags: readonly string[],
    fromUs: number,
    toUs: number,
  ): Promise<string> {
    const { settings, context } = this.#options;
    const name = `export-${Math.floor(context.random.next() * 2 ** 48).toString(36)}.parquet`;
    const path = join(lakePlaceOf(settings).folder, ".scratch", name);
    await this.#running().history.export(gateway as GatewayId, tags, fromUs, toUs, path);
    return path;
  }

  quarantine(): ReturnType<HubViews["quarantine"]> {
    return this.#running().store.quarantine(quarantineRowsMax);
  }

  metrics(): ReturnType<HubViews["metrics"]> {
    const { fleet, ingest } = this.#running();
    const { counters } = ingest;
    return {
      unexplained: fleet.unexplained(),
      framesReceived: counters.received,
      framesStored: counters.stored,
      framesRepeated: counters.repeated,
      framesQuarantined: counters.quarantined,
      samplesStored: counters.samplesStored,
      transactions: counters.transactions,
    };
  }

  backup(): ReturnType<HubViews["backup"]> {
    const { settings, context } = this.#options;
    const { newestUs } = this.#running().backups;
    const everyMs = (settings.backup?.everyHours ?? 0) * 3_600_000;
    return {
      releaseBelow: settings.releaseBelow,
      state: backupStateOf(newestUs, everyMs, context.clock.nowUs()),
      newestUs,
      everyMs,
      failure: this.backupKeepers[0]?.failure ?? "",
    };
  }

  async #keepBeats(fleet: Fleet, store: PostgresStore, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options.context;
    const stopped = aborted(signal);
    for (;;) {
      await Promise.race([stopped, clock.sleep(beatsKeptEveryMs, signal).catch(() => undefined)]);
      if (signal.aborted) return;
      await store.keepBeats(fleet.beats()).catch((failure: unknown) => {
        log.warn("hub.beats-not-kept", { reason: messageChain(failure) });
      });
    }
  }

  #running(): Parts {
    if (this.#parts === undefined) throw new Error("the hub has not been started");
    return this.#parts;
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

interface Parts {
  readonly store: PostgresStore;
  readonly events: EventDesk;
  readonly keys: PostgresGatewayKeys;
  readonly importer: Importer;
  readonly fleet: Fleet;
  readonly twins: Twins;
  readonly ingest: Ingest;
  readonly history: History;
  readonly captures: CaptureKeeper;
  readonly orders: ReturnType<typeof openOrderDesk>;
  readonly episodeOrders: ReturnType<typeof openEpisodeOrders>;
  readonly backups: BackupBook;
}
