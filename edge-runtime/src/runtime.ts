/** The only file that knows every step: it builds them and joins them. Sinks before sources. */
import { openKey, type SigningKey } from "@millwright/carrier";
import {
  messageChain,
  runServices,
  together,
  type Clock,
  type Log,
  type Random,
  type Service,
} from "@millwright/kit";
import { proofsOf, ValueTable } from "@millwright/live-feed";
import type {
  DeviceStatus,
  GatewayCounters,
  GatewayPage,
  HubLink,
  LedgerEntry,
} from "@millwright/wire-contract";

import { joinPeople } from "./access-parts.ts";
import { healthDriver } from "./acquire/health/health-driver.ts";
import { joinAlarms } from "./alarm-parts.ts";
import { backupHandlers } from "./buffer/backup-handlers.ts";
import { captureFile, captureFolderOf } from "./buffer/captures/capture-files.ts";
import { createCaptures } from "./capture-points.ts";
import { readCertificates } from "./certificate-parts.ts";
import { joinCommands } from "./command-parts.ts";
import { joinDetection } from "./detect-parts.ts";
import { createDeviceHistory } from "./device-history.ts";
import { joinDevices } from "./device-parts.ts";
import { diagnosticsAnswer, joinDiagnostics } from "./diagnostics-parts.ts";
import type { AuditNote, PageRoute, SampleWatcher } from "./hand-over.ts";
import { joinConnectionTest, joinHub, noHub } from "./hub-parts.ts";
import { joinJournal, type JournalParts } from "./journal-parts.ts";
import { LocalOrders } from "./local-orders.ts";
import { joinModels } from "./model-parts.ts";
import { gatewayClockWords } from "./normalise/gateway-clock.ts";
import { joinLive, overviewIn, toPage } from "./page-parts.ts";
import { joinRules } from "./rule-parts.ts";
import { CertificateWatch } from "./serve/certificate-watch.ts";
import { chartMarks } from "./serve/chart-marks.ts";
import { connectionRoutes } from "./serve/connection-routes.ts";
import { diagnosticsRoutes } from "./serve/diagnostics-routes.ts";
import { localOrderRoutes } from "./serve/local-order-routes.ts";
import { RateWatch } from "./serve/rate-watch.ts";
import { RoomWatch } from "./serve/room-watch.ts";
import { tagViewOf } from "./serve/tag-view.ts";
import type { Settings } from "./settings/load-settings.ts";
import { joinSparkplug } from "./sparkplug-parts.ts";
import { createCarrierDoor } from "./sync/carrier/carrier-door.ts";
import { carrierFiles } from "./sync/carrier/carrier-files.ts";
import type { ReleaseRule } from "./sync/release-rule.ts";

/** What a planned stop may take: the last commit, its settling, and a goodbye to the hub. */
const drainMs = 8_000;

export interface RuntimeOptions {
  readonly settings: Settings;
  /** Asked for earlier, to save time; by `runRuntime` otherwise. It closes it in any case. */
  readonly journal?: Promise<JournalParts>;
  readonly software: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** For tests that show what another rule would lose; the hub's mark otherwise. */
  readonly releaseRule?: ReleaseRule;
  /** Called once, when values can flow. */
  readonly ready: (facts: { readonly hmi: string; readonly tags: number }) => void;
  /** Newest lines of the log, the oldest first, for the diagnostics. */
  readonly logged?: () => readonly string[];
  /** For whoever sits at the gateway, and not for the log: one-time codes. */
  readonly print?: (text: string) => void;
  /** Told what parts give the page: for the test that tries every role on every route. */
  readonly routes?: (routes: readonly PageRoute[]) => void;
}

