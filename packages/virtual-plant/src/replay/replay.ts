import { createWriteStream, type WriteStream } from "node:fs";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ReplayOptions } from "../options.ts";
import type { PlantValue } from "../machine.ts";
import type { ProcessImage } from "../process-image.ts";
import { ReplayMachine } from "./replay-machine.ts";
import { listRecordings, loadRecording, type Recording } from "./recordings.ts";

/** A recording that is being played. */
export interface Replay {
  readonly machine: ReplayMachine;
  /** Labels by file and row. */
  readonly labelsFile: string;
  /** When each row was played, µs since 1970 UTC on the device's clock. */
  readonly playedFile: string;
  /** Plays the rows that are due and samples all points for each; returns what the last one touched. */
  scan(image: ProcessImage, deviceUs: number, nowMs: number): readonly number[];
  stop(): Promise<void>;
}

// Gaps of a recording are played, but nobody waits for more than ten seconds; times that run backwards count as 0.
const pauseMsMax = 10_000;
// Between two files, and where a time cannot be read.
const plainPauseMs = 1_000;
// At high speed several rows fall into one tick; a stall must not pour out thousands at once.
const rowsPerTickMax = 50;

/** Reads the recordings of a folder and writes their labels aside; playing begins with the first scan. */
export async function startReplay(options: ReplayOptions, folder: string): Promise<Replay> {
  await mkdir(folder, { recursive: true });
  const files = await listRecordings(options.folder);
  const labelsFile = join(folder, "labels.csv");
  const playedFile = join(folder, "played.csv");
  const labels = createWriteStream(labelsFile);
  labels.write("file,row,label,value\n");
  const columns = new Set<string>();
  const recordings: Recording[] = [];
  for (const file of files) {
    const recording = await loadRecording(options.folder, file);
    for (const column of recording.columns) columns.add(column);
    writeLabels(labels, recording);
    recordings.push(recording);
  }
  labels.end();
  await once(labels, "close");
  const played = createWriteStream(playedFile);
  played.write("measured_us,file,row\n");
  return new PlayingRecordings(
    new ReplayMachine([...columns]),
    recordings,
    options.speed,
    played,
    labelsFile,
    playedFile,
  );
}

class PlayingRecordings implements Replay {
  readonly machine: ReplayMachine;
  readonly labelsFile: string;
  readonly playedFile: string;
  readonly #recordings: readonly Recording[];
  readonly #speed: number;
  readonly #played: WriteStream;
  #at = 0;
  #row = 0;
  #dueMs: number | undefined;

  constructor(
    machine: ReplayMachine,
    recordings: readonly Recording[],
    speed: number,
    played: WriteStream,
    labelsFile: string,
    playedFile: string,
  ) {
    this.machine = machine;
    this.#recordings = recordings.filter(({ rows }) => rows.length > 0);
    this.#speed = speed;
    this.#played = played;
    // A full disk costs this log and nothing else.
    this.#played.on("error", () => undefined);
    this.labelsFile = labelsFile;
    this.playedFile = playedFile;
  }

  scan(image: ProcessImage, deviceUs: number, nowMs: number): readonly number[] {
    this.#dueMs ??= nowMs;
    const all = image.points.map((_point, index) => index);
    let touched: readonly number[] = [];
    for (let rows = 0; rows < rowsPerTickMax && this.#dueMs <= nowMs; rows++) {
      const recording = this.#recordings[this.#at];
      if (recording === undefined) break;
      this.machine.show(recording, this.#row);
      // Rows of one tick must not have equal times: a reader keeps one sample per time. 1 ms is what OPC UA clients see.
      const measuredUs = deviceUs + rows * 1_000;
      image.sample(all, measuredUs, withoutNaN);
      this.#played.write(`${measuredUs},${recording.file},${this.#row}\n`);
      touched = all;
      this.#dueMs += this.#pauseMs(recording) / this.#speed;
      this.#advance(recording);
    }
    // After a stall it goes on from here instead of rushing.
    if (this.#dueMs < nowMs - pauseMsMax) this.#dueMs = nowMs;
    return touched;
  }

  async stop(): Promise<void> {
    this.#played.end();
    if (!this.#played.closed) await once(this.#played, "close");
  }

  #pauseMs(recording: Recording): number {
    const pause = (recording.timesMs[this.#row + 1] ?? NaN) - (recording.timesMs[this.#row] ?? NaN);
    if (Number.isNaN(pause)) return plainPauseMs;
    return Math.max(0, Math.min(pauseMsMax, pause));
  }

  #advance(recording: Recording): void {
    this.#row++;
    if (this.#row < recording.rows.length) return;
    this.#row = 0;
    this.#at = (this.#at + 1) % this.#recordings.length;
  }
}

/** A cell without a number is a sensor without a value. */
function withoutNaN(_point: number, truth: PlantValue): PlantValue | undefined {
  return typeof truth === "number" && Number.isNaN(truth) ? undefined : truth;
}

function writeLabels(stream: WriteStream, { file, labelColumns, labels }: Recording): void {
  labels.forEach((cells, row) => {
    cells.forEach((cell, at) => stream.write(`${file},${row},${labelColumns[at] ?? ""},${cell}\n`));
  });
}
