import type { Machine, PointSpec } from "../machine.ts";
import { tickMs } from "../machine.ts";
import { measurement, produced, text } from "../machines/point.ts";
import type { Recording } from "./recordings.ts";

/** `Volume Flow RateRMS` becomes `VolumeFlowRateRMS`: letters and digits only, unique among `taken`. */
export function columnPath(name: string, taken: ReadonlySet<string>): string {
  const plain = name.replace(/[^\p{L}\p{N}]/gu, "") || "Column";
  for (let count = 1; ; count++) {
    const path = count === 1 ? plain : `${plain}${count}`;
    if (!taken.has(path)) return path;
  }
}

/**
 * A machine that says again what was recorded: each value is the number that the text in the file stands for, as a
 * 64-bit float (or the nearest one of 32 bits, where asked for), and nothing else. File and row are points of it, so that a reader can find each value in the file.
 */
export class ReplayMachine implements Machine {
  readonly id = "replay-1";
  readonly kind = "replay";
  readonly points: readonly PointSpec[];
  /** The point of each column name. */
  readonly #pathOf: ReadonlyMap<string, string>;
  readonly #values = new Map<string, number>();
  #file = "";
  #row = 0;
  #time = "";

  /** @param columns all value columns of all recordings, in the order of their first appearance */
  constructor(columns: readonly string[], type: "float32" | "float64" = "float64") {
    const taken = new Set(["File", "Row", "RecordedTime", "Produced"]);
    const paths = new Map<string, string>();
    for (const name of columns) {
      const path = columnPath(name, taken);
      taken.add(path);
      paths.set(name, path);
    }
    this.#pathOf = paths;
    this.points = [
      ...[...paths].map(([name, path], at) => ({
        ...measurement(path, name, "", () => this.#values.get(name) ?? NaN, {
          ...{ everyMs: tickMs, decimals: 3, overview: at + 1 },
        }),
        type,
      })),
      text("File", "File that is played", () => this.#file, { everyMs: tickMs }),
      {
        ...measurement("Row", "Row of the file, from 0", "1", () => this.#row, {
          decimals: 0,
          everyMs: tickMs,
        }),
        type: "uint32",
        kind: "state",
      },
      text("RecordedTime", "Time in the recording", () => this.#time, { everyMs: tickMs }),
      produced(tickMs),
    ];
  }

  /** Time does nothing to a recording; its rows come by `show`. */
  step(): void {
    return;
  }

  /** No row: no value has a number, and no file is named. */
  showNothing(): void {
    this.#values.clear();
    this.#file = "";
    this.#row = 0;
    this.#time = "";
  }

  /** Takes over one row. A cell that is empty or no number has no value. */
  show(recording: Recording, row: number): void {
    this.#values.clear();
    recording.columns.forEach((name, at) => {
      const cell = recording.rows[row]?.[at] ?? "";
      const value = cell === "" ? NaN : Number(cell);
      if (!Number.isNaN(value)) this.#values.set(name, value);
    });
    this.#file = recording.file;
    this.#row = row;
    this.#time = recording.times[row] ?? "";
  }

  pathOf(column: string): string | undefined {
    return this.#pathOf.get(column);
  }
}
