/** The hub, joined with the journal whose frames it gets and the alarms that people acknowledge there. Part of `runtime.ts`. */
import type { SigningKey } from "@millwright/carrier";
import type { Clock, Log, Random } from "@millwright/kit";
import { helloOverviewMax, type Beat } from "@millwright/wire-contract";

import type { AlarmParts } from "./alarm-parts.ts";
import type { Journal } from "./buffer/journal.ts";
import type { ConnectionFindings, ConnectionTest, DeviceHistory } from "./hand-over.ts";
import { pageAddress } from "./settings/access-settings.ts";
import type { Settings } from "./settings/load-settings.ts";
import type { ReleaseRule } from "./sync/release-rule.ts";
import { createUplink, type LinkToHub } from "./sync/uplink.ts";

export interface TestedConnection {
  readonly atUs: number;
  readonly found: ConnectionFindings;
}

/** One that can be asked again for what it found last. */
export interface RememberedTest extends ConnectionTest {
  readonly last: TestedConnection | undefined;
}

/** The same way gone once, for a person who asks where it ends. Undefined where the settings name no hub. */
export function joinConnectionTest(settings: Settings, clock: Clock): RememberedTest | undefined {
  if (settings.hub === undefined) return undefined;
  const { url: server, credentialsFile, caFile } = settings.hub;
  let test: Promise<ConnectionTest> | undefined;
  let last: TestedConnection | undefined;
  return {
    url: server,
    get last() {
      return last;
    },
    async run(signal) {
      // Loaded when somebody asks first.
      test ??= import("./sync/connection-test.ts").then(({ createConnectionTest }) =>
        createConnectionTest({
          ...{ server, gateway: settings.gateway.id, clock },
          ...(credentialsFile === undefined ? {} : { credentialsFile }),
          ...(caFile === undefined ? {} : { caFile }),
        }),
      );
      const found = await (await test).run(signal);
      if (!("kind" in found)) last = { atUs: clock.nowUs(), found };
      return found;
    },
  };
}

/** What screens are told of a hub that there is none of. */
export const noHub = {
  state: "off",
  sinceUs: 0,
  waitingFrames: 0,
  waitingSamples: 0,
  behindMs: 0,
} as const;

type Waiting = Pick<Beat, "waitingFrames" | "waitingSamples" | "oldestWaitingMs">;

/** Undefined where the settings name no hub. */
export function joinHub(join: {
  readonly settings: Settings;
  readonly software: string;
  readonly journal: Journal;
  /** What people at the hub acknowledge. */
  readonly acknowledge: AlarmParts["askedAtHub"];
  /** Of what devices keep of their own past, for orders. */
  readonly deviceHistory: DeviceHistory;
  readonly overview: readonly string[];
  readonly key: SigningKey | undefined;
  readonly beat: (waiting: Waiting) => Beat;
  /** The hub's mark when it is absent. */
  readonly releaseRule: ReleaseRule | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): LinkToHub | undefined {
  const { settings, software, journal, overview, key, clock, random, log } = join;
  if (settings.hub === undefined) return undefined;
  const { id, name, site } = settings.gateway;
  const { url, credentialsFile, caFile } = settings.hub;
  const { outbox } = journal;
  return createUplink({
    outbox,
    orders: journal.orders,
    acknowledge: join.acknowledge,
    deviceHistory: join.deviceHistory,
    link: settings.hub.link,
    road: {
      async connect(events, signal) {
        // Loaded when there is a hub only: it takes 35 ms and 4 MB.
        const { createNatsRoad } = await import("./sync/nats-road.ts");
        const road = createNatsRoad({
          servers: [url],
          gateway: id,
          ...(credentialsFile === undefined ? {} : { credentialsFile }),
          ...(caFile === undefined ? {} : { caFile }),
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
    ...(join.releaseRule === undefined ? {} : { releaseRule: join.releaseRule }),
    beat() {
      const { frames, samples, oldestSealedUs } = outbox.waiting();
      const oldestWaitingMs =
        oldestSealedUs === 0 ? 0 : Math.max(0, (clock.nowUs() - oldestSealedUs) / 1_000);
      return join.beat({ waitingFrames: frames, waitingSamples: samples, oldestWaitingMs });
    },
  });
}
