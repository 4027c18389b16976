/** The only file that knows every step: it builds them and joins them. Sinks before sources. */
import { mkdirSync } from "node:fs";

import { fingerprintOf, openKey, type SigningKey } from "@millwright/carrier";
import {
  messageChain,
  runServices,
  type Clock,
  type Log,
  type Random,
  type Service,
} from "@millwright/kit";
import {
  overviewOf,
  sparklinesOf,
  toLiveTag,
  proofsOf,
  ValueTable,
  type LiveSource,
} from "@millwright/live-feed";
import {
  helloOverviewMax,
  type Beat,
  type DeviceStatus,
  type GatewayPage,
  type TagBook,
  type TagDefinition,
} from "@millwright/wire-contract";

import { joinPeople } from "./access-parts.ts";
import { DeviceSupervisor } from "./acquire/device-supervisor.ts";
import type { ReadingBatch } from "./acquire/driver.ts";
import { healthDriver } from "./acquire/health/health-driver.ts";
import { backupHandlers } from "./buffer/backup-handlers.ts";
import { captureFile, captureFolderOf } from "./buffer/captures/capture-files.ts";
import { openJournal, type Journal } from "./buffer/journal.ts";
import type { JournalThread } from "./buffer/journal-thread.ts";
import { keep } from "./buffer/keep.ts";
import { joinAlarms, type AlarmParts } from "./alarm-parts.ts";
import { captureLimitsOf, capturePointsOf, createCaptures } from "./capture-points.ts";
import { joinCommands } from "./command-parts.ts";
import { joinDetection } from "./detect-parts.ts";
import type {
  AuditNote,
  DeclaredTag,
  GatewayClockState,
  PageRoute,
  SampleBatch,
  SampleWatcher,
} from "./hand-over.ts";
import { joinModels } from "./model-parts.ts";
import { clockNoteOf } from "./normalise/clock-policy.ts";
import { GatewayClock, gatewayClockWords, systemTools } from "./normalise/gateway-clock.ts";
import { createNormaliser } from "./normalise/normaliser.ts";
import { joinRules } from "./rule-parts.ts";
import { joinSparkplug } from "./sparkplug-parts.ts";
import { chartMarks } from "./serve/chart-marks.ts";
import { applyBatch } from "./serve/current-values.ts";
import { RoomWatch } from "./serve/room-watch.ts";
import { tagViewOf } from "./serve/tag-view.ts";
import { pageAddress } from "./settings/access-settings.ts";
import { deviceFolder } from "./settings/device-folder.ts";
import type { DeviceSettings } from "./settings/load-device.ts";
import type { Settings } from "./settings/load-settings.ts";
import { createCarrierDoor } from "./sync/carrier/carrier-door.ts";
import { carrierFiles } from "./sync/carrier/carrier-files.ts";
import type { ReleaseRule } from "./sync/release-rule.ts";
import { createUplink } from "./sync/uplink.ts";

/** What a planned stop may take: the last commit, its settling, and a goodbye to the hub. */
const drainMs = 8_000;
/** Readings that a driver which is pushed to keeps while the journal is busy: 10 s of a 5,000 values/s gateway. */
const queueMax = 50_000;
/** A stamp this far ahead of our disciplined clock is quarantined, not stored silently (architecture 3). */
const quarantineAheadUs = 10_000_000;

export interface RuntimeOptions {
  readonly settings: Settings;
  /** Started earlier, to save time; by `runRuntime` otherwise. */
  readonly journalThread?: JournalThread;
  readonly software: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** For tests that show what another rule would lose; the hub's mark otherwise. */
  readonly releaseRule?: ReleaseRule;
  /** Called once, when values can flow. */
  readonly ready: (facts: { readonly hmi: string; readonly tags: number }) => void;
  /** For whoever sits at the gateway, and not for the log: one-time codes. */
  readonly print?: (text: string) => void;
  /** Told what parts give the page: for the test that tries every role on every route. */
  readonly routes?: (routes: readonly PageRoute[]) => void;
}

