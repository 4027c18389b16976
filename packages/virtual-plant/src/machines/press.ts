import type { Random } from "@millwright/kit";
import type { Machine, PointSpec } from "../machine.ts";
import { counter, flag, measurement, produced, setpoint, state, text } from "./point.ts";
import { approach, ThermalMass } from "./thermal-mass.ts";

const states = { 0: "Stopped", 1: "Starting", 2: "Running", 3: "Stopping", 4: "Fault" };
const modes = { 0: "Setup", 1: "Single stroke", 2: "Automatic" };
const rodLength = 400;
const ratedTonnage = 250;
const pistonArea = 0.098;

/**
 * A hydraulic press: the ram goes down fast, presses near the bottom, comes back. Pressing power that is not in the part
 * heats the oil; the cooler takes it out again.
 */
export class Press implements Machine {
  readonly id: string;
  readonly kind = "press";
  readonly points: readonly PointSpec[];
  readonly #random: Random;
  readonly #oil = new ThermalMass(760_000, 38);
  readonly #pump = new ThermalMass(15_000, 35);
  #phase = 0;
  #strokeRate = 24;
  #rate = 0;
  #automatic = true;
  #position = rodLength;
  #force = 0;
  #pressure = 12;
  #motorW = 0;
  #energyWs = 0;
  #strokes = 65_480;
  #totalStrokes = 4_294_967_180;
  #lubeS = 0;
  #oilLevel = 81;
  #cooling = true;
  #holdForce = 180;
  #peak = 0;
  #lastPeak = 0;

  constructor(id: string, random: Random) {
    this.id = id;
    this.#random = random;
    this.points = this.#pointList();
  }

