import type { Random } from "@millwright/kit";
import type { Capture, Machine, MachineFault, PointSpec } from "../machine.ts";
import { analogue } from "../resolution.ts";
import { bearing6309, bearingCapture, frictionShare, vibrationVelocity } from "./bearing.ts";
import { counter, flag, measurement, produced, setpoint, state, text } from "./point.ts";
import { approach, ThermalMass } from "./thermal-mass.ts";
import { Wander } from "./wander.ts";

const states = { 0: "Stopped", 1: "Starting", 2: "Running", 3: "Stopping", 4: "Tripped" };
const modes = { 0: "Manual", 1: "Auto", 2: "Remote" };
const recipeTexts = ["Rinse", "Transfer", "Circulate"] as const;

// A 15 kW, two-pole motor on a centrifugal pump: values of a common size on a test bed.
const ratedRpm = 2_950;
const ratedW = 15_000;
const ratedFlow = 60;
const ratedHeadBar = 4.8;
// Insulation class F: the winding trips at 155 °C.
const tripTemperature = 155;
const twoTo64 = 1n << 64n;

/**
 * A motor-pump set. Pump power follows the affinity laws (flow ~ n, head ~ n², power ~ n³); losses heat the winding,
 * friction heats the bearings, wear raises friction and vibration.
 */
export class MotorPump implements Machine {
  readonly id: string;
  readonly kind = "pump";
  readonly points: readonly PointSpec[];
  /** What the bits of the fault word mean (`#faultWord`). */
  readonly faults: readonly MachineFault[] = [
    {
      ...{ name: "PumpTripped", message: "Pump tripped by its motor protection", severity: 900 },
      ...{ point: "FaultWord", bit: 0 },
    },
    {
      ...{ name: "BearingVibration", message: "Bearing vibration past its limit", severity: 300 },
      ...{ point: "FaultWord", bit: 1 },
    },
    {
      ...{ name: "BearingOverheated", message: "Bearing above 90 °C", severity: 600 },
      ...{ point: "FaultWord", bit: 2, shelveHoursMax: 8 },
    },
  ];
  readonly #random: Random;
  readonly #winding = new ThermalMass(42_000, 24);
  readonly #driveEnd = new ThermalMass(5_200, 24);
  readonly #nonDriveEnd = new ThermalMass(5_200, 24);
  /** The mains, as other loads come and go. */
  readonly #mains: Wander;
  /** Vibration severity is an RMS over about a second (ISO 2954), and so settles within it. */
  readonly #hum: Wander;
  readonly #humNde: Wander;
  /** Damped as pressure transmitters and magnetic flow meters are delivered. */
  readonly #suctionNoise: Wander;
  readonly #flowNoise: Wander;
  #wear = 0.02;
  #speed = 0;
  #speedSetpoint = 2_900;
  #running = true;
  #tripped = false;
  #mode = 1;
  #valve = 0.8;
  #ambient = 22;
  #fluid = 18;
  #suction = 1.2;
  #discharge = 1.2;
  #flow = 0;
  #power = 0;
  #current = 0;
  #voltage = 400;
  #vibration = 0;
  #vibrationNde = 0;
  #energyWs = 0;
  #energyStart = 184_467_440_737n;
  #pulses = 0;
  #operatingS = 0;
  #starts = 1;
  #valveCycles = 65_500;
  #elapsedS = 0;
  #recipe = 1;

  constructor(id: string, random: Random) {
    this.id = id;
    this.#random = random;
    this.#mains = new Wander(random.fork("mains"), 20);
    this.#hum = new Wander(random.fork("hum"), 1);
    this.#humNde = new Wander(random.fork("hum nde"), 1);
    this.#suctionNoise = new Wander(random.fork("suction"), 0.5);
    this.#flowNoise = new Wander(random.fork("flow"), 3);
    this.points = this.#pointList();
  }