/** Runs the gateway until `until` aborts. Rejects when a part breaks; the journal is closed in any case. */
export async function runRuntime(options: RuntimeOptions, until: AbortSignal): Promise<void> {
  const { settings, clock, random, log } = options;
  const broken = brokenJournal();
  let noteGatewayClock: (words: string) => void = () => undefined;
  const gatewayClock = new GatewayClock({
    clock,
    log,
    tools: systemTools,
    changed: (state) => {
      noteGatewayClock(gatewayClockWords(state));
    },
  });
  for (const driver of new Set(settings.devices.map((device) => device.driver))) {
    driver.prepare?.(log);
  }
  const journal = await openJournal(
    {
      folder: settings.journal.folder,
      gateway: settings.gateway.id,
      commitEveryMs: settings.journal.commitEveryMs,
      keepRawHours: settings.journal.keepRawHours,
      bytesMax: settings.journal.bytesMax,
      tellEveryMs: settings.telling.everyMs,
      captures: captureLimitsOf(settings),
      clock,
      clockIsSet: () => gatewayClock.state === "set",
      random,
      log,
      onBroken: broken.report,
    },
    options.journalThread,
  );

  try {
    const dictionary = await journal.adoptTags(declaredTags(settings));
    const { book } = dictionary;
    const current = new ValueTable(book);
    const stateListeners = new Set<() => void>();
    const stateChanged = (): void => {
      for (const listener of stateListeners) listener();
    };

    const indexOf = (id: string): number | undefined => book.indexOf(id);
    // Those who see each sample as it comes, in this order.
    const { detection, routes: episodeRoutes } = joinDetection({
      ...{ settings, book, clock, log },
      current: tagViewOf(current),
      events: journal.events,
    });
    const audit = (note: AuditNote): Promise<void> => people.door.audit(note);
    const {
      alarms,
      routes: alarmRoutes,
      askedAtHub,
      conditionsOf,
    } = joinAlarms({
      ...{ settings, book, audit, clock, random, log },
      devices: () => devices,
      current: tagViewOf(current),
      events: journal.events,
      detection,
    });
    const commands = joinCommands({
      ...{ settings, book, audit, clock, log },
      current: tagViewOf(current),
      events: journal.events,
      devices: () => devices,
    });
    const { rules, routes: ruleRoutes } = joinRules({
      ...{ settings, book, clock, log, alarms },
      events: journal.events,
      commands: commands.desk,
      episodes: detection,
      capture: (tag, why) => captures?.takeNow(tag, why),
    });
    const models = await joinModels({
      ...{ settings, book, detection, clock, random, log },
      current: tagViewOf(current),
      events: journal.events,
    });
    const watchers: SampleWatcher[] = [detection, alarms, commands.desk, rules, ...models.watchers];
    const devices = settings.devices.map((device) =>
      superviseDevice(
        device,
        options,
        journal,
        current,
        watchers,
        indexOf,
        stateChanged,
        () => gatewayClock.state,
        conditionsOf(device.id),
      ),
    );
    const self = devices.find((device) => device.status.protocol === healthDriver.protocol);
    noteGatewayClock = (words) => self?.noteClock(words);
    const captures = createCaptures({ settings, devices, book, current, journal, clock, log });
    const statuses = (): readonly DeviceStatus[] => devices.map((device) => device.status);
    const sparkplug = await joinSparkplug({
      ...{ settings, book, clock, random, log, devices: statuses },
      current: tagViewOf(current),
      feed: journal.kept,
      events: journal.events,
    });
    const unexplained = (): number =>
      journal.counters().unexplained +
      (captures?.account.unexplained ?? 0) +
      devices.reduce((sum, device) => sum + Math.abs(device.account.unexplained), 0);

    const people = await joinPeople(settings, journal.events, clock, log);
    const files = carrierFiles(settings.journal.folder);
    const key = ownKey(files.key, log);
    // Made anew for each who asks: with 100,000 tags it is larger than all that the values take.
    const page = (): GatewayPage => toPage(settings, options.software, book, key);
    const carriers = createCarrierDoor({
      files,
      gateway: settings.gateway.id,
      outbox: journal.outbox,
      sealOpen: () => journal.sealOpen(),
      handlers: { ...backupHandlers(journal), ...people.handlers },
      log,
    });
    const overview = overviewIn(settings, book);
    const uplink = joinHub(options, journal, askedAtHub, overview, key, (waiting) => ({
      ...waiting,
      version: 1,
      gateway: settings.gateway.id,
      nowUs: clock.nowUs(),
      devices: statuses(),
      unexplained: unexplained(),
      clock: gatewayClock.state,
      ...proofsOf(current, clock.nowUs()),
      stopping: until.aborted,
    }));

    const room = new RoomWatch(clock, () => journal.buffer());
    const live: LiveSource = {
      values: (tags) => current.values(tags),
      devices: statuses,
      hub: () => ({
        ...(uplink?.link ?? noHub),
        ...(room.roomS === undefined ? {} : { roomS: room.roomS }),
      }),
      confirmed: () => current.confirmed(),
      onChanged: (listener) => current.onChanged(listener),
      onState(listener) {
        stateListeners.add(listener);
        return () => stateListeners.delete(listener);
      },
      onNews(listener) {
        const ends = [
          alarms.onChanged(() => {
            listener("alarms");
          }),
          detection.onChanged(() => {
            listener("episodes");
          }),
          commands.desk.onChanged(() => {
            listener("commands");
          }),
          rules.onChanged(() => {
            listener("rules");
          }),
        ];
        return () => {
          for (const end of ends) end();
        };
      },
    };
    const pages = people.pages(
      {
        page,
        counters: () => ({
          unexplained: unexplained(),
          clock: gatewayClock.state,
          journal: { ...journal.counters(), bytesMax: settings.journal.bytesMax },
          devices: devices.map(({ status, account }) => ({ device: status.device, ...account })),
        }),
        live,
        indexOf,
        marks: chartMarks({ book: journal.events, alarms, episodes: detection }),
        captures: (query) => journal.captures(query),
        captureFile: (sha256) => captureFile(captureFolderOf(settings.journal.folder), sha256),
        buffer: (outageS) => journal.buffer(outageS),
        line: (tag, range, signal) => journal.readLine(tag, range, signal),
        gaps: async (id, fromUs, toUs) => {
          const tag = dictionary.byId(id);
          if (tag === undefined) return [];
          return await journal.gaps({ device: tag.device, tag: tag.id }, fromUs, toUs);
        },
      },
      [
        ...[...alarmRoutes, ...episodeRoutes, ...commands.routes, ...ruleRoutes],
        ...[...models.routes, ...sparkplug.routes],
      ],
    );

    options.routes?.(pages.routes);

    const announce: Service = {
      name: "ready",
      broken: new Promise<never>(() => undefined),
      start() {
        options.ready({ hmi: pages.url(), tags: book.size });
        options.print?.(pages.firstSteps());
        return Promise.resolve();
      },
      stop: () => Promise.resolve(),
    };
    const services = [
      broken.service,
      gatewayClock,
      carriers,
      ...(uplink ? [uplink] : []),
      room,
      detection,
      ...models.services,
      alarms,
      ...pages.services,
      ...sparkplug.services,
      ...devices,
      ...commands.services,
      rules,
      ...(captures === undefined ? [] : [captures]),
      announce,
    ];
    await runServices(services, until, drainMs);
  } finally {
    await journal.close();
  }
}

