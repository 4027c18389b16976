/**
 * What a database that was killed, or whose machine lost power, may leave behind: processes that still work in its folder,
 * and a record that names a process which by now is somebody else's. PostgreSQL refuses to start beside either, because it
 * cannot know; who works in the folder tells. After a start of a container the same low numbers are given again, so that
 * the record of the database may well name the broker.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import type { Clock, Log } from "@millwright/kit";

import { argumentsOf, isRunning, signalTo, worksIn, workersIn } from "./process-table.ts";

/** A process that works in the folder of the cluster. */
export interface Worker {
  readonly pid: number;
  /** The first word of its command line, which the children of the server set: "postgres: checkpointer". */
  readonly title: string;
}

export interface Remains {
  /** Children of a server that is gone. Nobody waits for what they do, and while they run no other server may start. */
  readonly orphans: readonly number[];
  /** The record names no server of this cluster, and would keep PostgreSQL from starting. */
  readonly record: boolean;
}

/** Processes end at once when told so by SIGQUIT; one that waits for the disk does not. */
const endMsMax = 5_000;

/**
 * What is in the way of a start. Nothing, while a server works there: it keeps the folder.
 *
 * @param record text of `postmaster.pid`; undefined when there is none
 * @param workers all that work in the folder
 * @param runs whether a process has this number
 */
export function remainsOf(
  record: string | undefined,
  workers: readonly Worker[],
  runs: (pid: number) => boolean,
): Remains {
  const servers = workers.filter(({ title }) => /(^|\/)postgres$/.test(title));
  if (servers.length > 0) return { orphans: [], record: false };
  const orphans = workers.filter(({ title }) => title.startsWith("postgres: "));
  // A server without clients writes its number with a minus. PostgreSQL itself removes a record of nobody.
  const pid = Math.abs(Number.parseInt(record ?? "", 10));
  const isTorn = record !== undefined && !(pid > 0);
  return {
    orphans: orphans.map(({ pid: orphan }) => orphan),
    record: isTorn || (record !== undefined && runs(pid)),
  };
}

/** True when the process is a server of this cluster, by whatever name its folder was given to it. */
export function isServerOf(cluster: string, pid: number): boolean {
  const [title = "", ...rest] = argumentsOf(pid);
  return /(^|\/)postgres$/.test(title) && (worksIn(pid, cluster) ?? rest.includes(cluster));
}

/** Before a start, when the server on record, if it runs, was found or ended. Where nobody tells who works where it does nothing. */
export async function clearRemains(
  cluster: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<void> {
  const workers = workersIn(cluster);
  if (workers === undefined) return;
  const file = join(cluster, "postmaster.pid");
  const record = existsSync(file) ? readFileSync(file, "latin1") : undefined;
  const titled = workers.map((pid) => ({ pid, title: argumentsOf(pid)[0] ?? "" }));
  const remains = remainsOf(record, titled, isRunning);
  if (remains.orphans.length > 0) {
    log.warn("children.orphans-ended", { pids: remains.orphans });
    await endAll(remains.orphans, "SIGQUIT", clock);
    await endAll(remains.orphans, "SIGKILL", clock);
  }
  if (remains.record) {
    log.warn("children.stale-record-removed", { file, named: record?.split("\n")[0] ?? "" });
    rmSync(file);
  }
}

async function endAll(
  pids: readonly number[],
  signal: "SIGQUIT" | "SIGKILL",
  clock: Clock,
): Promise<void> {
  for (const pid of pids) if (isRunning(pid)) signalTo(pid, signal);
  const endMs = clock.monotonicMs() + endMsMax;
  while (pids.some(isRunning) && clock.monotonicMs() < endMs) {
    await clock.sleep(20, new AbortController().signal);
  }
}
