/** What a fault of a scenario does to the plant. */
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { seededRandom, type Random } from "@millwright/kit";
import type { ScenarioFault } from "@millwright/scenario";

import { pause } from "./pause.ts";
import type { Edge, Plant } from "./plant.ts";

/** For so long the hub is away, and gateways go on publishing, before the broker's store is lost. */
const storeLostAwayMs = 2_000;

/** Ends when the fault is over. */
export async function playFault(fault: ScenarioFault, plant: Plant): Promise<void> {
  const { clock, random, edges, broker, database, hub } = plant;
  const wait = (ms: number): Promise<void> => pause(clock, ms);
  /** Whoever looks after a process starts it again within this time. */
  const startAgainMs = 200 + random.int(2_000);
  switch (fault.kind) {
    case "kill":
      switch (fault.target) {
        // The program that looks after the runtime dies with its machine: both come back later.
        case "gateway":
          await restart(edges, startAgainMs * 2, wait);
          return;
        case "runtime":
          await restart(edges, startAgainMs, wait);
          return;
        case "hub":
          hub.kill();
          await wait(startAgainMs);
          hub.start();
          return;
        case "broker":
          broker.kill();
          await wait(startAgainMs);
          broker.start();
          return;
        case "database":
          database.kill();
          await wait(startAgainMs);
          database.start();
          await plant.values.makeAgain();
          return;
      }
      break;
    case "uplink-cut":
      for (const { road } of edges) road.takeOut(random.next() < 0.5);
      await wait(fault.forMs);
      for (const { road } of edges) road.putIn();
      return;
    case "device-away":
      for (const { device } of edges) device.leave();
      await wait(fault.forMs);
      for (const { device } of edges) device.comeBack();
      return;
    case "broker-store-lost":
      hub.kill();
      await wait(storeLostAwayMs);
      broker.kill();
      broker.forgetAll();
      await wait(startAgainMs);
      broker.start();
      hub.start();
      return;
    case "critical-refused":
      broker.refuse("critical");
      await wait(fault.forMs);
      broker.refuse();
      return;
    case "clock-step":
      for (const edge of edges) edge.clock.step(fault.byMs);
      return;
    case "clock-unset":
      for (const { gateway } of edges) await gateway.kill();
      await wait(startAgainMs);
      for (const edge of edges) edge.clock.forget();
      for (const { gateway } of edges) await gateway.start();
      await wait(fault.forMs);
      for (const edge of edges) edge.clock.setRight();
      return;
    case "hub-restored":
      database.backUp();
      await wait(fault.afterMs);
      database.kill();
      database.restore();
      // What is looked up from here on is of the older state.
      plant.values.forget();
      await disownUnknown(edges, database);
      await wait(startAgainMs);
      database.start();
      plant.values.forget();
      await plant.values.makeAgain();
      return;
    case "journal-restored":
      await restoreJournals(edges, fault.afterMs, startAgainMs, plant);
      return;
    case "hardware-replaced":
      for (const edge of edges) await replaceHardware(edge, startAgainMs, plant);
      return;
    case "cloned":
      for (const edge of [...edges]) {
        if (edge.instance === 0) await clone(edge, fault, startAgainMs, plant);
      }
      return;
    case "frame-damaged":
      for (const { gateway } of edges) await gateway.kill();
      await wait(startAgainMs);
      for (const { folder, gateway } of edges) {
        damageFrame(folder, random);
        await gateway.start();
      }
      return;
  }
}

async function restoreJournals(
  edges: readonly Edge[],
  afterMs: number,
  startAgainMs: number,
  { clock }: Plant,
): Promise<void> {
  const copied = edges.map(({ folder }) => copyJournal(folder, `${folder}-copied-${copies++}`));
  await pause(clock, afterMs);
  for (const [at, { folder, gateway, events }] of edges.entries()) {
    await gateway.kill();
    events.loseDisk();
    const copy = copied[at];
    if (copy !== undefined) copyJournal(copy, folder);
  }
  await pause(clock, startAgainMs);
  for (const { gateway } of edges) await gateway.start();
}

/** Its device stays, and its cable. */
async function replaceHardware(
  { folder, gateway, device, events, excuses }: Edge,
  startAgainMs: number,
  { clock, database }: Plant,
): Promise<void> {
  await gateway.kill();
  events.loseDisk();
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  gateway.drawOwn();
  excuses.add("journal lost");
  device.changeHands();
  await disownUnknown([{ gateway, device }], database);
  await pause(clock, startAgainMs);
  await gateway.start();
}

/** A hub that knows nothing of a gateway, or nothing any more, cannot say that another box had been in its place. */
async function disownUnknown(
  edges: readonly Pick<Edge, "gateway" | "device">[],
  { store }: Plant["database"],
): Promise<void> {
  for (const { gateway, device } of edges) {
    if ((await store.gateway(gateway.options.gateway)) === undefined) device.disownGone();
  }
}

async function clone(
  edge: Edge,
  fault: Extract<ScenarioFault, { readonly kind: "cloned" }>,
  startAgainMs: number,
  plant: Plant,
): Promise<void> {
  const { clock } = plant;
  const wait = (ms: number): Promise<void> => pause(clock, ms);
  const other = plant.clone(edge);
  if (fault.twin) {
    await edge.gateway.kill();
    const same = plant.random.int(2 ** 31);
    for (const { gateway } of [edge, other]) gateway.drawFrom(seededRandom(same));
  }
  copyJournal(edge.folder, other.folder);
  if (fault.replacedAfterMs !== undefined) other.road.takeOut(true);
  await other.gateway.start();
  await edge.gateway.start();
  if (fault.replacedAfterMs === undefined) return;
  await wait(fault.replacedAfterMs);
  // What it made was never told to anybody: the hub cannot know when it began.
  other.excuses.add("restored copy");
  await replaceHardware(other, startAgainMs, plant);
  other.road.putIn();
}

let copies = 0;

/** As a snapshot of the disk takes it: the file and its log at one moment. */
function copyJournal(from: string, to: string): string {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
  return to;
}

/** Some bytes of one frame become others, as a medium that ages does it. */
function damageFrame(folder: string, random: Random): void {
  // The hardware may have been replaced just now.
  if (!existsSync(join(folder, "journal.db"))) return;
  const file = join(folder, "journal.db");
  // A byte that changes is put back, as long as there are sums of pages; here it is to stay changed.
  rmSync(`${file}-sums`, { force: true });
  const db = new DatabaseSync(file);
  try {
    const table = random.next() < 0.8 ? "sample_frame" : "critical_frame";
    const rows = db.prepare(`select id, body from ${table} order by id`).all();
    const row = rows[random.int(Math.max(1, rows.length))];
    if (row === undefined || !(row["body"] instanceof Uint8Array)) return;
    const body = row["body"].slice();
    body[random.int(body.length)] = random.int(256);
    db.prepare(`update ${table} set body = ? where id = ?`).run(body, row["id"] ?? 0);
  } finally {
    db.close();
  }
}

async function restart(
  edges: readonly Edge[],
  afterMs: number,
  wait: (ms: number) => Promise<void>,
): Promise<void> {
  for (const { gateway } of edges) await gateway.kill();
  await wait(afterMs);
  for (const { gateway } of edges) await gateway.start();
}