function* declaredTags({ devices }: Settings): Generator<DeclaredTag, void, undefined> {
  for (const { tags } of devices) for (const { tag } of tags) yield tag;
}

function superviseDevice(
  device: DeviceSettings,
  options: RuntimeOptions,
  journal: Journal,
  current: ValueTable,
  watchers: readonly SampleWatcher[],
  indexOf: (id: string) => number | undefined,
  changed: () => void,
  gatewayClock: () => GatewayClockState,
  conditions: ReturnType<AlarmParts["conditionsOf"]>,
): DeviceSupervisor {
  const { clock, random, log, settings } = options;
  const stateFolder = deviceFolder(settings.journal.folder, device.id);
  mkdirSync(stateFolder, { recursive: true });
  const indices = Int32Array.from(device.tags.map(({ tag }) => indexOf(tag.id) ?? -1));

  const normaliser = createNormaliser({
    device: device.id,
    tags: device.tags.map(({ point, tag }, at) => ({
      index: indices[at] ?? -1,
      point: at,
      type: point.type,
      scale: tag.scale,
      offset: tag.offset,
      clock: tag.clock,
    })),
    clockPolicy: device.clockPolicy,
    quarantineAheadUs,
    clock,
    onLoss: (loss) => {
      journal.charge(loss);
    },
    gatewayClock,
    onClock: (finding) => {
      log.info("normalise.device-clock", { device: device.id, ...finding });
      supervisor.noteClock(clockNoteOf(finding));
    },
  });

  // Said once: from here on a power cut does not take the values of this device.
  let anyDurable = false;
  const tellDurable = (batch: SampleBatch): SampleBatch =>
    anyDurable || batch.count === 0
      ? batch
      : {
          ...batch,
          settle: async () => {
            if (!anyDurable) log.info("edge.first-durable", { device: device.id });
            anyDurable = true;
            await batch.settle?.();
          },
        };

  const deliver = async (readings: ReadingBatch, signal: AbortSignal): Promise<void> => {
    const batch = normaliser.normalise(readings);
    await keep(tellDurable(batch), journal, clock, signal);
    applyBatch(current, batch);
    for (const watcher of watchers) watcher.watch(batch);
  };

  const supervisor = new DeviceSupervisor({
    device: {
      id: device.id,
      name: device.name,
      driver: device.driver,
      connection: device.connection,
      points: device.tags.pointList(),
    },
    clock,
    random,
    log,
    stateFolder,
    queueMax,
    deliver,
    charge: (loss) => {
      journal.charge(loss);
    },
    proven: (atUs, points) => {
      const proven = points?.map((point) => indices[point] ?? -1);
      current.confirm(device.id, atUs, proven);
      for (const watcher of watchers) watcher.confirm?.(device.id, atUs, proven);
    },
    changed,
    resume: () => journal.resume(device.id),
    saveResume: (resume) => {
      journal.saveResume(device.id, resume);
    },
    ...(conditions === undefined ? {} : { conditions }),
  });
  return supervisor;
}

