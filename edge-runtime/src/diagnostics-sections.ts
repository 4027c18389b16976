/** Sections of the diagnostics that a gateway has whether it runs or not. */
import { readdirSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { availableParallelism, freemem, loadavg, release, totalmem, uptime } from "node:os";
import { dirname, join } from "node:path";

import type { EventRecord } from "@millwright/wire-contract/events";

import { accessFiles } from "./access/access-files.ts";
import { planJournal, type PlannedTag } from "./buffer/tiers/journal-plan.ts";
import { knownSecrets } from "./diagnostics/known-secrets.ts";
import { createRedaction, type Redaction } from "./diagnostics/redact.ts";
import type { Section } from "./diagnostics/write-diagnostics.ts";
import type { EventQuery } from "./hand-over.ts";
import { gatewayFile } from "./settings/gateway-file.ts";
import type { DeviceSettings } from "./settings/load-device.ts";
import type { Settings } from "./settings/load-settings.ts";
import type { Problem } from "./settings/problem.ts";
import { beside } from "./settings/named-files.ts";
import { readContent } from "./settings/read-file.ts";
import { gatewayShown } from "./settings/shown-gateway.ts";
import { showSettings } from "./shown-settings.ts";
import { carrierFiles } from "./sync/carrier/carrier-files.ts";

const kibi = 1_024;

/** ISO 8601, UTC. */
export function timeWords(us: number): string {
  return new Date(us / 1_000).toISOString();
}

/** As the name of a file: "diagnostics-line-1-20270301T140211Z.json". */
export function diagnosticsName(gateway: string, nowUs: number): string {
  const time = timeWords(nowUs)
    .replace(/\.\d+Z$/, "Z")
    .replace(/[-:]/g, "");
  return `diagnostics-${gateway}-${time}.json`;
}

/**
 * By the secrets of now: passwords change while a gateway runs.
 *
 * @param file of the settings
 * @param devices as their templates have made them
 * @param folder of the journal
 */
export function redactionOf(file: string, devices: Settings["devices"], folder: string): Redaction {
  const written = readContent(file, [])?.value;
  const connections = devices.map(({ connection }) => connection);
  const { secret, httpsKey } = accessFiles(folder);
  const { key, door } = carrierFiles(folder);
  return createRedaction(
    knownSecrets({ written, connections }, (path) => beside(dirname(file), path), [
      ...[secret, httpsKey, key, door],
    ]),
  );
}

export function aboutSection(about: {
  readonly software: string;
  readonly nowUs: number;
  /** When its runtime was started; absent where none could be asked. */
  readonly startedUs?: number;
}): Section {
  return {
    name: "about",
    bytesMax: 4 * kibi,
    read: () => ({
      version: 1,
      madeAt: timeWords(about.nowUs),
      software: about.software,
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}, ${release()}`,
      ...(about.startedUs === undefined
        ? { running: false }
        : { running: true, startedAt: timeWords(about.startedUs) }),
    }),
  };
}

/** @param folder of the journal */
export function boxSection(folder: string): Section {
  return {
    name: "box",
    bytesMax: 4 * kibi,
    async read() {
      const disk = await statfs(folder).catch(() => undefined);
      const { rss, heapUsed, heapTotal } = process.memoryUsage();
      return {
        upForS: Math.round(uptime()),
        cores: availableParallelism(),
        load1m5m15m: loadavg(),
        memoryBytes: totalmem(),
        memoryFreeBytes: freemem(),
        ...(disk === undefined
          ? {}
          : {
              diskBytes: disk.blocks * disk.bsize,
              diskFreeBytes: disk.bavail * disk.bsize,
              diskFreeFiles: disk.ffree,
            }),
        thisProcess: { rssBytes: rss, heapUsedBytes: heapUsed, heapBytes: heapTotal },
      };
    },
  };
}

/** As they lie in the file now. @param problems what is wrong with them, where that is known already */
export function settingsSection(
  file: string,
  redaction: Redaction,
  problems: readonly Problem[] = [],
): Section {
  return {
    name: "settings",
    bytesMax: 64 * kibi,
    read() {
      const found: Problem[] = [];
      const content = readContent(file, found)?.value;
      const parsed = gatewayFile.safeParse(content);
      const changedMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
      const all = problems.length > 0 ? problems : found;
      return {
        file,
        ...(changedMs === undefined ? {} : { changedAt: timeWords(changedMs * 1_000) }),
        problems: all.slice(0, problemsMax),
        // With what is meant where nothing is written; as written where it does not hold.
        written: showSettings(parsed.success ? parsed.data : content, gatewayShown, redaction.text),
      };
    },
  };
}

/** The first of them are the ones to mend. */
const problemsMax = 50;

export function devicesSection(list: () => Iterable<unknown>): Section {
  return { name: "devices", bytesMax: 1_024 * kibi, list };
}

/** What the settings say of one, with what its template gives. */
export function deviceFacts(
  { id, name, driver, connection, clockPolicy, tags, captures }: DeviceSettings,
  redaction: Redaction,
): object {
  return {
    ...{ device: id, name, protocol: driver.protocol },
    ...{ tags: tags.length, captures: captures.length, clockPolicy },
    connection: showSettings(connection, driver.shown ?? "is-set", redaction.text),
  };
}

/** What the settings mean for the journal, reckoned before anything runs. */
export function planSection({ journal, devices }: Settings): Section {
  return {
    name: "journalPlan",
    bytesMax: 8 * kibi,
    read: () => planJournal(journal, tagsOf(devices)),
  };
}

/** Each made when it is looked at: there may be 100,000. */
function* tagsOf(devices: Settings["devices"]): Iterable<PlannedTag> {
  for (const { tags } of devices) yield* tags;
}

/** What lies beside the journal: names and sizes. @param folder of the journal */
export function filesSection(folder: string): Section {
  return {
    name: "files",
    bytesMax: 32 * kibi,
    *list() {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        const stat = statSync(path, { throwIfNoEntry: false });
        if (stat === undefined) continue;
        const changedAt = timeWords(stat.mtimeMs * 1_000);
        yield entry.isDirectory()
          ? { folder: entry.name, changedAt }
          : { file: entry.name, bytes: stat.size, changedAt };
      }
    },
  };
}

/** More than can be shown: entries of the ledger are 150 bytes. */
export const claimsMax = 1_000;

export function claimsSection(newest: Extract<Section, { list: unknown }>["list"]): Section {
  return { name: "ledger", bytesMax: 192 * kibi, list: newest };
}

export function lanesSection(epochs: Extract<Section, { list: unknown }>["list"]): Section {
  return { name: "lanes", bytesMax: 128 * kibi, list: epochs };
}

const dayUs = 86_400_000_000;
/** With one question: an event has 16 kB at most. */
const eventsAtOnce = 100;

/** Of the last day, the newest first. */
export function eventsSection(
  list: (query: EventQuery) => readonly EventRecord[] | Promise<readonly EventRecord[]>,
  nowUs: number,
): Section {
  return {
    name: "events",
    bytesMax: 1_024 * kibi,
    async *list() {
      let before: number | undefined;
      for (;;) {
        const query = { fromUs: nowUs - dayUs, max: eventsAtOnce };
        const events = await list(before === undefined ? query : { ...query, before });
        for (const { atUs, ...event } of events) yield { at: timeWords(atUs), ...event };
        before = events.at(-1)?.number;
        if (before === undefined) return;
      }
    },
  };
}

/** @param lines the oldest first, as the log writes them */
export function logSection(lines: readonly string[]): Section {
  return {
    name: "log",
    bytesMax: 768 * kibi,
    list: () => lines.toReversed().map(parsedLine),
  };
}

/** One that was cut, or that a library has written by itself, is text. */
function parsedLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
