/** What a gateway can say of itself, and how each is had without starting a program. */
import { readFile, readdir, statfs } from "node:fs/promises";
import { cpus, freemem, totalmem, uptime } from "node:os";
import { join } from "node:path";
import process from "node:process";

import type { TagKind, ValueType } from "@millwright/wire-contract";

export interface Measure {
  readonly name: string;
  readonly type: ValueType;
  /** UCUM */
  readonly unit: string;
  readonly kind: TagKind;
  readonly decimals: number;
  /** Above this a person should look; NaN where no number fits all machines. */
  readonly high: number;
}

function measure(name: string, unit: string, decimals: number, high = NaN): Measure {
  return { name, unit, decimals, high, type: "float64", kind: "measurement" };
}

/** By address. */
export const measures = {
  // Field practice 74: small boxes. Above these a gateway still works and has no room left for a bad day.
  "cpu.load": measure("CPU load", "%", 0, 80),
  "memory.used": measure("Memory used", "%", 0, 90),
  "memory.available": measure("Memory available", "By", 0),
  "disk.used": measure("Disk used", "%", 0, 90),
  "disk.free": measure("Disk free", "By", 0),
  // Field practice 73: what wears flash.
  "disk.written_per_day": measure("Written to disk a day", "By/d", 0),
  "process.rss": measure("Memory of the runtime", "By", 0),
  "process.cpu": measure("CPU of the runtime", "%", 1),
  // Most industrial processors slow down between 85 and 100 °C.
  "temperature.cpu": measure("CPU temperature", "Cel", 0, 80),
  uptime: { ...measure("Running since", "s", 0), kind: "counter" },
} as const satisfies Readonly<Record<string, Measure>>;

export type MeasureAddress = keyof typeof measures;

export const measureAddresses: readonly MeasureAddress[] = Object.keys(measures).filter(isMeasure);

export function isMeasure(address: string): address is MeasureAddress {
  return Object.hasOwn(measures, address);
}

/** What one round found; what is absent this machine cannot say. */
export type HealthValues = ReadonlyMap<MeasureAddress, number>;

interface Mark {
  readonly atMs: number;
  readonly writtenBytes: number;
}

/** A day's writing is told from the last one to two hours: shorter spans follow every burst, longer ones hide a change. */
const markEveryMs = 3_600_000;
/** The first figure after a start rests on at least so much. */
const writtenAfterMs = 60_000;

/** Reads all measures. Holds what rates need from round to round. */
export class HealthProbe {
  readonly #folder: string;
  /** The first round says it since the machine was started. */
  #cores: CoreTimes = { busyMs: 0, allMs: 0 };
  #cpu = process.cpuUsage();
  #cpuAtMs: number;
  #older: Mark | undefined;
  #newer: Mark | undefined;

  /** @param folder on the disk that matters: where the gateway keeps its data */
  constructor(folder: string, nowMs: number) {
    this.#folder = folder;
    this.#cpuAtMs = nowMs;
  }