  step(dtS: number): void {
    this.#rate = approach(this.#rate, this.#automatic ? this.#strokeRate : 0, 2, dtS);
    const before = this.#phase;
    this.#phase = (this.#phase + (this.#rate / 60) * dtS) % 1;
    if (this.#phase < before) this.#endStroke();
    this.#position = (rodLength / 2) * (1 + Math.cos(2 * Math.PI * this.#phase));
    // The sheet yields over the last 30 mm on the way down.
    const pressing = this.#phase < 0.5 && this.#position < 30 && this.#rate > 0.5;
    const wantedForce = pressing ? this.#holdForce * (1 - this.#position / 60) : 0;
    this.#force = approach(this.#force, wantedForce, 0.05, dtS);
    this.#peak = Math.max(this.#peak, this.#force);
    // t × 9.81 kN / area gives kPa; 100 kPa are a bar. The pump holds 12 bar when idle.
    this.#pressure = 12 + (this.#force * 9.81) / pistonArea / 100 + 0.3 * this.#random.normal();
    this.#motorW = 3_000 + 320 * this.#force + 250 * this.#rate;
    this.#energyWs += this.#motorW * dtS;
    if (this.#oil.temperature > 52) this.#cooling = true;
    if (this.#oil.temperature < 46) this.#cooling = false;
    this.#oil.step(dtS, 0.45 * this.#motorW, this.#cooling ? 420 : 140, 22);
    this.#pump.step(dtS, 0.06 * this.#motorW, 22, 24);
    this.#lubeS = (this.#lubeS + dtS) % 240;
    // A slow leak; the level is made up when it comes to 60 %.
    this.#oilLevel = this.#oilLevel < 60 ? 85 : this.#oilLevel - dtS / 7_200;
  }

  powerCycle(): void {
    this.#rate = 0;
    this.#force = 0;
    // The ram is lifted before the press runs again: its strokes then are as they were.
    this.#phase = 0;
    this.#peak = 0;
    // The 16-bit counter lives in working memory, the 32-bit one is kept.
    this.#strokes = 0;
  }

  #endStroke(): void {
    this.#strokes = (this.#strokes + 1) % 65_536;
    this.#totalStrokes = (this.#totalStrokes + 1) % 2 ** 32;
    this.#lastPeak = this.#peak;
    this.#peak = 0;
  }

  #state(): number {
    const target = this.#automatic ? this.#strokeRate : 0;
    if (Math.abs(this.#rate - target) < 0.5) return target === 0 ? 0 : 2;
    return this.#rate < target ? 1 : 3;
  }

  #faultWord(): number {
    return (
      (this.#oil.temperature > 60 ? 1 : 0) |
      (this.#oilLevel < 65 ? 2 : 0) |
      (this.#force > ratedTonnage ? 4 : 0)
    );
  }

  #pointList(): readonly PointSpec[] {
    return [
      state("State", "Running state", states, () => this.#state(), { overview: 1, everyMs: 500 }),
      state("Mode", "Mode", modes, () => (this.#automatic ? 2 : 0)),
      measurement("Ram.Position", "Ram position", "mm", () => this.#position, {
        low: 0,
        high: 400,
        decimals: 1,
        everyMs: 100,
        overview: 2,
      }),
      measurement("Ram.Force", "Press force", "t", () => this.#force, {
        low: 0,
        high: 220,
        decimals: 1,
        everyMs: 100,
        overview: 3,
      }),
      measurement("Ram.PeakForce", "Peak force of the last stroke", "t", () => this.#lastPeak, {
        low: 120,
        high: 220,
        decimals: 1,
      }),
      setpoint(
        "Ram.ForceSetpoint",
        "Press force setpoint",
        "t",
        [20, ratedTonnage],
        () => this.#holdForce,
        (value) => (this.#holdForce = value),
        { decimals: 0 },
      ),
      measurement("Hydraulics.Pressure", "System pressure", "bar", () => this.#pressure, {
        low: 8,
        high: 240,
        decimals: 1,
        everyMs: 100,
        overview: 4,
      }),
      measurement("Hydraulics.PilotPressure", "Pilot pressure", "bar", () => 35, {
        low: 30,
        high: 40,
        decimals: 1,
      }),
      measurement("Oil.Temperature", "Oil temperature", "Cel", () => this.#oil.temperature, {
        low: 30,
        high: 58,
        decimals: 1,
        overview: 5,
      }),
      measurement("Oil.Level", "Oil level", "%", () => this.#oilLevel, {
        low: 65,
        high: 95,
        decimals: 1,
        overview: 6,
      }),
      measurement("Oil.Cleanliness", "Oil cleanliness, ISO 4406 class of 6 µm", "1", () => 17, {
        low: 12,
        high: 19,
        decimals: 0,
      }),
      flag("Oil.CoolerOn", "Oil cooler on", () => this.#cooling),
      measurement("Pump.Temperature", "Pump temperature", "Cel", () => this.#pump.temperature, {
        low: 20,
        high: 75,
        decimals: 1,
      }),
      measurement("Ambient.Temperature", "Ambient temperature", "Cel", () => 22, {
        low: 5,
        high: 40,
        decimals: 1,
      }),
      setpoint(
        "Stroke.RateSetpoint",
        "Stroke rate setpoint",
        "/min",
        [4, 40],
        () => this.#strokeRate,
        (value) => (this.#strokeRate = value),
        { decimals: 0, overview: 8 },
      ),
      measurement("Stroke.Rate", "Stroke rate", "/min", () => this.#rate, {
        low: 10,
        high: 40,
        decimals: 1,
        resolution: { digits: 1 },
        overview: 7,
      }),
      counter("Stroke.Count16", "Strokes since start", "uint16", "1", () => this.#strokes, {
        everyMs: 200,
      }),
      counter("Stroke.Count", "Strokes in all", "uint32", "1", () => this.#totalStrokes, {
        everyMs: 200,
        overview: 9,
      }),
      measurement("Motor.Power", "Motor power", "kW", () => this.#motorW / 1_000, {
        low: 2,
        high: 80,
        decimals: 1,
        resolution: { digits: 1 },
        everyMs: 200,
      }),
      counter(
        "Motor.Energy",
        "Energy taken",
        "uint64",
        "W.h",
        () => 18_446_744_073_709_550_000n + BigInt(Math.floor(this.#energyWs / 3_600) % 1_600),
        { everyMs: 200 },
      ),
      {
        ...flag("Automatic", "Automatic", () => this.#automatic),
        kind: "setpoint",
        write: (value) => {
          if (typeof value !== "boolean") return false;
          this.#automatic = value;
          return true;
        },
      },
      flag("Guard.Closed", "Guard closed", () => true),
      flag("Lubrication.Active", "Lubrication pulse", () => this.#lubeS < 6, { everyMs: 500 }),
      {
        ...counter("FaultWord", "Fault word", "uint16", "", () => this.#faultWord()),
        kind: "state",
      },
      { ...counter("Job.Number", "Job", "uint32", "", () => 12_345_678), kind: "state" },
      {
        ...measurement(
          "Die.Offset",
          "Die offset",
          "mm",
          () => -2.5 + Math.round(10 * Math.sin(this.#lubeS / 40)) / 10,
          { low: -5, high: 5, decimals: 1 },
        ),
      },
      text("Model", "Model", () => "HP-250T"),
      text("Die.Name", "Die", () => "DOOR-L 07"),
      produced(100),
    ];
  }
}
