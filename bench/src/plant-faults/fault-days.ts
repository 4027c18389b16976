/** Days of the plant with something going wrong now and then: from a seed, as data. */
import { seededRandom, type Random } from "@millwright/kit";
import type { PlantFault } from "@millwright/virtual-plant";

/** Something that goes wrong, and until when it has to do with what is seen. */
export interface PlannedFault {
  readonly kind: PlantFault["kind"];
  readonly machine: string;
  /** Absent: of the whole machine. */
  readonly point?: string;
  /** Of the point, as the gateway names it. */
  readonly tag?: string;
  readonly fromS: number;
  readonly toS: number;
}

export interface FaultDays {
  readonly faults: readonly PlannedFault[];
  /** What the plant plays. */
  readonly schedule: readonly PlantFault[];
  /** Bearings are changed: the asset is told so. */
  readonly repairs: readonly { readonly machine: string; readonly atS: number }[];
}

const hourS = 3_600;
/** The first hours belong to learning. */
const quietFirstS = 8 * hourS;
const kinds = [
  "bearing-wear",
  "stuck",
  "drift",
  "sensor-failed",
  "link-cut",
  "power-cycle",
] as const;
/** One after the other, with hours in between in which nothing may be seen. */
const gapS: readonly [least: number, more: number] = [3 * hourS, 4 * hourS];

/** @param moving by machine: points that can go wrong so that anybody could see it */
export function planFaultDays(
  seed: number,
  days: number,
  moving: ReadonlyMap<string, MovingMachine>,
): FaultDays {
  const random = seededRandom(`fault days ${seed}`);
  const faults: PlannedFault[] = [];
  const schedule: PlantFault[] = [];
  const repairs: { machine: string; atS: number }[] = [];
  let atS = quietFirstS + random.int(hourS);
  for (let turn = 0; atS < days * 86_400 - 9 * hourS; turn++) {
    const kind = kinds[turn % kinds.length] ?? "stuck";
    const able = [...moving.values()].filter(({ wears }) => kind !== "bearing-wear" || wears);
    const machine = pick(able, random);
    const { points } = machine;
    const forS = durationOf(kind, random);
    const timed = { atS, forS, machine: machine.id };
    const toS = atS + forS;
    const about = { kind, machine: machine.id, fromS: atS, toS };
    switch (kind) {
      case "bearing-wear": {
        const worn = 0.5 + 0.4 * random.next();
        schedule.push({ ...timed, kind, from: 0.02, to: worn });
        // The bearing is changed an hour later.
        const repairS = toS + hourS;
        schedule.push({ atS: repairS, forS: 0, machine: machine.id, kind, from: 0.02, to: 0.02 });
        repairs.push({ machine: machine.id, atS: repairS + 1 });
        faults.push({ ...about, toS: repairS });
        atS = repairS;
        break;
      }
      case "stuck": {
        const { path, tag } = pick(points, random);
        schedule.push({ ...timed, kind, point: path });
        faults.push({ ...about, point: path, tag });
        break;
      }
      case "drift": {
        const { path, tag, range } = pick(points, random);
        const away = (0.3 + 0.7 * random.next()) * range * (random.next() < 0.5 ? -1 : 1);
        schedule.push({ ...timed, kind, point: path, perHour: (away * hourS) / forS });
        faults.push({ ...about, point: path, tag });
        break;
      }
      case "sensor-failed": {
        const { path, tag } = pick(points, random);
        schedule.push({ ...timed, kind, point: path });
        faults.push({ ...about, point: path, tag });
        break;
      }
      case "link-cut":
        schedule.push({ ...timed, kind, mode: "half-open" });
        faults.push(about);
        break;
      case "power-cycle":
        schedule.push({ ...timed, kind });
        faults.push(about);
        break;
    }
    atS += forS + gapS[0] + random.int(gapS[1]);
  }
  return { faults, schedule, repairs };
}

export interface MovingMachine {
  readonly id: string;
  /** Has a bearing that can wear. */
  readonly wears: boolean;
  readonly points: readonly MovingPoint[];
}

export interface MovingPoint {
  readonly path: string;
  readonly tag: string;
  /** High less low of what it is stated for. */
  readonly range: number;
}

function durationOf(kind: (typeof kinds)[number], random: Random): number {
  switch (kind) {
    case "bearing-wear":
      return hourS + random.int(5 * hourS);
    case "stuck":
    case "drift":
      return hourS + random.int(3 * hourS);
    case "sensor-failed":
      return 60 + random.int(hourS);
    case "link-cut":
    case "power-cycle":
      return 20 + random.int(600);
  }
}

function pick<T>(from: readonly T[], random: Random): T {
  const one = from[random.int(from.length)];
  if (one === undefined) throw new Error("there is nothing to choose from");
  return one;
}