  async read(nowMs: number): Promise<HealthValues> {
    const [disk, writtenBytes, celsius] = await Promise.all([
      statfs(this.#folder).catch(() => undefined),
      readWrittenBytes(),
      readCelsius(),
    ]);
    const values = new Map<MeasureAddress, number>();
    const load = this.#loadPercent();
    if (load !== undefined) values.set("cpu.load", load);
    // On Linux what is available without swapping (MemAvailable), and not what nobody has touched.
    const [available, total] = [freemem(), totalmem()];
    if (total > 0) {
      values.set("memory.used", (100 * (total - available)) / total);
      values.set("memory.available", available);
    }
    if (disk !== undefined && disk.blocks > 0) {
      // As df counts: blocks that only root may use are neither used nor free for us.
      const used = disk.blocks - disk.bfree;
      values.set("disk.used", (100 * used) / (used + disk.bavail));
      values.set("disk.free", disk.bavail * disk.bsize);
    }
    const perDay = this.#writtenPerDay(nowMs, writtenBytes);
    if (perDay !== undefined) values.set("disk.written_per_day", perDay);
    values.set("process.rss", process.memoryUsage.rss());
    values.set("process.cpu", this.#cpuPercent(nowMs));
    if (celsius !== undefined) values.set("temperature.cpu", celsius);
    values.set("uptime", Math.floor(uptime()));
    return new Map([...values].map(([address, value]) => [address, rounded(address, value)]));
  }

  /** Of all cores, since the last round. */
  #loadPercent(): number | undefined {
    const before = this.#cores;
    const now = coreTimes();
    this.#cores = now;
    const allMs = now.allMs - before.allMs;
    return allMs > 0 ? (100 * (now.busyMs - before.busyMs)) / allMs : undefined;
  }

  /** Of one core, since the last round. */
  #cpuPercent(nowMs: number): number {
    const used = process.cpuUsage(this.#cpu);
    const spanMs = nowMs - this.#cpuAtMs;
    this.#cpu = process.cpuUsage();
    this.#cpuAtMs = nowMs;
    return spanMs > 0 ? (used.user + used.system) / 10 / spanMs : 0;
  }

  #writtenPerDay(nowMs: number, writtenBytes: number | undefined): number | undefined {
    if (writtenBytes === undefined) return undefined;
    const mark = { atMs: nowMs, writtenBytes };
    this.#newer ??= mark;
    this.#older ??= mark;
    const from = this.#older;
    if (nowMs - this.#newer.atMs >= markEveryMs) {
      this.#older = this.#newer;
      this.#newer = mark;
    }
    const spanMs = nowMs - from.atMs;
    if (spanMs < writtenAfterMs) return undefined;
    return ((writtenBytes - from.writtenBytes) / spanMs) * 86_400_000;
  }
}

interface CoreTimes {
  readonly busyMs: number;
  readonly allMs: number;
}

/** Of all cores since the machine was started; the time in which they waited for a disk is in neither. */
function coreTimes(): CoreTimes {
  let [busyMs, allMs] = [0, 0];
  for (const { times } of cpus()) {
    const { user, nice, sys, irq, idle } = times;
    busyMs += user + nice + sys + irq;
    allMs += user + nice + sys + irq + idle;
  }
  return { busyMs, allMs };
}

/** What this process caused to be written to the medium (proc(5), /proc/pid/io, write_bytes). */
async function readWrittenBytes(): Promise<number | undefined> {
  const text = await readFile("/proc/self/io", "utf8").catch(() => "");
  const match = /^write_bytes: (\d+)$/m.exec(text);
  return match === null ? undefined : Number(match[1]);
}

/** The hottest thermal zone, °C (Linux, Documentation/driver-api/thermal/sysfs-api, temp in m°C). */
async function readCelsius(folder = "/sys/class/thermal"): Promise<number | undefined> {
  const zones = (await readdir(folder).catch(() => [])).filter((name) =>
    /^thermal_zone\d+$/.test(name),
  );
  const readings = await Promise.all(
    zones.map(async (zone) => {
      const text = await readFile(join(folder, zone, "temp"), "utf8").catch(() => "");
      return /^-?\d+\s*$/.test(text) ? Number(text) / 1_000 : NaN;
    }),
  );
  // Zones without a sensor behind them answer with absurd numbers on some boards.
  const plausible = readings.filter((celsius) => celsius > -55 && celsius < 150);
  return plausible.length === 0 ? undefined : Math.max(...plausible);
}

/**
 * To tenths, and what a day writes to whole MB: the other digits of a quotient were measured by nobody, and cost eight
 * bytes each on the way to the hub.
 */
function rounded(address: MeasureAddress, value: number): number {
  if (address === "disk.written_per_day") return Math.round(value / 1e6) * 1e6;
  return Math.round(value * 10) / 10;
}
