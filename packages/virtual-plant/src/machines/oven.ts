import type { Random } from "@millwright/kit";
import type { Machine, PointSpec } from "../machine.ts";
import { counter, flag, measurement, produced, setpoint, state, text } from "./point.ts";
import { approach, ThermalMass } from "./thermal-mass.ts";
import { Wander } from "./wander.ts";

const states = { 0: "Off", 1: "Heating", 2: "At temperature", 3: "Cooling" };
const zoneNames = ["1", "2", "3"] as const;
// Each burner can give 40 kW; 1 m³ of natural gas holds about 10.4 kWh.
const burnerW = 40_000;
const gasWhPerM3 = 10_400;
const doorEveryS = 180;
const doorOpenS = 15;

/** PI control with the output held in 0..1 and no integration while it is at a bound (no wind-up). */
class PiController {
  readonly #gain: number;
  readonly #resetS: number;
  #integral: number;

  /** @param resetS integral time, s */
  constructor(start: number, gain: number, resetS: number) {
    this.#integral = start;
    this.#gain = gain;
    this.#resetS = resetS;
  }

  /** Share of the actuator's full power, 0..1. */
  step(dtS: number, wantedValue: number, actual: number): number {
    const error = wantedValue - actual;
    const wanted = this.#gain * error + this.#integral;
    const output = Math.max(0, Math.min(1, wanted));
    if (output === wanted) this.#integral += (this.#gain * error * dtS) / this.#resetS;
    return output;
  }
}

interface Zone {
  readonly mass: ThermalMass;
  readonly controller: PiController;
  setpoint: number;
  output: number;
}

/** A gas-fired oven of three zones: walls and load store heat, doors lose it, a controller for each zone holds it. */
export class Oven implements Machine {
  readonly id: string;
  readonly kind = "oven";
  readonly points: readonly PointSpec[];
  readonly #random: Random;
  readonly #zones: readonly Zone[];
  /** The governor in the gas line, the draught in the flue, and a zirconia probe that answers within seconds. */
  readonly #gas: Wander;
  readonly #draught: Wander;
  readonly #oxygen: Wander;
  #on = true;
  #doorS = 0;
  #gasFlow = 0;
  #gasTotal = 812_345.6;
  #exhaust = 60;
  #belt = 1.2;
  #beltActual = 0;
  #fan = 0;
  #pressure = -12;
  #operatingS = 0;
  #loads = 1_205;

