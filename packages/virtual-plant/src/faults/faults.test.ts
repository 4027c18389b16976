import { seededRandom } from "@millwright/kit";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { newFleet } from "../machines/fleet.ts";
import type { PlantFault } from "./fault.ts";
import { FaultBoard } from "./fault-board.ts";
import { FaultsRefused, parseFault, parseSchedule } from "./schedule.ts";
import { Sensors } from "./sensors.ts";
import { deviceTimeUs, noTrouble, troubleOf } from "./trouble.ts";

const machines = newFleet(4, seededRandom(1));

function fault(value: unknown): PlantFault {
  return parseFault(value, machines);
}

test("the shipped example is a schedule that can be played", async () => {
  const file = new URL("../../faults/a-bad-day.yaml", import.meta.url);
  const faults = parseSchedule("a-bad-day.yaml", await readFile(file, "utf8"), machines);
  assert.equal(new Set(faults.map(({ kind }) => kind)).size, 12, "one of each kind");
});

test("all problems of a file are reported at once, with their paths", () => {
  const text = `faults:
    - { kind: stuck, machine: pump-1, point: Nothing.Here }
    - { kind: power-cycle, machine: press-9 }
    - { kind: drift, machine: press-1, point: Model, perHour: 1 }
    - { kind: bearing-wear, machine: oven-1 }
    - { kind: stuck, machine: broker, point: x }`;
  assert.throws(
    () => parseSchedule("f.yaml", text, machines),
    (failure) => {
      assert.ok(failure instanceof FaultsRefused);
      assert.deepEqual(
        failure.problems.map((line) => line.split(":")[0]),
        [
          "faults[0].point",
          "faults[1].machine",
          "faults[2].point",
          "faults[3].machine",
          "faults[4].kind",
        ],
      );
      return true;
    },
  );
  const wrongTypes =
    "faults:\n  - { kind: slow, machine: 3, delayMs: fast }\n  - { kind: fire, machine: a }\nextra: 1";
  assert.throws(
    () => parseSchedule("f.yaml", wrongTypes, machines),
    (failure) => {
      assert.ok(failure instanceof FaultsRefused);
      assert.ok(failure.problems.some((line) => line.startsWith("faults[0].machine")));
      assert.ok(failure.problems.some((line) => line.startsWith("faults[0].delayMs")));
      assert.ok(failure.problems.some((line) => line.startsWith("faults[1].kind")));
      assert.ok(failure.problems.length >= 4);
      return true;
    },
  );
});

test("a fault begins and ends when it says, and repeats as often as it says", () => {
  const board = new FaultBoard([
    fault({ kind: "power-cycle", machine: "press-1", atS: 1, forS: 2, repeatEveryS: 5, times: 2 }),
  ]);
  const active: number[] = [];
  for (let s = 0; s <= 20; s++) {
    board.step(s);
    if (board.active.length > 0) active.push(s);
  }
  assert.deepEqual(active, [1, 2, 6, 7]);
});

test("an injected fault counts from now, and can be ended by its number", () => {
  const board = new FaultBoard([]);
  board.step(100);
  board.inject(fault({ kind: "full", machine: "pump-1", atS: 2, forS: 50 }));
  assert.equal(board.step(101).begun.length, 0);
  const [begun] = board.step(102).begun;
  assert.equal(troubleOf("pump-1", board.active).full, true);
  board.clear(begun?.id);
  assert.equal(board.step(103).ended.length, 1);
  assert.deepEqual(troubleOf("pump-1", board.active), noTrouble);
});

test("a stuck sensor keeps its value, a drifting one leaves the truth evenly, a failed one has none", () => {
  const sensors = new Sensors("pump-1", ["A", "B", "C"]);
  const active = (["stuck", "drift", "sensor-failed"] as const).map((kind, index) => ({
    id: index,
    sinceS: 0,
    fault: { kind, machine: "pump-1", point: "ABC".charAt(index), perHour: 36, atS: 0, forS: 10 },
  }));
  const at = (s: number, truth: number): readonly unknown[] => {
    const sensor = sensors.at(s, active);
    return [sensor(0, truth), sensor(1, truth), sensor(2, truth)];
  };
  assert.deepEqual(at(0, 5), [5, 5, undefined]);
  assert.deepEqual(at(100, 9), [5, 10, undefined]);
  assert.equal(sensors.at(200, [])(0, 11), 11);
});

test("a device clock can be unset, an hour off, or jump there and back", () => {
  const nowUs = 1_767_225_600_000_000;
  const shown = (mode: string, elapsedS: number): number => {
    const clock = fault({ kind: "clock", machine: "pump-1", mode, forS: 40, byS: -7 });
    return deviceTimeUs(nowUs, elapsedS, "pump-1", [{ id: 1, fault: clock, sinceS: 10 }]);
  };
  assert.equal(shown("unset", 13), 3_000_000);
  assert.equal(shown("hour-off", 13) - nowUs, 3_600_000_000);
  assert.equal(shown("offset", 13) - nowUs, -7_000_000);
  assert.equal(shown("daylight-saving", 29) - nowUs, 3_600_000_000);
  assert.equal(shown("daylight-saving", 31), nowUs);
});
