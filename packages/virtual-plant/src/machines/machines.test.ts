import { seededRandom } from "@millwright/kit";
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine, PlantValue } from "../machine.ts";
import { bearing6309, bearingCapture, bearingLines, vibrationVelocity } from "./bearing.ts";
import { Bulk } from "./bulk.ts";
import { newFleet } from "./fleet.ts";
import { MotorPump } from "./motor-pump.ts";
import { Oven } from "./oven.ts";
import { Press } from "./press.ts";
import { ThermalMass } from "./thermal-mass.ts";

function read(machine: Machine, path: string): PlantValue {
  const point = machine.points.find((other) => other.path === path);
  assert.ok(point, `${machine.id} has ${path}`);
  return point.read();
}

function run(machine: Machine, seconds: number, dtS = 0.1): void {
  for (let step = 0; step < seconds / dtS; step++) machine.step(dtS);
}

test("a thermal mass comes to where heat in equals heat out, in steps of any length", () => {
  for (const dtS of [0.1, 10, 10_000]) {
    const mass = new ThermalMass(1_000, 20);
    for (let s = 0; s < 20_000; s += dtS) mass.step(dtS, 100, 5, 20);
    assert.ok(Math.abs(mass.temperature - 40) < 0.01, `${dtS} s: ${mass.temperature}`);
  }
});

test("a thermal mass stores the heat that it is given while nothing leaves", () => {
  const mass = new ThermalMass(1_000, 20);
  mass.step(10, 100, 1e-9, 20);
  assert.ok(Math.abs(mass.temperature - 21) < 1e-6);
});

test("vibration rises with wear at every speed, from quiet to past the limit of ISO 20816", () => {
  for (const speed of [0.3, 0.7, 1]) {
    let before = -1;
    for (let wear = 0; wear <= 1; wear += 0.05) {
      const now = vibrationVelocity(wear, speed);
      assert.ok(now > before);
      before = now;
    }
  }
  assert.ok(vibrationVelocity(0.02, 1) < 1.4);
  assert.ok(vibrationVelocity(1, 1) > 7.1);
});

test("the lines of a bearing obey its kinematics", () => {
  const lines = bearingLines(bearing6309, 3_000);
  assert.ok(Math.abs(lines.outer + lines.inner - bearing6309.balls * lines.shaft) < 1e-9);
  assert.ok(Math.abs(lines.cage * bearing6309.balls - lines.outer) < 1e-9);
});

test("the envelope of a worn bearing's capture has its line at the outer ring's frequency", () => {
  const worn = bearingCapture(bearing6309, 2_900, 0.8, seededRandom(1));
  const fresh = bearingCapture(bearing6309, 2_900, 0.02, seededRandom(1));
  const { outer } = bearingLines(bearing6309, 2_900);
  assert.equal(worn.samples.length, 25_600);
  const atLine = envelopeLine(worn.samples, outer);
  assert.ok(
    atLine > 5 * envelopeLine(worn.samples, outer * 1.37),
    "stands out of its surroundings",
  );
  assert.ok(atLine > 10 * envelopeLine(fresh.samples, outer), "was not there when new");
});

/** Size of one frequency in the rectified signal. */
function envelopeLine(samples: Int16Array, hz: number): number {
  let real = 0;
  let imaginary = 0;
  const mean = samples.reduce((sum, value) => sum + Math.abs(value), 0) / samples.length;
  samples.forEach((value, index) => {
    const angle = (2 * Math.PI * hz * index) / 25_600;
    real += (Math.abs(value) - mean) * Math.cos(angle);
    imaginary += (Math.abs(value) - mean) * Math.sin(angle);
  });
  return Math.hypot(real, imaginary) / samples.length;
}

test("the pump's energy counter is the time integral of its power", () => {
  const pump = new MotorPump("pump-1", seededRandom(1));
  const before = read(pump, "Motor.Energy");
  let wattHours = 0;
  for (let step = 0; step < 36_000; step++) {
    pump.step(0.1);
    wattHours += (Number(read(pump, "Motor.Power")) * 1_000 * 0.1) / 3_600;
  }
  const counted = Number(BigInt(read(pump, "Motor.Energy")) - BigInt(before));
  assert.ok(Math.abs(counted - wattHours) <= 1, `${counted} Wh counted, ${wattHours} Wh taken`);
});

test("a faster pump delivers more flow at more pressure for more power", () => {
  const at = (speed: number): readonly number[] => {
    const pump = new MotorPump("pump-1", seededRandom(1));
    const point = pump.points.find(({ path }) => path === "Speed.Setpoint");
    assert.equal(point?.write?.(speed), true);
    run(pump, 30);
    return ["Flow.Rate", "Discharge.Pressure", "Motor.Power"].map((path) =>
      Number(read(pump, path)),
    );
  };
  const [slow, fast] = [at(1_500), at(2_900)];
  slow.forEach((value, index) => {
    assert.ok((fast[index] ?? 0) > value);
  });
});

