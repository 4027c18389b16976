/** A machine's own alarms from its OPC UA server to the gateway's desk and back: the plant, the driver and the desk, joined as a gateway joins them. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import { startPlant } from "@millwright/virtual-plant";
import { TagBook, toTagColumns } from "@millwright/wire-contract";
import type { AlarmRow } from "@millwright/wire-contract/events";

import { DeviceSupervisor } from "./acquire/device-supervisor.ts";
import { joinAlarms } from "./alarm-parts.ts";
import { MemoryEventBook } from "./buffer/events/memory-book.ts";
import { loadSettings } from "./settings/load-settings.ts";

const settingsText = (url: string): string => `gateway: { id: gw-1, name: Gateway 1 }
journal: { folder: journal }
alarms:
  classes: { trip: { action: Close the valve. } }
  machines: [{ device: pump-1, class: trip, asset: Pump 1 }]
devices:
  - id: pump-1
    name: Pump 1
    protocol: opcua
    connection: { url: "${url}", security: none-i-accept-plain-text, publishingMs: 50, keepAliveMs: 200 }
    tags: [{ id: pump-1/fault-word, name: Fault word, address: "nsu=urn:millwright:virtual-plant;s=Pump1.FaultWord", type: uint16 }]
`;

async function until(what: string, holds: () => boolean): Promise<void> {
  // As long as a loaded machine needs, and shorter than a test that hangs.
  const endMs = performance.now() + 90_000;
  while (!holds()) {
    assert.ok(performance.now() < endMs, `did not happen: ${what}`);
    await sleep(20);
  }
}

test("a fault of the machine is an alarm, acknowledged at the machine from here, and cleared when it went unheard", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "millwright-machine-alarms-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const plant = await startPlant({
    dataFolder: join(folder, "plant"),
    machines: 1,
    protocols: ["opcua"],
  });
  t.after(() => plant.stop());
  const file = join(folder, "gateway.yaml");
  writeFileSync(file, settingsText(plant.endpoints.opcua?.url ?? ""));
  const settings = loadSettings(file);
  const device = settings.devices.find(({ id }) => id === "pump-1");
  assert.ok(device !== undefined);

  const stateFolder = join(folder, "state");
  mkdirSync(stateFolder);
  const world = { clock: systemClock, random: seededRandom(1), log: silentLog };
  const numbers = { index: new Int32Array(), revision: new Uint32Array() };
  const book = new TagBook(toTagColumns([]), numbers);
  const { alarms, conditionsOf } = joinAlarms({
    ...{ settings, ...world, book, events: new MemoryEventBook() },
    current: {
      value: () => undefined,
      status: () => 0,
      measuredUs: () => 0,
      confirmedUs: () => 0,
      freshForUs: () => 0,
    },
    detection: undefined,
    audit: () => Promise.resolve(),
    devices: () => [supervisor],
  });
  const conditions = conditionsOf("pump-1");
  assert.ok(conditions !== undefined);
  const supervisor = new DeviceSupervisor({
    device: {
      ...{ id: device.id, name: device.name, driver: device.driver },
      ...{ connection: device.connection, points: device.tags.pointList() },
    },
    ...world,
    ...{ stateFolder, queueMax: 1_000, downUntilUs: world.clock.nowUs(), conditions },
    deliver: () => Promise.resolve(),
    charge: () => undefined,
    proven: () => undefined,
    changed: () => undefined,
    resume: () => undefined,
    saveResume: () => undefined,
  });
  await alarms.start();
  t.after(() => alarms.stop(AbortSignal.abort()));
  await supervisor.start();
  t.after(() => supervisor.stop());
  const tripped = (): AlarmRow | undefined =>
    alarms.list().find(({ id }) => id.startsWith("pump-1/own/PumpTripped"));
  const trip = (): void => {
    plant.inject({ kind: "fault-bit", machine: "pump-1", bit: 0, forS: 3_600 });
  };

  await until("the device is heard", () => supervisor.status.state === "live");
  trip();
  await until("it is raised", () => tripped()?.state === "unacknowledged");
  const row = tripped();
  assert.ok(row !== undefined);
  assert.deepEqual(
    [row.priority, row.asset, row.source, row.message],
    [1, "Pump 1", "machine", "Pump tripped by its motor protection"],
  );

  const acknowledge = { act: "acknowledge", alarm: row.id, raisedUs: row.raisedUs } as const;
  const anna = { person: "Anna", supervisor: false, at: "gateway" } as const;
  assert.deepEqual(await alarms.act(acknowledge, anna), { kind: "done" });
  await until("the machine says so", () => tripped()?.state === "acknowledged");
  assert.equal(tripped()?.person, "Anna");

  // One that its panel lets people shelve: from here it is shelved there, and comes back when the machine ends it.
  const hot = (): AlarmRow | undefined =>
    alarms.list().find(({ id }) => id.startsWith("pump-1/own/BearingOverheated"));
  plant.inject({ kind: "fault-bit", machine: "pump-1", bit: 2, forS: 3_600 });
  await until("it is hot", () => hot()?.state === "unacknowledged");
  const shelve = {
    act: "shelve",
    alarm: hot()?.id ?? "",
    minutes: 1 / 60,
    reason: "known",
  } as const;
  assert.deepEqual(await alarms.act(shelve, anna), { kind: "done" });
  const shelved = alarms.row(shelve.alarm);
  assert.deepEqual([shelved?.state, shelved?.reason], ["shelved", "known (also at Pump 1)"]);
  await until("the machine ends it", () => hot()?.state === "unacknowledged");
  const takeOut = { act: "take-out-of-service", alarm: row.id, workOrder: "WO-7" } as const;
  assert.deepEqual(await alarms.act(takeOut, anna), { kind: "done" });
  assert.equal(tripped()?.reason, "WO-7 (here only: Pump 1 does not offer it)");
  await alarms.act({ act: "return-to-service", alarm: row.id }, anna);

  // The server starts anew while nobody listens: no event tells that the fault has gone, only the asking does.
  plant.clearFaults();
  plant.inject({ kind: "power-cycle", machine: "pump-1", forS: 1 });
  await until("the link is gone", () => tripped()?.held !== undefined || tripped() === undefined);
  await until("it is cleared", () => tripped() === undefined);
  assert.equal(alarms.row(row.id)?.state, "normal");
});