/** Runs the gateway until `until` aborts. Rejects when a part breaks; the journal is closed in any case. */
export async function runRuntime(options: RuntimeOptions, until: AbortSignal): Promise<void> {
  const { settings, software, clock, random, log } = options;
  for (const driver of new Set(settings.devices.map((device) => device.driver))) {
    driver.prepare?.(log);
  }
  const opened = await (options.journal ?? joinJournal({ settings, clock, random, log }));
  const { journal, dictionary, gatewayClock, downUntilUs, service: journalService } = opened;

  try {
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
    const devices = joinDevices({
      ...{
        settings,
        book,
        journal,
        downUntilUs,
        current,
        watchers,
        conditionsOf,
        clock,
        random,
        log,
      },
      gatewayClock: () => gatewayClock.state,
      changed: stateChanged,
    });
    const self = devices.find((device) => device.status.protocol === healthDriver.protocol);
    gatewayClock.watch((state) => self?.noteClock(gatewayClockWords(state)));
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
    const page = (): GatewayPage => toPage(settings, software, book, key);
    const carriers = createCarrierDoor({
      files,
      gateway: settings.gateway.id,
      outbox: journal.outbox,
      sealOpen: () => journal.sealOpen(),
      handlers: {
        ...backupHandlers(journal),
        ...people.handlers,
        "/diagnostics": () => diagnosticsAnswer(diagnostics),
      },
      log,
    });
    const deviceHistory = createDeviceHistory({
      ...{ settings: settings.devices, devices, book, clock },
      readSamples: (...range) => journal.readSamples(...range),
      thinnedHours: (...range) => journal.thinnedHours(...range),
      hasRoom: (batch) => journal.hasRoom(batch),
    });
    const gapsOf = async (
      id: string,
      fromUs: number,
      toUs: number,
    ): Promise<readonly LedgerEntry[]> => {
      const tag = dictionary.byId(id);
      if (tag === undefined) return [];
      return await journal.gaps({ device: tag.device, tag: tag.id }, fromUs, toUs);
    };
    const localOrders = new LocalOrders({
      ...{ history: deviceHistory, devices: statuses, book, claims: gapsOf, audit, clock, log },
      times: async (tag, fromUs, toUs, signal) => {
        const line = await journal.readLine(tag, { fromUs, toUs, columns: 32 }, signal);
        return line.times.filter((_, at) => Number.isFinite(line.values[at]));
      },
    });
    const uplink = joinHub({
      ...{ settings, software, journal, key, clock, random, log },
      acknowledge: askedAtHub,
      deviceHistory,
      overview: overviewIn(settings, book),
      releaseRule: options.releaseRule,
      beat: (waiting) => ({
        ...waiting,
        version: 1,
        gateway: settings.gateway.id,
        nowUs: clock.nowUs(),
        devices: statuses(),
        unexplained: unexplained(),
        clock: gatewayClock.state,
        ...proofsOf(current, clock.nowUs()),
        stopping: until.aborted,
      }),
    });

    const room = new RoomWatch(clock, () => journal.buffer());
    const rates = new RateWatch(clock, () => ({
      acquired: journal.counters().received,
      told: uplink?.toldSamples,
    }));
    const certificates = new CertificateWatch(clock, () =>
      readCertificates(settings, people.certificateUntilUs()),
    );
    const counters = (): GatewayCounters => ({
      unexplained: unexplained(),
      clock: gatewayClock.state,
      ...(uplink === undefined ? {} : { told: uplink.toldSamples }),
      ...(rates.rates === undefined ? {} : { rates: rates.rates }),
      ...(certificates.ends === undefined ? {} : { certificates: certificates.ends }),
      journal: { ...journal.counters(), bytesMax: settings.journal.bytesMax },
      devices: devices.map(({ status, account }) => ({ device: status.device, ...account })),
    });
    const connectionTest = joinConnectionTest(settings, clock);
    const hubLink = (): HubLink => uplink?.link ?? noHub;
    const diagnostics = joinDiagnostics({
      ...{ settings, software, journal, devices, counters, clock },
      hub: hubLink,
      tested: () => connectionTest?.last,
      logged: options.logged ?? (() => []),
    });
    const live = joinLive({
      ...{ current, devices: statuses, room, states: stateListeners },
      hub: hubLink,
      news: { alarms, episodes: detection, commands: commands.desk, rules },
    });
    const pages = people.pages(
      {
        page,
        counters,
        live,
        indexOf,
        marks: chartMarks({ book: journal.events, alarms, episodes: detection }),
        captures: (query) => journal.captures(query),
        captureFile: (sha256) => captureFile(captureFolderOf(settings.journal.folder), sha256),
        buffer: (outageS) => journal.buffer(outageS),
        line: (tag, range, signal) => journal.readLine(tag, range, signal),
        gaps: gapsOf,
      },
      [
        ...[...alarmRoutes, ...episodeRoutes, ...commands.routes, ...ruleRoutes],
        ...[...models.routes, ...sparkplug.routes, ...localOrderRoutes(localOrders)],
        ...[...connectionRoutes(connectionTest), ...diagnosticsRoutes(diagnostics)],
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
      journalService,
      gatewayClock.service,
      carriers,
      ...(uplink ? [uplink] : []),
      room.service,
      rates.service,
      certificates.service,
      detection,
      ...models.services,
      alarms,
      ...pages.services,
      ...sparkplug.services,
      // From all of them nothing comes any more at the same moment: the claim of the next start begins with the last samples.
      together("devices", devices),
      localOrders,
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

/** A key that cannot be used keeps exports from being signed, and nothing else: values flow on. */
function ownKey(file: string, log: Log): SigningKey | undefined {
  try {
    return openKey(file);
  } catch (failure) {
    log.error("edge.key-unusable", { reason: messageChain(failure) });
    return undefined;
  }
}
