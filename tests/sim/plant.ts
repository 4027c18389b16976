/** One hub with its broker and database, and gateways with a device each, all on one played clock. */
import { existsSync, mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { MemoryStore } from "@millwright/cloud-hub/parts";
import { PlayedClock, seededRandom, type Log, type Random } from "@millwright/kit";
import type { Scenario } from "@millwright/scenario";
import type { DeviceId, GatewayId, LossReason } from "@millwright/wire-contract";

import { CriticalOrder } from "./critical-order.ts";
import { CurrentValues } from "./current-values.ts";
import type { Weather } from "./line.ts";
import { PlayedBroker } from "./played-broker.ts";
import { PlayedDatabase } from "./played-database.ts";
import { PlayedDevice } from "./played-device.ts";
import { PlayedEvents } from "./played-events.ts";
import { PlayedGateway } from "./played-gateway.ts";
import { PlayedHub } from "./played-hub.ts";
import { PlayedRoad } from "./played-road.ts";
import { outboxWithout, roadWithout } from "./protections.ts";
import { releaseOnAck } from "./release-on-ack.ts";
import { SteppedClock } from "./stepped-clock.ts";
import { valuesOfDevice } from "./values-of-device.ts";

export interface Edge {
  readonly folder: string;
  readonly gateway: PlayedGateway;
  readonly device: PlayedDevice;
  readonly events: PlayedEvents;
  readonly road: PlayedRoad;
  readonly clock: SteppedClock;
  /** What the faults that it went through may explain of its samples. */
  readonly excuses: Set<LossReason>;
  /** Its hardware, and so its place among those with its name. */
  readonly instance: number;
}

export interface Plant extends AsyncDisposable {
  readonly clock: PlayedClock;
  /** For faults: when what was killed is started again, how a cable goes out. */
  readonly random: Random;
  /** Those of the topology, and then their clones. */
  readonly edges: readonly Edge[];
  /** A copy of the gateway beside it, which is not started yet, with a device of its own. */
  clone(edge: Edge): Edge;
  /** N7, as far as it is broken. */
  readonly orderBreaches: ReadonlySet<string>;
  /** What the hub shows as current (N9). */
  readonly values: CurrentValues;
  readonly broker: PlayedBroker;
  readonly database: PlayedDatabase;
  readonly hub: PlayedHub;
}

/** The journal's default. */
const keepRawHoursUsual = 72;

/** In memory where that can be had: journals have to survive played power cuts only, and an fsync takes long. */
const journalsIn = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export async function openPlant(
  scenario: Scenario,
  seed: number,
  log: (part: string) => Log,
): Promise<Plant> {
  const { topology } = scenario;
  const random = seededRandom(seed);
  const clock = new PlayedClock();
  const folder = mkdtempSync(join(journalsIn, "millwright-sim-"));
  const broker = new PlayedBroker(clock, random.fork("broker"), weatherOf(random.fork("weather")));
  const store = new MemoryStore(random.fork("store"));
  const database = new PlayedDatabase(store, clock, random.fork("database"));
  const protections = new Set(scenario.without);
  const values = new CurrentValues(store, clock, protections.has("twin-order"));
  const hub = new PlayedHub({
    clock,
    values,
    random: random.fork("hub"),
    broker,
    database,
    log: log("hub"),
  });
  const order = new CriticalOrder(clock, store);
  const edges: Edge[] = [];

  const openEdge = (at: number, instance: number): Edge => {
    const id = `gateway-${at + 1}` as GatewayId;
    const own = random.fork(instance === 0 ? id : `${id}, clone ${instance}`);
    const edgeClock = new SteppedClock(clock);
    const tags = Array.from(
      { length: topology.tagsPerGateway },
      (_tag, index) => `${id}/t${index}`,
    );
    const device = new PlayedDevice(
      `device-${at + 1}` as DeviceId,
      tags,
      clock,
      edgeClock,
      own.fork("device"),
      instance * valuesOfDevice,
    );
    const road = new PlayedRoad(broker, id, own.fork("road"), order);
    const events = new PlayedEvents(instance);
    const ownFolder = join(folder, `${id}-${instance}`);
    mkdirSync(ownFolder);
    const gateway = new PlayedGateway({
      gateway: id,
      folder: ownFolder,
      commitEveryMs: topology.commitEveryMs,
      keepRawHours: topology.keepRawHours ?? keepRawHoursUsual,
      ...(topology.journalBytesMax === undefined
        ? {}
        : { journalBytesMax: topology.journalBytesMax }),
      everyMs: topology.everyMs,
      tags,
      clock: edgeClock,
      random: own.fork("gateway"),
      device,
      events,
      road,
      uplinkRoad: roadWithout(protections, road),
      outbox: (outbox) => outboxWithout(protections, outbox),
      log: log(instance === 0 ? id : `${id} (clone ${instance})`),
      ...(protections.has("release-below-mark") ? { releaseRule: releaseOnAck } : {}),
    });
    const edge = {
      folder: ownFolder,
      gateway,
      device,
      events,
      road,
      clock: edgeClock,
      excuses: new Set<LossReason>(),
      instance,
    };
    edges.push(edge);
    return edge;
  };
  for (let at = 0; at < topology.gateways; at++) openEdge(at, 0);

  hub.start();
  for (const { gateway } of edges) await gateway.start();
  return {
    clock,
    random: random.fork("faults"),
    edges,
    clone(edge) {
      const { gateway } = edge.gateway.options;
      const instances = edges.filter((one) => one.gateway.options.gateway === gateway).length;
      return openEdge(Number(gateway.slice("gateway-".length)) - 1, instances);
    },
    orderBreaches: order.breaches,
    values,
    broker,
    database,
    hub,
    async [Symbol.asyncDispose]() {
      hub.kill();
      for (const { gateway } of edges) await gateway.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Half of all seeds have a network without loss, so that a fault of the scenario shows alone. */
function weatherOf(random: Random): Weather {
  const rough = random.next() < 0.5;
  return {
    latencyMs: 1 + random.int(80),
    lost: rough ? random.next() * 0.02 : 0,
    doubled: rough ? random.next() * 0.1 : 0,
  };
}
