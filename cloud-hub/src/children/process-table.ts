import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";

/** True while the process runs. One that has ended and that nobody has asked about yet (a zombie) does not run. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (failure) {
    // EPERM: it is there and belongs to somebody else.
    return failure instanceof Error && "code" in failure && failure.code === "EPERM";
  }
  try {
    // proc(5), stat: the state follows the name, which is in brackets and may itself hold brackets.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return true;
  }
}

/** How the process was started, its program first; empty when it has ended or may not be looked at. */
export function argumentsOf(pid: number): readonly string[] {
  try {
    if (hasTable()) {
      // Each ends with a zero. A process that has written another title has one text, with spaces or zeros behind it.
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replace(/\0+$/, "");
      return line === "" ? [] : line.split("\0");
    }
    return execFileSync("ps", ["-p", String(pid), "-o", "command="], { encoding: "utf8" })
      .trim()
      .split(" ");
  } catch {
    return [];
  }
}

/** Whether it is the process's working folder, however its path was written; undefined where that is not told. */
export function worksIn(pid: number, folder: string): boolean | undefined {
  const wanted = statSync(folder, { throwIfNoEntry: false });
  if (!hasTable() || wanted === undefined) return undefined;
  try {
    const { dev, ino } = statSync(`/proc/${pid}/cwd`);
    return dev === wanted.dev && ino === wanted.ino;
  } catch {
    return undefined;
  }
}

/** Processes whose working folder it is, of those that may be looked at; undefined where nobody tells. */
export function workersIn(folder: string): readonly number[] | undefined {
  if (!hasTable()) return undefined;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isRunning(pid) && worksIn(pid, folder) === true);
}

/** Only Linux has it (proc(5)). */
function hasTable(): boolean {
  return existsSync("/proc/self/cmdline");
}

/** Sends the signal; a process that has ended meanwhile is what was wanted. */
export function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (failure) {
    if (!(failure instanceof Error && "code" in failure && failure.code === "ESRCH")) throw failure;
  }
}

/** User and group number of a system user, undefined when there is none of that name. */
export function systemUser(name: string): { uid: number; gid: number } | undefined {
  try {
    const ask = (flag: string): number =>
      Number(
        execFileSync("id", [flag, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
      );
    return { uid: ask("-u"), gid: ask("-g") };
  } catch {
    return undefined;
  }
}
