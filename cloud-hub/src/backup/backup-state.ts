/** What a person has to know about the backups of a hub, at any time. Decides, and does nothing. */

/** `none`: there was none yet. `fresh`: the newest is as young as the schedule wants. `late`: one was missed. */
export type BackupState = "none" | "fresh" | "late";

export interface BackupStatus {
  /** Below which mark gateways delete. */
  readonly releaseBelow: "stored" | "backup";
  readonly state: BackupState;
  /** Moment of the newest verified backup, µs; 0 when there was none. */
  readonly newestUs: number;
  /** 0 where there is no schedule. */
  readonly everyMs: number;
  /** Why the last attempt failed; "" when it did not. */
  readonly failure: string;
}

/** A backup takes its time, and a hub that was off for a night makes one when it starts. */
const lateAfter = 1.25;

/** Without a schedule nothing is late: who makes backups by himself knows when. */
export function backupStateOf(newestUs: number, everyMs: number, nowUs: number): BackupState {
  if (newestUs === 0) return everyMs === 0 ? "none" : "late";
  return everyMs > 0 && nowUs - newestUs > everyMs * lateAfter * 1_000 ? "late" : "fresh";
}

/**
 * When the next one is due, ms from now; 0 when it is now.
 *
 * @param failedAtUs when the last attempt failed, 0 when it did not
 */
export function nextBackupInMs(
  newestUs: number,
  everyMs: number,
  failedAtUs: number,
  nowUs: number,
): number {
  const retryMs = failedAtUs === 0 ? 0 : retryAfterMs(everyMs) - (nowUs - failedAtUs) / 1_000;
  // A newest one from the future was made by a clock that has been set back since.
  const sinceMs = newestUs > nowUs ? 0 : (nowUs - newestUs) / 1_000;
  const dueMs = newestUs === 0 ? 0 : everyMs - sinceMs;
  return Math.max(0, retryMs, dueMs);
}

/** A full disk or a share that is away is tried again long before the next one is due, and not all the time. */
function retryAfterMs(everyMs: number): number {
  return Math.min(everyMs, 15 * 60_000);
}
