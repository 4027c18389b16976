import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

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

/** How the process was started; "" when it has ended or may not be looked at. */
export function commandLineOf(pid: number): string {
  try {
    if (existsSync("/proc/self/cmdline")) {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    }
    return execFileSync("ps", ["-p", String(pid), "-o", "command="], { encoding: "utf8" });
  } catch {
    return "";
  }
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
