/** Finding and killing single processes by the number that was recorded for them, never by the name of a program. */
import { existsSync, readFileSync } from "node:fs";

/** The one child of a process, as Linux lists it; undefined while there is none. */
export function childOf(pid: number): number | undefined {
  return firstNumber(`/proc/${pid}/task/${pid}/children`);
}

/** The process that a pid file names, if it runs and its command line holds `mark` (its own folder). */
export function recordedIn(pidFile: string, mark: string): number | undefined {
  const pid = firstNumber(pidFile);
  return pid !== undefined && textOf(`/proc/${pid}/cmdline`).includes(mark) ? pid : undefined;
}

export function isRunning(pid: number): boolean {
  // A process that has ended and was not yet waited for is still listed, as a zombie. So is one whose first thread has
  // ended before the others, which still hold its files.
  const status = textOf(`/proc/${pid}/status`);
  const ended = /^State:\s+Z/m.test(status) && /^Threads:\s+1$/m.test(status);
  return existsSync(`/proc/${pid}`) && !ended;
}

/** kill -9. A process that has ended meanwhile is no failure. */
export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (failure) {
    if (isRunning(pid)) throw failure;
  }
}

function firstNumber(file: string): number | undefined {
  const number = Number.parseInt(textOf(file), 10);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