  step(dtS: number): void {
    this.#elapsedS += dtS;
    this.#walkSurroundings(dtS);
    const target = this.#running && !this.#tripped ? this.#speedSetpoint : 0;
    this.#speed = approach(this.#speed, target, 3, dtS);
    const ratio = this.#speed / ratedRpm;

    this.#flow = approach(this.#flow, ratedFlow * ratio * this.#valve, 0.8, dtS);
    const opening = this.#flow / Math.max(ratedFlow * ratio, 0.001);
    const headBar = ratedHeadBar * ratio ** 2 * (1.25 - 0.25 * Math.min(1, opening) ** 2);
    this.#discharge = this.#suction + headBar;
    const hydraulicW = (this.#flow / 3_600) * headBar * 100_000;
    const shaftW = hydraulicW / 0.72 + 900 * Math.abs(ratio) ** 3;
    const frictionW = ratedW * ratio * frictionShare(this.#wear);
    this.#power = (shaftW + frictionW) / 0.91;
    for (const wander of [this.#mains, this.#hum, this.#humNde]) wander.step(dtS);
    for (const wander of [this.#suctionNoise, this.#flowNoise]) wander.step(dtS);
    this.#voltage = 400 + 1.5 * this.#mains.value;
    this.#current = this.#power / (Math.sqrt(3) * this.#voltage * this.#powerFactor());

    const windingLossW = 0.09 * this.#power;
    // The motor's fan sits on the shaft: it cools as the motor turns.
    this.#winding.step(dtS, windingLossW, 8 + 14 * ratio, this.#ambient);
    this.#driveEnd.step(dtS, frictionW, 2 + 1.6 * ratio, this.#ambient);
    this.#nonDriveEnd.step(
      dtS,
      ratedW * ratio * frictionShare(0.02),
      2 + 1.6 * ratio,
      this.#ambient,
    );
    if (this.#winding.temperature > tripTemperature) this.#tripped = true;

    this.#vibration = vibrationVelocity(this.#wear, ratio) * (1 + 0.015 * this.#hum.value);
    this.#vibrationNde =
      0.8 * vibrationVelocity(0.3 * this.#wear, ratio) * (1 + 0.015 * this.#humNde.value);
    this.#energyWs += this.#power * dtS;
    // One pulse for 10 ml.
    this.#pulses += (this.#flow / 3_600) * 100_000 * dtS;
    if (ratio > 0.1) this.#operatingS += dtS;
  }

  setWear(wear: number): void {
    this.#wear = Math.max(0, Math.min(1, wear));
  }

  capture(): Capture {
    return bearingCapture(bearing6309, this.#speed, this.#wear, this.#random);
  }

  powerCycle(): void {
    this.#speed = 0;
    this.#flow = 0;
    this.#tripped = false;
    this.#starts++;
    // Not kept through a power cut by this controller; the energy counter is.
    this.#valveCycles = 0;
    this.#operatingS = 0;
  }

  /** Slow changes that nobody controls: weather, supply pressure, the process opening and closing its valve. */
  #walkSurroundings(dtS: number): void {
    const t = this.#elapsedS;
    const before = this.#valve;
    this.#ambient = 22 + 2 * Math.sin((2 * Math.PI * t) / 86_400);
    this.#fluid = approach(this.#fluid, 18 + 1.5 * Math.sin((2 * Math.PI * t) / 1_800), 60, dtS);
    this.#suction =
      1.2 + 0.05 * Math.sin((2 * Math.PI * t) / 47) + 0.004 * this.#suctionNoise.value;
    this.#valve = 0.8 + 0.15 * Math.sign(Math.sin((2 * Math.PI * t) / 90));
    if (this.#valve !== before) this.#valveCycles = (this.#valveCycles + 1) % 65_536;
  }

  #powerFactor(): number {
    return 0.35 + 0.52 * Math.min(1, this.#power / ratedW);
  }

  #state(): number {
    if (this.#tripped) return 4;
    const target = this.#running ? this.#speedSetpoint : 0;
    if (Math.abs(this.#speed - target) < 30) return target === 0 ? 0 : 2;
    return this.#speed < target ? 1 : 3;
  }

  #pointList(): readonly PointSpec[] {
    const flowNow = (): number => this.#flow + 0.05 * this.#flowNoise.value;
    return [
      state("State", "Running state", states, () => this.#state(), { overview: 1, everyMs: 500 }),
      flag("Running", "Running", () => this.#speed > 30),
      flag("Suction.LevelOk", "Suction level switch", () => true),
      state("Mode", "Mode", modes, () => this.#mode),
      measurement("Speed.Actual", "Speed", "/min", () => this.#speed, {
        low: 2_000,
        high: 3_000,
        decimals: 0,
        resolution: { digits: 0 },
        everyMs: 200,
        overview: 6,
      }),
      setpoint(
        "Speed.Setpoint",
        "Speed setpoint",
        "/min",
        [0, 3_000],
        () => this.#speedSetpoint,
        (value) => (this.#speedSetpoint = value),
        { decimals: 0, overview: 7 },
      ),
      {
        ...flag("Run", "Run command", () => this.#running),
        kind: "setpoint",
        write: (value) => {
          if (typeof value !== "boolean") return false;
          if (value && !this.#running) this.#starts++;
          if (!value) this.#tripped = false;
          this.#running = value;
          return true;
        },
      },
      measurement("Motor.Current", "Motor current", "A", () => this.#current, {
        low: 10,
        high: 30,
        decimals: 1,
        resolution: { digits: 2 },
        everyMs: 100,
        overview: 8,
      }),
      measurement("Motor.Voltage", "Motor voltage", "V", () => this.#voltage, {
        low: 380,
        high: 420,
        decimals: 0,
        resolution: { digits: 1 },
        everyMs: 200,
      }),
      measurement("Motor.Power", "Motor power", "kW", () => this.#power / 1_000, {
        low: 3,
        high: 16,
        decimals: 2,
        resolution: { digits: 2 },
        everyMs: 200,
      }),
      measurement("Motor.PowerFactor", "Power factor", "1", () => this.#powerFactor(), {
        low: 0.6,
        high: 0.92,
        decimals: 2,
        resolution: { digits: 3 },
      }),
      measurement(
        "Motor.WindingTemperature",
        "Winding temperature",
        "Cel",
        () => this.#winding.temperature,
        { low: 20, high: 110, decimals: 1, resolution: { digits: 1 }, overview: 5 },
      ),
      counter(
        "Motor.Energy",
        "Energy taken",
        "uint64",
        "W.h",
        () => (this.#energyStart + BigInt(Math.floor(this.#energyWs / 3_600))) % twoTo64,
      ),
      measurement(
        "Bearing.Temperature",
        "Bearing temperature, drive end",
        "Cel",
        () => this.#driveEnd.temperature,
        { low: 20, high: 80, decimals: 1, resolution: { digits: 1 }, overview: 2 },
      ),
      measurement(
        "Bearing.Vibration",
        "Bearing vibration, drive end",
        "mm/s",
        () => this.#vibration,
        { low: 0, high: 2.8, decimals: 2, resolution: { digits: 2 }, everyMs: 100, overview: 3 },
      ),
      measurement(
        "BearingNde.Temperature",
        "Bearing temperature, other end",
        "Cel",
        () => this.#nonDriveEnd.temperature,
        { low: 20, high: 80, decimals: 1, resolution: { digits: 1 } },
      ),
      measurement(
        "BearingNde.Vibration",
        "Bearing vibration, other end",
        "mm/s",
        () => this.#vibrationNde,
        { low: 0, high: 2.8, decimals: 2, resolution: { digits: 2 }, everyMs: 100 },
      ),
      measurement("Suction.Pressure", "Suction pressure", "bar", () => this.#suction, {
        low: 0.8,
        high: 1.6,
        decimals: 2,
        resolution: analogue(0, 2.5),
        everyMs: 200,
      }),
      measurement("Discharge.Pressure", "Discharge pressure", "bar", () => this.#discharge, {
        low: 3,
        high: 7,
        decimals: 2,
        resolution: analogue(0, 10),
        everyMs: 200,
        overview: 4,
      }),
      measurement("Flow.Rate", "Flow", "m3/h", flowNow, {
        low: 25,
        high: 62,
        decimals: 1,
        resolution: analogue(0, 100),
        everyMs: 200,
        overview: 9,
      }),
      counter(
        "Flow.Pulses",
        "Flow pulses of 10 ml",
        "uint64",
        "1",
        // Begins shortly before its end, so that a roll-over of 64 bits is seen within a minute or so.
        () => (twoTo64 - 100_000n + BigInt(Math.floor(this.#pulses))) % twoTo64,
      ),
      measurement("Fluid.Temperature", "Fluid temperature", "Cel", () => this.#fluid, {
        low: 5,
        high: 40,
        decimals: 1,
        resolution: { digits: 1 },
      }),
      measurement("Ambient.Temperature", "Ambient temperature", "Cel", () => this.#ambient, {
        low: 5,
        high: 40,
        decimals: 1,
        resolution: { digits: 1 },
        everyMs: 5_000,
      }),
      measurement("Valve.Position", "Discharge valve", "%", () => 100 * this.#valve, {
        low: 0,
        high: 100,
        decimals: 0,
        resolution: { digits: 1 },
      }),
      counter("Valve.Cycles", "Valve cycles", "uint16", "1", () => this.#valveCycles),
      counter("OperatingTime", "Operating time", "uint32", "s", () => Math.floor(this.#operatingS)),
      counter("Starts", "Starts", "uint32", "1", () => this.#starts),
      {
        ...counter("FaultWord", "Fault word", "uint16", "", () => this.#faultWord()),
        kind: "state",
      },
      // Above 2^53 on purpose: a double would show another pump's number.
      {
        ...counter("SerialNumber", "Serial number", "uint64", "", () => 9_007_199_254_740_993n),
        kind: "text",
      },
      text("Model", "Model", () => "MP 65-200/150 — Kreiselpumpe"),
      text("Recipe.Name", "Recipe", () => recipeTexts[this.#recipe] ?? ""),
      {
        ...counter("Recipe.Number", "Recipe number", "uint16", "", () => this.#recipe),
        kind: "state",
      },
      measurement("Recipe.TargetFlow", "Recipe target flow", "m3/h", () => 20 + 15 * this.#recipe, {
        decimals: 1,
      }),
      measurement("Recipe.RampTime", "Recipe ramp time", "s", () => 3, { decimals: 1 }),
      produced(200),
    ];
  }

  /** Bit 0 tripped, bit 1 vibration past the ISO 20816 boundary B/C of 4.5 mm/s, bit 2 bearing above 90 °C. */
  #faultWord(): number {
    return (
      (this.#tripped ? 1 : 0) |
      (this.#vibration > 4.5 ? 2 : 0) |
      (this.#driveEnd.temperature > 90 ? 4 : 0)
    );
  }
}
