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
  // The name in the second field may hold blanks; what follows its bracket may not. Fields 14 and 15 are user, system.
  const stat = readProc(`${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  return {
    cpuS: ticks / 100,
    pssMb: (kilobytes("Pss") * 1_024) / 1e6,
    rssMb: (kilobytes("Rss") * 1_024) / 1e6,
  };
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return "";
  }
}
