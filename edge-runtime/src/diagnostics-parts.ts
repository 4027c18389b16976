/** The diagnostics of a gateway that runs: every part says how it is. Part of `runtime.ts`. */
import type { Clock } from "@millwright/kit";
import type { DoorAnswer } from "@millwright/local-door";
import type { GatewayCounters, HubLink } from "@millwright/wire-contract";

import type { DeviceSupervisor } from "./acquire/device-supervisor.ts";
import type { Journal } from "./buffer/journal.ts";
import type { Redaction } from "./diagnostics/redact.ts";
import { writeDiagnostics, type Section } from "./diagnostics/write-diagnostics.ts";
import {
  aboutSection,
  boxSection,
  claimsMax,
  claimsSection,
  deviceFacts,
  devicesSection,
  diagnosticsName,
  eventsSection,
  filesSection,
  lanesSection,
  logSection,
  planSection,
  redactionOf,
  settingsSection,
  timeWords,
} from "./diagnostics-sections.ts";
import type { DiagnosticsDesk } from "./hand-over.ts";
import type { TestedConnection } from "./hub-parts.ts";
import { gatewayMetrics } from "./serve/gateway-metrics.ts";
import type { Settings } from "./settings/load-settings.ts";
import { toPositions } from "./sync/messages.ts";

export interface DiagnosticsJoin {
  readonly settings: Settings;
  readonly software: string;
  readonly journal: Journal;
  /** In the order of the settings. */
  readonly devices: readonly Pick<DeviceSupervisor, "status" | "account">[];
  readonly counters: () => GatewayCounters;
  readonly hub: () => HubLink;
  /** What was found last; undefined where nobody has tried it since the start. */
  readonly tested: () => TestedConnection | undefined;
  /** Newest lines of the log, the oldest first. */
  readonly logged: () => readonly string[];
  readonly clock: Clock;
  /** Left out: that of the secrets of now. For the test that shows what would go out without it. */
  readonly redaction?: Redaction;
}

const kibi = 1_024;
/** All sections with what stands between them: it goes with a mail. */
export const diagnosticsBytesMax = 3_800_000;

export function joinDiagnostics(join: DiagnosticsJoin): DiagnosticsDesk {
  const { settings, clock } = join;
  const startedUs = clock.nowUs();
  let making = false;
  return {
    async make(signal) {
      if (making) return { kind: "refused", reason: "diagnostics are being made already" };
      making = true;
      try {
        const nowUs = clock.nowUs();
        const { file, devices, journal } = settings;
        const redaction = join.redaction ?? redactionOf(file, devices, journal.folder);
        const sections = sectionsOf(join, redaction, nowUs, startedUs);
        return {
          name: diagnosticsName(settings.gateway.id, nowUs),
          text: await writeDiagnostics(sections, redaction, clock, signal),
        };
      } finally {
        making = false;
      }
    },
  };
}

export function sectionsOf(
  join: DiagnosticsJoin,
  redaction: Redaction,
  nowUs: number,
  startedUs: number,
): readonly Section[] {
  const { settings, software, journal, counters, hub, tested, logged } = join;
  const { folder } = settings.journal;
  return [
    aboutSection({ software, nowUs, startedUs }),
    boxSection(folder),
    settingsSection(settings.file, redaction),
    {
      name: "balance",
      bytesMax: 2 * kibi,
      read() {
        // All that came is one of the others; `unexplained` is what is left over.
        const { received, sent, dropped, failed, inMemory, unexplained } = journal.counters();
        const ofJournal = { received, kept: sent, refused: dropped, rejected: failed, inMemory };
        return { unexplained: counters().unexplained, journal: { ...ofJournal, unexplained } };
      },
    },
    {
      name: "hub",
      bytesMax: 4 * kibi,
      read: () => ({ link: hub(), waiting: journal.outbox.waiting() }),
    },
    {
      name: "connectionTest",
      bytesMax: 16 * kibi,
      read() {
        const last = tested();
        return last === undefined ? null : { at: timeWords(last.atUs), ...last.found };
      },
    },
    { name: "clock", bytesMax: kibi, read: () => ({ state: counters().clock }) },
    {
      name: "certificates",
      bytesMax: 64 * kibi,
      *list() {
        for (const { notAfterUs, ...end } of counters().certificates ?? []) {
          yield { ...end, notAfter: timeWords(notAfterUs) };
        }
      },
    },
    {
      name: "journal",
      bytesMax: 64 * kibi,
      read: async () => ({ ...journal.counters(), room: await journal.buffer() }),
    },
    planSection(settings),
    filesSection(folder),
    lanesSection(async function* () {
      yield* toPositions(await journal.outbox.lanes()).toReversed();
    }),
    claimsSection(async function* () {
      yield* await journal.newestClaims(claimsMax);
    }),
    devicesSection(() => devicesOf(join, redaction)),
    {
      name: "metrics",
      bytesMax: 256 * kibi,
      *list() {
        for (const { name, points } of gatewayMetrics(counters())) {
          for (const point of points) yield { name, ...point };
        }
      },
    },
    logSection(logged()),
    eventsSection((query) => journal.events.list(query), nowUs),
  ];
}

function* devicesOf(
  { settings, devices }: DiagnosticsJoin,
  redaction: Redaction,
): Iterable<unknown> {
  for (const [at, device] of settings.devices.entries()) {
    const { status, account } = devices[at] ?? {};
    const { history, sinceUs, confirmedUs, ...state } = status ?? {};
    yield {
      ...deviceFacts(device, redaction),
      ...state,
      ...(sinceUs === undefined ? {} : { since: timeWords(sinceUs) }),
      ...(confirmedUs === undefined || confirmedUs === 0
        ? {}
        : { confirmed: timeWords(confirmedUs) }),
      keepsHistory: history !== undefined,
      account,
    };
  }
}

/** What the command gets by the door, to the end although nobody may wait for it any more. */
export async function diagnosticsAnswer(desk: DiagnosticsDesk): Promise<DoorAnswer> {
  const made = await desk.make(new AbortController().signal);
  return "kind" in made ? made : Buffer.from(made.text);
}
