/** Setpoints of the virtual plant, written as commands write them: over each protocol, and by a machine that does not do it. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import { startPlant, type Plant } from "@millwright/virtual-plant";
import type { DeviceId } from "@millwright/wire-contract";

import { parseTagTable } from "../settings/tag-table.ts";
import { toTagSettings } from "../settings/declared-tag.ts";
import { until } from "./contract-reader.ts";
import type { DriverSession, PointSettings } from "./driver.ts";
import { drivers } from "./registry.ts";

const folder = mkdtempSync(join(tmpdir(), "millwright-writes-"));
const tables = new URL("../../../packages/virtual-plant/gateway-templates/", import.meta.url);
const never = new AbortController().signal;
let plant: Plant | undefined;

before(async () => {
  plant = await startPlant({
    dataFolder: join(folder, "plant"),
    protocols: ["modbus-tcp", "mqtt"],
  });
});

after(async () => {
  await plant?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function pointOf(table: string, id: string): PointSettings {
  const { rows } = parseTagTable(table, readFileSync(new URL(table, tables), "utf8"));
  const row = rows.find(({ cells }) => cells["id"] === id);
  assert.ok(row !== undefined);
  const tag = toTagSettings(row, "d" as DeviceId, "D", 1_000);
  assert.ok("point" in tag);
  return tag.point;
}

async function openOn(
  protocol: string,
  connection: object,
  point: PointSettings,
): Promise<DriverSession> {
  const driver = drivers.find((each) => each.protocol === protocol);
  assert.ok(driver !== undefined);
  const settings = driver.settings.parse(connection);
  assert.equal(driver.checkWrite?.(settings, point), undefined);
  return await driver.open(
    settings,
    [point],
    {
      device: protocol,
      clock: systemClock,
      random: seededRandom(protocol),
      log: silentLog,
      queueMax: 1_000,
      stateFolder: join(folder, protocol),
      due: () => undefined,
      lost: () => undefined,
      proven: () => undefined,
      note: () => undefined,
      badge: () => undefined,
    },
    never,
  );
}

/** What the machine itself holds. */
function held(machine: string, path: string): unknown {
  const found = plant?.machines.find(({ id }) => id === machine);
  return found?.points.find((point) => point.path === path)?.read();
}

function modbus(): object {
  const { host, port } = plant?.endpoints.modbusTcp ?? { host: "", port: 0 };
  return { framing: "tcp", host, port, unit: 1 };
}

test("Modbus: a float of two registers is written in one request; one out of range is refused", async (t) => {
  const point = pointOf("press-1.csv", "press-1/stroke-rate-setpoint");
  const session = await openOn("modbus", modbus(), point);
  t.after(() => session[Symbol.asyncDispose]());
  assert.deepEqual(await session.write(0, 17.5, never), { kind: "accepted" });
  assert.equal(held("press-1", "Stroke.RateSetpoint"), 17.5);
  assert.equal((await session.write(0, 99, never)).kind, "refused");
  assert.equal(held("press-1", "Stroke.RateSetpoint"), 17.5);
});

test("a machine that accepts and does not do it keeps its value: only the read-back can tell", async (t) => {
  const point = pointOf("press-1.csv", "press-1/ram-force-setpoint");
  const session = await openOn("modbus", modbus(), point);
  t.after(() => session[Symbol.asyncDispose]());
  const before_ = held("press-1", "Ram.ForceSetpoint");
  plant?.inject({ kind: "writes-ignored", machine: "press-1", forS: 600 });
  await until("the fault is there", () => (plant?.activeFaults.length ?? 0) > 0);
  assert.deepEqual(await session.write(0, 33, never), { kind: "accepted" });
  assert.equal(held("press-1", "Ram.ForceSetpoint"), before_);
  plant?.clearFaults();
});

for (const [protocol, table, id] of [
  ["mqtt", "spindle-1.csv", "spindle-1/override"],
  ["sparkplug", "spindle-1-sparkplug.csv", "spindle-1-sparkplug/override"],
] as const) {
  test(`${protocol}: the spindle takes a setpoint, and says so with its next values`, async (t) => {
    const point = pointOf(table, id);
    const session = await openOn(protocol, { url: plant?.endpoints.mqtt?.url }, point);
    t.after(() => session[Symbol.asyncDispose]());
    const wanted = protocol === "mqtt" ? 80 : 90;
    for await (const batch of session.readings(AbortSignal.timeout(60_000))) {
      const now = batch.value[batch.count - 1];
      if (now === wanted) break;
      // Before the machine was heard nothing is written to it; what nobody acknowledges is asked for once here, too.
      if (held("spindle-1", "Override") !== wanted) {
        assert.notEqual((await session.write(0, wanted, never)).kind, "refused");
      }
    }
    assert.equal(held("spindle-1", "Override"), wanted);
  });
}
