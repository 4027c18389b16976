import type { Random } from "@millwright/kit";
import type { Capture, Machine, PointSpec } from "../machine.ts";
import {
  bearingCapture,
  frictionShare,
  vibrationVelocity,
  type BearingGeometry,
} from "./bearing.ts";
import { counter, flag, measurement, produced, setpoint, state, text } from "./point.ts";
import { approach, ThermalMass } from "./thermal-mass.ts";
import { Wander } from "./wander.ts";

const programStates = { 0: "Idle", 1: "Tool change", 2: "Cutting", 3: "Feed hold", 4: "Alarm" };
// Hybrid angular contact bearing 71914: 25 ceramic balls of 9.5 mm, 15 degrees.
const spindleBearing: BearingGeometry = {
  balls: 25,
  ballDiameter: 9.525,
  pitchDiameter: 85,
  contactAngle: (15 * Math.PI) / 180,
};
const ratedRpm = 12_000;
const ratedW = 22_000;

/** One step of the part program: tool, programmed speed and the share of rated power that cutting takes. */
interface Operation {
  readonly tool: number;
  readonly speed: number;
  readonly load: number;
  readonly lasts: number;
}

const program: readonly Operation[] = [
  { tool: 4, speed: 6_000, load: 0.62, lasts: 14 },
  { tool: 11, speed: 9_500, load: 0.35, lasts: 9 },
  { tool: 7, speed: 3_200, load: 0.48, lasts: 11 },
];
const toolChangeS = 4;

/** A CNC spindle that makes parts: three operations with a tool change before each, then the next part. */
export class Spindle implements Machine {
  readonly id: string;
  readonly kind = "spindle";
  readonly points: readonly PointSpec[];
  readonly #random: Random;
  readonly #bearing = new ThermalMass(9_000, 23);
  readonly #motor = new ThermalMass(38_000, 23);
  /** Vibration severity is an RMS over about a second (ISO 2954); chips come off unevenly. */
  readonly #hum: Wander;
  #wear = 0.03;
  #speed = 0;
  #override = 100;
  #load = 0;
  #vibration = 0;
  #coolantFlow = 0;
  #coolant = 20;
  #operation = 0;
  #operationS = 0;
  #changing = true;
  #toolLife = 100;
  #parts = 4_294_967_200;
  #rejects = 3;
  #job = 4_711;
  #jobDone = 0;
  #feedHold = false;
  #energyWs = 0;
  #position = 0;

  constructor(id: string, random: Random) {
    this.id = id;
    this.#random = random;
    this.#hum = new Wander(random.fork("hum"), 1);
    this.points = this.#pointList();
  }

