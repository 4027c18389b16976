/** Watches each bundle while it runs, and says when it is to be stopped. Pure: it is told what happened. */

/** Three in a row: one may be the machine's (an interrupt, a page that had to be read), three are the model's. */
const strikesMax = 3;
/** Declared latency is for the reference gateway; ten times as much is another model than the one that was declared. */
const latencyFactor = 10;
/** Below this a run is calls and copies, and says nothing of the model (µs of CPU time a window). */
const latencyFloorUs = 2_000;
/** A bundle that takes the host with it so often within so long is not tried again. */
const crashesMax = 3;
const crashesWithinMs = 10 * 60_000;

interface Record {
  slow: number;
  notANumber: number;
  readonly crashesMs: number[];
}

export class BundleGuard {
  readonly #records = new Map<number, Record>();

  /**
   * @param cpuUs CPU time of one window
   * @param latencyMs as declared
   * @returns why the bundle is to be stopped, or undefined
   */
  ran(slot: number, cpuUs: number, latencyMs: number, score: number): string | undefined {
    const slow = cpuUs > latencyFloorUs && cpuUs > latencyFactor * latencyMs * 1_000;
    const bad = !Number.isFinite(score);
    if (!slow && !bad && this.#records.size === 0) return undefined;
    const known = this.#records.get(slot);
    if (!slow && !bad) {
      // Almost always: nothing is written, and nothing is kept of a bundle that never did anything.
      if (known !== undefined) known.slow = known.notANumber = 0;
      return undefined;
    }
    const record = known ?? this.#record(slot);
    record.slow = slow ? record.slow + 1 : 0;
    record.notANumber = bad ? record.notANumber + 1 : 0;
    if (record.slow >= strikesMax) {
      return `one window took ${milliseconds(cpuUs / 1_000)} of CPU time, ${strikesMax} times in a row; ${milliseconds(latencyMs)} are declared. Train a smaller model, or declare what it needs`;
    }
    if (record.notANumber >= strikesMax) {
      return `its score was no number ${strikesMax} times in a row, for inputs within their trained range. Look for a division by zero or a root of a negative number in the model`;
    }
    return undefined;
  }

  /** It ran, or was opened, when the host ended. */
  crashed(slot: number, nowMs: number): string | undefined {
    const record = this.#records.get(slot) ?? this.#record(slot);
    record.crashesMs.push(nowMs);
    while (nowMs - (record.crashesMs[0] ?? nowMs) > crashesWithinMs) record.crashesMs.shift();
    if (record.crashesMs.length < crashesMax) return undefined;
    return `it ran ${crashesMax} times when the detect host ended, by itself each time; it is not tried again until the bundle is exchanged`;
  }

  forget(slot: number): void {
    this.#records.delete(slot);
  }

  #record(slot: number): Record {
    const made: Record = { slow: 0, notANumber: 0, crashesMs: [] };
    this.#records.set(slot, made);
    return made;
  }
}

function milliseconds(ms: number): string {
  return `${Number(ms.toPrecision(3))} ms`;
}
