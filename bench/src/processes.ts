import { readFileSync } from "node:fs";

/** What the operating system knows of a process (Linux, `proc(5)`), so that nobody measures himself. */
export interface ProcessUse {
  /** Processor time of all its threads, s; the system counts in hundredths. */
  readonly cpuS: number;
  /** Resident, with shared pages divided among those who share them, MB. */
  readonly pssMb: number;
  /** Resident, shared pages counted in full, MB. */
  readonly rssMb: number;
}

/** The process and all that it started, as they are now. Sums them; one that ends meanwhile is left out. */
export function useOf(pid: number): ProcessUse {
  return familyOf(pid)
    .map(useOfOne)
    .reduce((a, b) => ({
      cpuS: a.cpuS + b.cpuS,
      pssMb: a.pssMb + b.pssMb,
      rssMb: a.rssMb + b.rssMb,
    }));
}

/**
 * Processor time of each part of a program, s: of the process and all that it started, named after the first of `names`
 * that its command line has in it. What a child has used that ended meanwhile is counted where it was waited for.
 */
export function cpuByPart(
  pid: number,
  names: Readonly<Record<string, string>>,
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const one of familyOf(pid)) {
    const command = readProc(`${one}/cmdline`);
    const part = Object.keys(names).find((name) => command.includes(names[name] ?? name)) ?? "rest";
    const [user = 0, system = 0, childUser = 0, childSystem = 0] = ticksOf(one);
    // A program's own children are counted here while they run, and must not be counted again when they end.
    const ended = part === "postgres" ? childUser + childSystem : 0;
    sums.set(part, (sums.get(part) ?? 0) + (user + system + ended) / 100);
  }
  return sums;
}

export function familyOf(pid: number): readonly number[] {
  const children = readProc(`${pid}/task/${pid}/children`).trim();
  if (children === "") return [pid];
  return [pid, ...children.split(" ").flatMap((child) => familyOf(Number(child)))];
}

/** Written to the medium by this process and by all its children that have ended, bytes. */
export function bytesWrittenByEnded(): number {
  return Number(/^write_bytes: (\d+)$/m.exec(readProc("self/io"))?.[1] ?? Number.NaN);
}

function useOfOne(pid: number): ProcessUse {
  const memory = readProc(`${pid}/smaps_rollup`);
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(memory)?.[1] ?? 0);
  const [user = 0, system = 0] = ticksOf(pid);
  return {
    cpuS: (user + system) / 100,
    pssMb: (kilobytes("Pss") * 1_024) / 1e6,
    rssMb: (kilobytes("Rss") * 1_024) / 1e6,
  };
}

/** Hundredths of a second: user, system, and those of children that ended and were waited for. */
function ticksOf(pid: number): readonly number[] {
  // The name in the second field may hold blanks; what follows its bracket may not. Fields 14 to 17.
  const stat = readProc(`${pid}/stat`);
  return stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 15)
    .map(Number);
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return "";
  }
}
