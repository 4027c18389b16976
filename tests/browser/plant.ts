/**
 * Values for the two pages: every value is a function of tag and time, so the past of any tag can be asked for and two
 * runs see the same. The end-to-end test has the real gateway; here the pages are what is tested.
 */
import type { DeviceStatus, GatewayPage, LiveTag, LiveValue } from "@millwright/wire-contract";
import { status } from "@millwright/wire-contract";

interface Profile {
  readonly name: string;
  readonly unit: string;
  readonly decimals: number;
  readonly middle: number;
  readonly spread: number;
  readonly ranged: boolean;
  readonly type?: LiveTag["type"];
  readonly kind?: LiveTag["kind"];
  readonly texts?: Readonly<Record<string, string>>;
}

const profiles: readonly Profile[] = [
  { name: "Bearing DE temperature", unit: "Cel", decimals: 1, middle: 61, spread: 6, ranged: true },
  { name: "Vibration RMS", unit: "mm/s", decimals: 2, middle: 2.1, spread: 0.4, ranged: true },
  { name: "Discharge pressure", unit: "bar", decimals: 2, middle: 6.2, spread: 0.5, ranged: true },
  { name: "Coolant flow", unit: "L/min", decimals: 1, middle: 12.4, spread: 0.9, ranged: true },
  { name: "Motor current", unit: "A", decimals: 1, middle: 18.4, spread: 2.2, ranged: true },
  { name: "Speed", unit: "/min", decimals: 0, middle: 1_482, spread: 9, ranged: true },
  { name: "Winding temperature", unit: "Cel", decimals: 1, middle: 84, spread: 5, ranged: true },
  { name: "Power", unit: "kW", decimals: 2, middle: 9.3, spread: 0.8, ranged: true },
  { name: "Oil temperature", unit: "Cel", decimals: 1, middle: 47, spread: 3, ranged: true },
  { name: "Suction pressure", unit: "bar", decimals: 2, middle: 1.1, spread: 0.1, ranged: true },
  {
    name: "Operating state",
    unit: "",
    decimals: 0,
    middle: 2,
    spread: 0,
    ranged: false,
    type: "uint16",
    kind: "state",
    texts: { "0": "Stopped", "1": "Starting", "2": "Running", "3": "Stopping" },
  },
  {
    name: "Energy",
    unit: "kW.h",
    decimals: 0,
    middle: 184_220,
    spread: 0,
    ranged: false,
    kind: "counter",
  },
];

const machineNames = ["Pump 1", "Spindle 2", "Oven 3", "Press 4"];
const protocols = ["OPC UA", "Modbus TCP", "Modbus RTU", "MQTT / Sparkplug B"];

export interface PlantSize {
  readonly machines: number;
  readonly tagsPerMachine: number;
  /** Of the first machines, in place of their own. */
  readonly names?: readonly string[];
}

export interface Plant {
  readonly page: GatewayPage;
  readonly devices: readonly DeviceStatus[];
}

export function createPlant(size: PlantSize, startedUs: number): Plant {
  const machines = Array.from(
    { length: size.machines },
    (_, index) => size.names?.[index] ?? nameOf(index),
  );
  const tags = machines.flatMap((asset, machine) =>
    Array.from({ length: size.tagsPerMachine }, (_, index) => tagOf(asset, machine, index)),
  );
  const overview = machines.flatMap((asset) =>
    tags
      .filter((tag) => tag.asset === asset)
      .slice(0, 12)
      .map((tag) => tag.id),
  );
  const measured = tags.filter((tag) => tag.low !== null);
  return {
    page: {
      gateway: "gw-brno-4",
      name: "Brno press line",
      site: "Brno / Stamping / Line 2",
      software: "0.1.0",
      tags,
      overview,
      sparklines: measured
        .filter((_, index) => index % Math.max(1, Math.floor(measured.length / 6)) === 0)
        .slice(0, 6)
        .map((tag) => tag.id),
      commitEveryMs: 1_000,
    },
    devices: machines.map((asset, machine) => ({
      device: deviceOf(machine) as DeviceStatus["device"],
      name: `${asset} controller`,
      protocol: protocols[machine % protocols.length] ?? "",
      state: "live",
      sinceUs: startedUs - 7_200e6,
      confirmedUs: 0,
      note: "",
      badge: "",
    })),
  };
}

function nameOf(machine: number): string {
  return machineNames[machine] ?? `Machine ${machine + 1}`;
}

function deviceOf(machine: number): string {
  return `plc-${machine + 1}`;
}

function tagOf(asset: string, machine: number, index: number): LiveTag {
  const profile = profileOf(index);
  const round = Math.floor(index / profiles.length);
  const edge = profile.spread * 1.8;
  return {
    id: `${asset.toLowerCase().replaceAll(" ", "-")}/${index}`,
    name: round === 0 ? profile.name : `${profile.name} ${round + 1}`,
    device: deviceOf(machine),
    asset,
    unit: profile.unit,
    type: profile.type ?? "float64",
    kind: profile.kind ?? "measurement",
    decimals: profile.decimals,
    expectedMs: 1_000,
    low: profile.ranged ? round1(profile.middle - edge, profile.decimals) : null,
    high: profile.ranged ? round1(profile.middle + edge, profile.decimals) : null,
    texts: profile.texts ?? {},
  };
}

function profileOf(index: number): Profile {
  const profile = profiles[index % profiles.length];
  if (profile === undefined) throw new Error("no profile");
  return profile;
}

/** Slow waves with a little noise, always inside 1.6 spreads: a plant in health. @param ms wall time */
export function valueAt(tag: LiveTag, ms: number): number {
  const index = Number(tag.id.split("/")[1]);
  const profile = profileOf(index);
  if (profile.kind === "counter") return Math.floor(profile.middle + ((ms / 1_000) % 1e6) / 400);
  const phase = hash(tag.id.length * 131 + index * 17 + tag.asset.length * 7) * 6.28;
  const seconds = ms / 1_000;
  const wave =
    0.9 * Math.sin(seconds / 700 + phase) +
    0.35 * Math.sin(seconds / 47 + 2 * phase) +
    0.2 * (hash(Math.floor(seconds * 10) + index * 7_919) - 0.5);
  return profile.middle + profile.spread * wave;
}

/** 0 to 1, from whole numbers (the multiplier is that of a 32-bit multiplicative hash, Knuth 6.4). */
function hash(number: number): number {
  return (Math.imul(Math.floor(number) ^ 0x9e37_79b9, 2_654_435_761) >>> 0) / 2 ** 32;
}

function round1(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

export function liveValue(tag: LiveTag, value: number, us: number, changedUs: number): LiveValue {
  return { t: tag.id, v: value, s: status.good, m: us, r: us, c: us, u: changedUs };
}
