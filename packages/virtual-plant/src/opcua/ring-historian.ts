import type { DataValue, IVariableHistorian, ReadRawModifiedDetails } from "node-opcua";

/**
 * The history of one variable as a small controller keeps it: the last so many values, in the order they came. A clock
 * that was wrong for a while leaves its wrong times in it, as on a real device; they are found by the times they carry.
 */
export class RingHistorian implements IVariableHistorian {
  readonly #max: number;
  readonly #values: DataValue[] = [];
  #next = 0;

  constructor(max: number) {
    this.#max = max;
  }

  push(value: DataValue): Promise<void> {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#max;
    return Promise.resolve();
  }

  /** Values from the start on and before the end (OPC 10000-11, 6.5.3.2); a missing bound is open. */
  extractDataValues(
    details: ReadRawModifiedDetails,
    maxNumberToExtract: number,
    isReversed: boolean,
    reverseDataValue: boolean,
    callback: (failure: Error | null, values?: DataValue[]) => void,
  ): void {
    const times = [timeOf(details.startTime), timeOf(details.endTime)].filter(
      (ms) => ms !== undefined,
    );
    // Of two bounds the earlier is the beginning, whichever way the client reads.
    const startMs = timeOf(details.startTime) === undefined ? -Infinity : Math.min(...times);
    const endMs = timeOf(details.endTime) === undefined ? Infinity : Math.max(...times);
    const inside = [...this.#values.slice(this.#next), ...this.#values.slice(0, this.#next)].filter(
      ({ sourceTimestamp }) => {
        const ms = sourceTimestamp?.getTime() ?? NaN;
        // A reversed reading begins at its later bound, so that one is inside.
        return isReversed ? ms > startMs && ms <= endMs : ms >= startMs && ms < endMs;
      },
    );
    inside.sort((a, b) => Number(a.sourceTimestamp) - Number(b.sourceTimestamp));
    if (isReversed) inside.reverse();
    const found = maxNumberToExtract > 0 ? inside.slice(0, maxNumberToExtract) : inside;
    callback(null, reverseDataValue ? found.reverse() : found);
  }
}

/** 1601 is OPC UA's "no time". */
function timeOf(date: Date | null): number | undefined {
  const ms = date?.getTime() ?? NaN;
  return Number.isNaN(ms) || ms <= Date.UTC(1601, 0, 2) ? undefined : ms;
}