test("wear makes the pump's bearing hotter and rougher, and the fault word says so", () => {
  const after = (wear: number): Machine => {
    const pump = new MotorPump("pump-1", seededRandom(1));
    pump.setWear(wear);
    run(pump, 7_200, 1);
    return pump;
  };
  const [fresh, worn] = [after(0.02), after(0.9)];
  assert.ok(
    Number(read(worn, "Bearing.Temperature")) > Number(read(fresh, "Bearing.Temperature")) + 30,
  );
  assert.ok(Number(read(worn, "Bearing.Vibration")) > 4.5);
  assert.equal(Number(read(worn, "FaultWord")) & 2, 2);
  assert.equal(read(fresh, "FaultWord"), 0);
});

test("the pump's 64-bit pulse counter rolls over past 2^64 and starts at zero again", () => {
  const pump = new MotorPump("pump-1", seededRandom(1));
  const first = read(pump, "Flow.Pulses") as bigint;
  assert.ok(first > 2n ** 63n);
  run(pump, 300);
  assert.ok((read(pump, "Flow.Pulses") as bigint) < 1_000_000n);
});

test("an hour of healthy running stays within the normal ranges that the machines state", () => {
  for (const machine of newFleet(4, seededRandom(7))) {
    run(machine, 3_600);
    for (const { path, low, high, kind } of machine.points) {
      if (low === undefined || high === undefined || kind === "setpoint") continue;
      // The press is measured somewhere in its stroke and the oven's door may be open: their bounds hold as means.
      let sum = 0;
      for (let step = 0; step < 300; step++) {
        machine.step(0.1);
        sum += Number(read(machine, path));
      }
      assert.ok(
        sum / 300 >= low && sum / 300 <= high,
        `${machine.id} ${path} ${sum / 300} in ${low}..${high}`,
      );
    }
  }
});

test("the oven holds its zones at their setpoints, and opening the door costs gas", () => {
  const oven = new Oven("oven-1", seededRandom(1));
  run(oven, 7_200);
  for (const zone of ["Zone1", "Zone2", "Zone3"]) {
    const away = Number(read(oven, `${zone}.Temperature`)) - Number(read(oven, `${zone}.Setpoint`));
    assert.ok(Math.abs(away) < 8, `${zone} is ${away} away`);
  }
  const gas = { open: [0, 0], closed: [0, 0] };
  for (let step = 0; step < 18_000; step++) {
    oven.step(0.1);
    const [sum = 0, count = 0] = read(oven, "Door.Open") === true ? gas.open : gas.closed;
    gas[read(oven, "Door.Open") === true ? "open" : "closed"] = [
      sum + Number(read(oven, "Gas.Flow")),
      count + 1,
    ];
  }
  const mean = ([sum = 0, count = 1]: readonly number[]): number => sum / count;
  assert.ok(mean(gas.open) > mean(gas.closed));
});

test("a press that had no power presses as before, wherever in its stroke it stood", () => {
  const press = new Press("press-1", seededRandom(1));
  run(press, 120);
  const before = Number(read(press, "Ram.PeakForce"));
  for (const stoodS of [0.3, 0.7, 1.1]) {
    run(press, stoodS);
    press.powerCycle();
    run(press, 120);
    assert.ok(Math.abs(Number(read(press, "Ram.PeakForce")) - before) < 0.1);
  }
});

test("the press counts strokes at its rate; 16 and 32 bits roll over", () => {
  const press = new Press("press-1", seededRandom(1));
  run(press, 60);
  const before = Number(read(press, "Stroke.Count"));
  const before16 = Number(read(press, "Stroke.Count16"));
  run(press, 600);
  const strokes = (Number(read(press, "Stroke.Count")) - before + 2 ** 32) % 2 ** 32;
  assert.ok(Math.abs(strokes - 240) <= 2, `${strokes} strokes in ten minutes at 24 a minute`);
  assert.equal((Number(read(press, "Stroke.Count16")) - before16 + 65_536) % 65_536, strokes);
  assert.ok(Number(read(press, "Stroke.Count16")) < before16);
  assert.ok(Number(read(press, "Stroke.Count")) < before);
});

test("the same seed gives the same machines, another seed others", () => {
  const history = (seed: number): readonly PlantValue[] =>
    newFleet(4, seededRandom(seed)).flatMap((machine) => {
      run(machine, 60);
      return machine.points.map((point) => point.read());
    });
  assert.deepEqual(history(3), history(3));
  assert.notDeepEqual(history(3), history(4));
});

test("a setpoint outside its range is refused and changes nothing", () => {
  const press = new Press("press-1", seededRandom(1));
  const point = press.points.find(({ path }) => path === "Stroke.RateSetpoint");
  assert.ok(point);
  const refuses = (value: number): boolean | undefined => point.write?.(value);
  assert.equal(refuses(41), false);
  assert.equal(refuses(NaN), false);
  assert.equal(point.read(), 24);
});

test("simple signals differ from each other and change at the stated rate", () => {
  const bulk = new Bulk("bulk-modbus", 100, 1);
  const before = bulk.points.slice(0, 100).map((point) => point.read());
  assert.equal(new Set(before).size, 100);
  run(bulk, 1);
  bulk.points.slice(0, 100).forEach((point, index) => {
    assert.notEqual(point.read(), before[index]);
  });
});
