import { createWriteStream, type WriteStream } from "node:fs";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ReplayOptions } from "../options.ts";
import type { PlantValue } from "../machine.ts";
import type { ProcessImage } from "../process-image.ts";
import { ReplayMachine } from "./replay-machine.ts";
import { listRecordings, loadRecording, RecordingRefused, type Recording } from "./recordings.ts";

/** How far a replay is. */
export interface ReplayProgress {
  /** Rows of all files, as far as they are to be played. */
  readonly rows: number;
  /** Rows played since the beginning, more than `rows` when it began again. */
  readonly played: number;
  /** Everything was played, and nothing further will be. */
  readonly ended: boolean;
}

/** A recording that is being played. */
export interface Replay {
  readonly machine: ReplayMachine;
  readonly progress: ReplayProgress;
  /** True when a client that is given this point has thereby read a row to its end, and the next one may come. */
  endsRow(point: number): boolean;
  /** Begins to play, where the options said to wait. */
  play(): void;
  /** Labels by file and row. */
  readonly labelsFile: string;
  /** When each row was played, µs since 1970 UTC on the device's clock. */
  readonly playedFile: string;
  /** Plays the rows that are due and samples all points for each; returns what the last one touched. */
  scan(image: ProcessImage, deviceUs: number, nowMs: number): readonly number[];
  /** Plays the next row because the last one was read; returns what it touched. */
  next(image: ProcessImage, deviceUs: number): readonly number[];
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
  if (options.pace === "read" && options.over !== "modbus") {
    throw new RecordingRefused("the pace of reading is there over Modbus only");
  }
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
    new ReplayMachine([...columns], options.type),
    recordings,
    options,
    played,
    {
      labelsFile,
      playedFile,
    },
  );
}

class PlayingRecordings implements Replay {
  readonly machine: ReplayMachine;
  readonly labelsFile: string;
  readonly playedFile: string;
  readonly #recordings: readonly Recording[];
  readonly #options: ReplayOptions;
  readonly #played: WriteStream;
  readonly #rows: number;
  readonly #lastPoint: number;
  #playing: boolean;
  #begun = false;
  #ended = false;
  #playedRows = 0;
  #at = 0;
  #row = 0;
  #dueMs: number | undefined;

  constructor(
    machine: ReplayMachine,
    recordings: readonly Recording[],
    options: ReplayOptions,
    played: WriteStream,
    files: { readonly labelsFile: string; readonly playedFile: string },
  ) {
    this.machine = machine;
    this.#recordings = recordings.filter(({ rows }) => rows.length > 0);
    this.#options = options;
    this.#played = played;
    // A full disk costs this log and nothing else.
    this.#played.on("error", () => undefined);
    this.labelsFile = files.labelsFile;
    this.playedFile = files.playedFile;
    this.#rows = this.#recordings.reduce((sum, recording) => sum + this.#rowsOf(recording), 0);
    // Points lie in the registers in their order.
    this.#lastPoint = machine.points.length - 1;
    this.#playing = options.wait !== true;
  }

  get progress(): ReplayProgress {
    return { rows: this.#rows, played: this.#playedRows, ended: this.#ended };
  }

  endsRow(point: number): boolean {
    return this.#options.pace === "read" && this.#begun && point === this.#lastPoint;
  }

  play(): void {
    this.#playing = true;
  }

  scan(image: ProcessImage, deviceUs: number, nowMs: number): readonly number[] {
    if (this.#ended) return [];
    if (!this.#playing) return this.#sampleNothing(image, deviceUs);
    if (this.#options.pace === "read") {
      return this.#begun ? [] : this.#playRow(image, deviceUs);
    }
    this.#dueMs ??= nowMs;
    let touched: readonly number[] = [];
    for (let rows = 0; rows < rowsPerTickMax && this.#dueMs <= nowMs && !this.#ended; rows++) {
      const recording = this.#recordings[this.#at];
      if (recording === undefined) break;
      this.#dueMs += this.#pauseMs(recording) / this.#options.speed;
      // Rows of one tick must not have equal times: a reader keeps one sample per time. 1 ms is what OPC UA clients see.
      touched = this.#playRow(image, deviceUs + rows * 1_000);
      this.#ended = this.#isOver;
    }
    // After a stall it goes on from here instead of rushing.
    if (this.#dueMs < nowMs - pauseMsMax) this.#dueMs = nowMs;
    return touched;
  }

  next(image: ProcessImage, deviceUs: number): readonly number[] {
    if (this.#ended) return [];
    if (!this.#isOver) return this.#playRow(image, deviceUs);
    this.#ended = true;
    // The last row was read, too: read once more it would be one row too many.
    return this.#sampleNothing(image, deviceUs);
  }

  async stop(): Promise<void> {
    this.#played.end();
    if (!this.#played.closed) await once(this.#played, "close");
  }

  get #isOver(): boolean {
    return this.#options.once === true && this.#playedRows >= this.#rows;
  }

  #playRow(image: ProcessImage, measuredUs: number): readonly number[] {
    const recording = this.#recordings[this.#at];
    if (recording === undefined) return [];
    this.#begun = true;
    this.machine.show(recording, this.#row);
    const all = this.#sampleAll(image, measuredUs);
    this.#played.write(`${measuredUs},${recording.file},${this.#row}\n`);
    this.#playedRows++;
    this.#advance(recording);
    return all;
  }

  #sampleNothing(image: ProcessImage, measuredUs: number): readonly number[] {
    this.machine.showNothing();
    return this.#sampleAll(image, measuredUs);
  }

  #sampleAll(image: ProcessImage, measuredUs: number): readonly number[] {
    const all = image.points.map((_point, index) => index);
    image.sample(all, measuredUs, withoutNaN);
    return all;
  }

  #rowsOf(recording: Recording): number {
    return Math.min(recording.rows.length, this.#options.rowsMax ?? Infinity);
  }

  #pauseMs(recording: Recording): number {
    const pause = (recording.timesMs[this.#row + 1] ?? NaN) - (recording.timesMs[this.#row] ?? NaN);
    if (Number.isNaN(pause)) return plainPauseMs;
    return Math.max(0, Math.min(pauseMsMax, pause));
  }

  #advance(recording: Recording): void {
    this.#row++;
    if (this.#row < this.#rowsOf(recording)) return;
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