  constructor(id: string, random: Random) {
    this.id = id;
    this.#random = random;
    this.#gas = new Wander(random.fork("gas"), 5);
    this.#draught = new Wander(random.fork("draught"), 3);
    this.#oxygen = new Wander(random.fork("oxygen"), 5);
    this.#zones = [180, 210, 195].map((value, index) => ({
      mass: new ThermalMass(95_000 + 8_000 * index, 150 + 10 * index),
      controller: new PiController(0.3, 0.02, 140),
      setpoint: value,
      output: 0,
    }));
    this.points = this.#pointList();
  }

  step(dtS: number): void {
    const wasOpen = this.#doorOpen();
    this.#doorS = (this.#doorS + dtS) % doorEveryS;
    if (wasOpen && !this.#doorOpen()) this.#loads = (this.#loads + 1) % 10_000;
    let heatW = 0;
    this.#zones.forEach((zone, index) => {
      zone.output = this.#on ? zone.controller.step(dtS, zone.setpoint, zone.mass.temperature) : 0;
      heatW += zone.output * burnerW;
      // Neighbours warm each other a little; the door is in front of zone 1.
      const left = this.#zones[index - 1]?.mass.temperature ?? zone.mass.temperature;
      const right = this.#zones[index + 1]?.mass.temperature ?? zone.mass.temperature;
      const exchangedW = 12 * (left + right - 2 * zone.mass.temperature);
      const losses = 62 + (this.#doorOpen() ? 90 / (index + 1) : 0);
      zone.mass.step(dtS, zone.output * burnerW * 0.82 + exchangedW, losses, 24);
    });
    this.#gasFlow = heatW / gasWhPerM3;
    this.#gasTotal += (this.#gasFlow * dtS) / 3_600;
    this.#exhaust = approach(this.#exhaust, 80 + heatW / 1_200, 25, dtS);
    this.#beltActual = approach(this.#beltActual, this.#on ? this.#belt : 0, 1.5, dtS);
    this.#fan = approach(this.#fan, this.#on ? 1_440 : 0, 4, dtS);
    for (const wander of [this.#gas, this.#draught, this.#oxygen]) wander.step(dtS);
    this.#pressure = -12 + (this.#doorOpen() ? 8 : 0) + 0.4 * this.#draught.value;
    if (this.#on) this.#operatingS += dtS;
  }

  powerCycle(): void {
    this.#fan = 0;
    this.#beltActual = 0;
    this.#operatingS = 0;
  }

  #doorOpen(): boolean {
    return this.#doorS > doorEveryS - doorOpenS;
  }

  #state(): number {
    if (!this.#on) return this.#zones.some((zone) => zone.mass.temperature > 60) ? 3 : 0;
    const settled = this.#zones.every(
      (zone) => Math.abs(zone.mass.temperature - zone.setpoint) < 5,
    );
    return settled ? 2 : 1;
  }

  #zonePoints(zone: Zone, name: string, index: number): readonly PointSpec[] {
    return [
      measurement(
        `Zone${name}.Temperature`,
        `Zone ${name} temperature`,
        "Cel",
        () => zone.mass.temperature + 0.05 * this.#random.normal(),
        {
          low: zone.setpoint - 10,
          high: zone.setpoint + 10,
          decimals: 1,
          everyMs: 500,
          overview: 2 + index,
        },
      ),
      setpoint(
        `Zone${name}.Setpoint`,
        `Zone ${name} setpoint`,
        "Cel",
        [50, 260],
        () => zone.setpoint,
        (value) => (zone.setpoint = value),
        { decimals: 1 },
      ),
      measurement(`Zone${name}.Output`, `Zone ${name} burner`, "%", () => 100 * zone.output, {
        low: 0,
        high: 100,
        decimals: 1,
        everyMs: 500,
      }),
    ];
  }

  #pointList(): readonly PointSpec[] {
    return [
      state("State", "Running state", states, () => this.#state(), { overview: 1 }),
      {
        ...flag("On", "Oven on", () => this.#on),
        kind: "setpoint",
        write: (value) => {
          if (typeof value !== "boolean") return false;
          this.#on = value;
          return true;
        },
      },
      flag("Door.Open", "Door open", () => this.#doorOpen(), { everyMs: 500, overview: 5 }),
      ...this.#zones.flatMap((zone, index) =>
        this.#zonePoints(zone, zoneNames[index] ?? "", index),
      ),
      measurement("Gas.Flow", "Gas flow", "m3/h", () => this.#gasFlow, {
        low: 0,
        high: 12,
        decimals: 2,
        everyMs: 500,
        overview: 6,
      }),
      counter("Gas.Total", "Gas taken", "uint32", "m3", () => Math.floor(this.#gasTotal)),
      measurement("Gas.Pressure", "Gas pressure", "mbar", () => 50 + 0.2 * this.#gas.value, {
        low: 45,
        high: 55,
        decimals: 1,
      }),
      measurement("Exhaust.Temperature", "Exhaust temperature", "Cel", () => this.#exhaust, {
        low: 60,
        high: 190,
        decimals: 0,
        overview: 7,
      }),
      measurement("Exhaust.Oxygen", "Exhaust oxygen", "%", () => 4.1 + 0.05 * this.#oxygen.value, {
        low: 2,
        high: 6,
        decimals: 1,
      }),
      measurement("Chamber.Pressure", "Chamber pressure", "Pa", () => this.#pressure, {
        low: -20,
        high: 0,
        decimals: 0,
      }),
      measurement("Fan.Speed", "Circulation fan speed", "/min", () => this.#fan, {
        low: 1_300,
        high: 1_500,
        decimals: 0,
      }),
      setpoint(
        "Belt.SpeedSetpoint",
        "Belt speed setpoint",
        "m/min",
        [0.2, 3],
        () => this.#belt,
        (value) => (this.#belt = value),
        { decimals: 2 },
      ),
      measurement("Belt.Speed", "Belt speed", "m/min", () => this.#beltActual, {
        low: 0.2,
        high: 3,
        decimals: 2,
        resolution: { digits: 2 },
        overview: 8,
      }),
      counter("OperatingTime", "Operating time", "uint32", "s", () => Math.floor(this.#operatingS)),
      // A panel counter of four decimal digits (BCD in the controller) that rolls over at 10,000.
      counter("Loads", "Loads", "uint16", "1", () => this.#loads),
      { ...counter("Recipe", "Recipe number", "uint16", "", () => 7), kind: "state" },
      flag("Burner.Flame", "Flame seen", () => this.#gasFlow > 0.05),
      text("Model", "Model", () => "TO-3Z GAS"),
      produced(500),
    ];
  }
}