  step(dtS: number): void {
    if (!this.#feedHold) this.#runProgram(dtS);
    const now = this.#now();
    const cutting = !this.#changing && !this.#feedHold;
    const target = this.#changing ? 0 : now.speed * (this.#override / 100);
    this.#speed = approach(this.#speed, target, 0.6, dtS);
    const ratio = this.#speed / ratedRpm;
    // A worn tool needs more power for the same chip.
    const cut = cutting ? now.load * (1 + 0.25 * (1 - this.#toolLife / 100)) : 0;
    this.#load = approach(this.#load, 100 * cut * (1 + 0.04 * this.#random.normal()), 0.3, dtS);
    const powerW = (this.#load / 100) * ratedW + 900 * ratio ** 2;
    this.#coolantFlow = approach(this.#coolantFlow, cutting ? 22 : 0, 0.7, dtS);
    this.#coolant = approach(this.#coolant, 20 + 0.06 * this.#load, 120, dtS);
    this.#bearing.step(dtS, 0.5 * ratedW * ratio * frictionShare(this.#wear), 3.5, this.#coolant);
    this.#motor.step(dtS, 0.07 * powerW, 30, this.#coolant);
    this.#hum.step(dtS);
    this.#vibration =
      (0.25 + vibrationVelocity(this.#wear, ratio) + 0.008 * this.#load) *
      (1 + 0.02 * this.#hum.value);
    this.#energyWs += powerW * dtS;
    if (cutting) {
      this.#toolLife = Math.max(0, this.#toolLife - dtS / 60);
      this.#position = (this.#position + 12 * dtS) % 650;
    }
  }

  setWear(wear: number): void {
    this.#wear = Math.max(0, Math.min(1, wear));
  }

  capture(): Capture {
    return bearingCapture(spindleBearing, this.#speed, this.#wear, this.#random);
  }

  powerCycle(): void {
    this.#speed = 0;
    this.#load = 0;
    this.#operation = 0;
    this.#operationS = 0;
    this.#changing = true;
  }

  #runProgram(dtS: number): void {
    this.#operationS += dtS;
    if (this.#changing) {
      if (this.#operationS < toolChangeS) return;
      this.#changing = false;
      this.#operationS = 0;
      return;
    }
    if (this.#operationS < this.#now().lasts) return;
    this.#operationS = 0;
    this.#changing = true;
    this.#operation = (this.#operation + 1) % program.length;
    if (this.#operation === 0) this.#finishPart();
    if (this.#toolLife <= 0) this.#toolLife = 100;
  }

  #finishPart(): void {
    this.#parts = (this.#parts + 1) % 2 ** 32;
    if (this.#random.next() < 0.02) this.#rejects++;
    this.#jobDone++;
    if (this.#jobDone < 24) return;
    this.#jobDone = 0;
    this.#job++;
  }

  #now(): Operation {
    const operation = program[this.#operation];
    if (operation === undefined) throw new Error("the part program has no such operation");
    return operation;
  }

  #state(): number {
    if (this.#feedHold) return 3;
    return this.#changing ? 1 : 2;
  }

  #pointList(): readonly PointSpec[] {
    return [
      state("State", "Program state", programStates, () => this.#state(), {
        overview: 1,
        everyMs: 500,
      }),
      flag("FeedHold", "Feed hold", () => this.#feedHold),
      measurement("Speed", "Spindle speed", "/min", () => this.#speed, {
        low: 0,
        high: 12_000,
        decimals: 0,
        resolution: { digits: 0 },
        everyMs: 200,
        overview: 2,
      }),
      setpoint(
        "Override",
        "Speed override",
        "%",
        [50, 120],
        () => this.#override,
        (value) => (this.#override = value),
        { decimals: 0 },
      ),
      measurement("Load", "Spindle load", "%", () => this.#load, {
        low: 0,
        high: 85,
        decimals: 1,
        resolution: { digits: 1 },
        everyMs: 200,
        overview: 3,
      }),
      measurement(
        "Bearing.Temperature",
        "Front bearing temperature",
        "Cel",
        () => this.#bearing.temperature,
        { low: 18, high: 55, decimals: 1, resolution: { digits: 1 }, everyMs: 500, overview: 4 },
      ),
      measurement("Bearing.Vibration", "Front bearing vibration", "mm/s", () => this.#vibration, {
        low: 0,
        high: 2.8,
        decimals: 2,
        resolution: { digits: 2 },
        everyMs: 200,
        overview: 5,
      }),
      measurement("Motor.Temperature", "Motor temperature", "Cel", () => this.#motor.temperature, {
        low: 18,
        high: 100,
        decimals: 1,
        resolution: { digits: 1 },
      }),
      counter(
        "Motor.Energy",
        "Energy taken",
        "uint64",
        "W.h",
        () => BigInt(Math.floor(this.#energyWs / 3_600)) + 9_007_199_254_740_990n,
      ),
      measurement("Coolant.Flow", "Coolant flow", "L/min", () => this.#coolantFlow, {
        low: 0,
        high: 25,
        decimals: 1,
        resolution: { digits: 1 },
        everyMs: 500,
        overview: 6,
      }),
      measurement("Coolant.Temperature", "Coolant temperature", "Cel", () => this.#coolant, {
        low: 15,
        high: 30,
        decimals: 1,
        resolution: { digits: 1 },
      }),
      measurement("Coolant.Level", "Coolant level", "%", () => 74, {
        low: 30,
        high: 100,
        decimals: 0,
      }),
      {
        ...counter("Tool.Number", "Tool", "uint16", "", () => this.#now().tool),
        kind: "state",
        overview: 7,
        decimals: 0,
      },
      measurement("Tool.Life", "Tool life left", "%", () => this.#toolLife, {
        low: 10,
        high: 100,
        decimals: 0,
        resolution: { digits: 1 },
      }),
      measurement("Axis.X", "Axis position X", "mm", () => this.#position, {
        low: 0,
        high: 650,
        decimals: 3,
        resolution: { digits: 3 },
        everyMs: 200,
      }),
      // Starts below its end, so that 32 bits roll over after about an hour and a half of parts.
      counter("Parts.Count", "Parts", "uint32", "1", () => this.#parts, { overview: 8 }),
      counter("Parts.Rejects", "Rejected parts", "uint32", "1", () => this.#rejects),
      text("Program.Name", "Program", () => "O4711_FLANSCH.NC"),
      {
        ...counter(
          "Program.Line",
          "Program line",
          "uint32",
          "",
          () => 100 * this.#operation + Math.floor(10 * this.#operationS),
        ),
        kind: "state",
        everyMs: 500,
      },
      { ...counter("Job.Number", "Job", "uint32", "", () => this.#job), kind: "state" },
      counter("Job.Done", "Job: parts done", "uint16", "1", () => this.#jobDone),
      { ...counter("Job.Ordered", "Job: parts ordered", "uint16", "1", () => 24), kind: "state" },
      text("Job.Material", "Job: material", () => "EN AW-6082"),
      {
        ...counter("SerialNumber", "Serial number", "uint64", "", () => 18_014_398_509_481_985n),
        kind: "text",
        everyMs: 5_000,
      },
      text("Model", "Model", () => "HSK-A63 12k"),
      flag("Door.Closed", "Door closed", () => !this.#changing || this.#operation !== 0),
      flag("Clamped", "Tool clamped", () => !this.#changing),
      produced(200),
    ];
  }
}
