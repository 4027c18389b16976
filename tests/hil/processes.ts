/** Finding and killing single processes by the number that was recorded for them, never by the name of a program. */
import { existsSync, readFileSync, readdirSync } from "node:fs";

/** The one child of a process, as Linux lists it; undefined while there is none. */
export function childOf(pid: number): number | undefined {
  return firstNumber(`/proc/${pid}/task/${pid}/children`);
}

/**
 * Stops a process and all that it has begun, so that none of them moves any more: a parent first, which then begins
 * nothing new. One that has ended meanwhile is no failure.
 *
 * @returns all of them
 */
export function freeze(pid: number): readonly number[] {
  try {
    process.kill(pid, "SIGSTOP");
  } catch {
    return [];
  }
  return [pid, ...childrenOf(pid).flatMap(freeze)];
}

function childrenOf(pid: number): readonly number[] {
  let threads: readonly string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
  const lists = threads.map((thread) => textOf(`/proc/${pid}/task/${thread}/children`));
  return lists.flatMap((list) => list.split(" ").flatMap((one) => Number(one) || []));
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

/** Whether a process has the number, also one that has ended and that nobody has waited for. After a power cut none has. */
export function isListed(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
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