const noHub = {
  state: "off",
  sinceUs: 0,
  waitingFrames: 0,
  waitingSamples: 0,
  behindMs: 0,
} as const;

type Waiting = Pick<Beat, "waitingFrames" | "waitingSamples" | "oldestWaitingMs">;

function joinHub(
  options: RuntimeOptions,
  journal: Journal,
  acknowledge: AlarmParts["askedAtHub"],
  overview: readonly string[],
  key: SigningKey | undefined,
  beat: (waiting: Waiting) => Beat,
): ReturnType<typeof createUplink> | undefined {
  const { settings, clock, random, log, software } = options;
  if (settings.hub === undefined) return undefined;
  const { id, name, site } = settings.gateway;
  const { url, credentialsFile } = settings.hub;
  const { outbox } = journal;
  return createUplink({
    outbox,
    orders: journal.orders,
    acknowledge,
    link: settings.hub.link,
    road: {
      async connect(events, signal) {
        // Loaded when there is a hub only: it takes 35 ms and 4 MB.
        const { createNatsRoad } = await import("./sync/nats-road.ts");
        const road = createNatsRoad({
          servers: [url],
          gateway: id,
          ...(credentialsFile === undefined ? {} : { credentialsFile }),
        });
        return await road.connect(events, signal);
      },
    },
    gateway: {
      gateway: id,
      name,
      site,
      software,
      hmi: pageAddress(settings.hmi),
      commitEveryMs: settings.journal.commitEveryMs,
      overview: overview.slice(0, helloOverviewMax),
      ...(key === undefined ? {} : { publicKey: key.publicKey }),
    },
    clock,
    random,
    log,
    ...(options.releaseRule === undefined ? {} : { releaseRule: options.releaseRule }),
    beat() {
      const { frames, samples, oldestSealedUs } = outbox.waiting();
      const oldestWaitingMs =
        oldestSealedUs === 0 ? 0 : Math.max(0, (clock.nowUs() - oldestSealedUs) / 1_000);
      return beat({ waitingFrames: frames, waitingSamples: samples, oldestWaitingMs });
    },
  });
}

/** A key that cannot be used keeps exports from being signed, and nothing else: values flow on. */
function ownKey(file: string, log: Log): SigningKey | undefined {
  try {
    return openKey(file);
  } catch (failure) {
    log.error("edge.key-unusable", { reason: messageChain(failure) });
    return undefined;
  }
}

/** The journal fails as a service does, so that the gateway ends and is started again: the one way to recover. */
function brokenJournal(): {
  readonly report: (failure: unknown) => void;
  readonly service: Service;
} {
  let report: (failure: unknown) => void = () => undefined;
  const broken = new Promise<never>((_resolve, reject) => {
    report = reject;
  });
  broken.catch(() => undefined);
  return {
    report: (failure) => {
      report(failure);
    },
    service: {
      name: "journal",
      broken,
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
    },
  };
}

/** What the page is told once: the tags, and which of them stand on the overview. */
function toPage(
  settings: Settings,
  software: string,
  book: TagBook,
  key: SigningKey | undefined,
): GatewayPage {
  const overview = overviewIn(settings, book);
  return {
    gateway: settings.gateway.id,
    name: settings.gateway.name,
    site: settings.gateway.site,
    software,
    tags: Array.from(definitions(settings, book), toLiveTag),
    overview,
    sparklines: sparklinesOf(definitions(settings, book), overview),
    captures: capturePointsOf(settings),
    commitEveryMs: settings.journal.commitEveryMs,
    ...(key === undefined ? {} : { fingerprint: fingerprintOf(key.publicKey) }),
  };
}

/** In the order of the settings, each made when it is looked at. */
function* definitions(
  settings: Settings,
  book: TagBook,
): Generator<TagDefinition, void, undefined> {
  for (const { id } of declaredTags(settings)) {
    const tag = book.byId(id);
    if (tag !== undefined) yield tag;
  }
}

function overviewIn(settings: Settings, book: TagBook): readonly string[] {
  const chosen: { readonly id: string; readonly rank: number }[] = [];
  for (const { tags } of settings.devices) {
    for (const { tag, overview } of tags) {
      if (overview !== undefined) chosen.push({ id: tag.id, rank: overview });
    }
  }
  const ranked = chosen.toSorted((a, b) => a.rank - b.rank).map(({ id }) => id);
  return overviewOf(definitions(settings, book), ranked);
}
