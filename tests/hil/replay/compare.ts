/**
 * Compares what the hub holds with the files, sample by sample. Pure.
 *
 * Every stored row names itself: the samples of `File` and `Row` that were taken together with its values say which
 * row of which file they are. What was taken together has one measured time, and where two rows have the same (two
 * polls of one millisecond) the first of each tag belongs to the first of them, because order is kept within a tag.
 */
import { severityOf, type LedgerEntry } from "@millwright/wire-contract";

import type { Recorded } from "./recordings.ts";
import type { StoredSample } from "../stored-samples.ts";

/** What a protocol carries, and so what can be asked of it. */
export interface Expectation {
  /** What becomes of a number of the file on its way. */
  readonly rounding: "none" | "float32";
  /** When each row was played by the device's clock, µs, by `file/row`; the protocol carries it to 1 ms. */
  readonly playedUs: ReadonlyMap<string, number>;
  /** True where samples carry the device's time (OPC UA); false where they carry that of the poll. */
  readonly sourceTime: boolean;
}

/** Counts of one file or of all. */
export interface Counts {
  rows: number;
  /** Numbers and recorded times that were to arrive. */
  values: number;
  equal: number;
  different: number;
  /** Neither there nor explained. */
  missing: number;
  /** Not there, and a ledger entry says why. */
  explained: number;
  /** Rows whose source time is not the time at which they were played. */
  timesDifferent: number;
}

export interface Comparison {
  readonly files: readonly { readonly file: string; readonly counts: Counts }[];
  readonly total: Counts;
  /** Rows and values that are there more than once. */
  readonly doubled: number;
  /** Rows and values that come after one that they precede in the file. */
  readonly disordered: number;
  /** Values with a number that belong to no row. */
  readonly invented: number;
  /** The first few of what is wrong, in words. */
  readonly examples: readonly string[];
}

const examplesMax = 10;
/** A claim and the time of a row are by the same clock; between them lies the way of a request. */
const slackUs = 200_000;

export function compare(
  recordings: readonly Recorded[],
  stored: readonly StoredSample[],
  entries: readonly LedgerEntry[],
  expectation: Expectation,
): Comparison {
  const work = new Work(recordings, expectation, entries);
  work.findRows(stored);
  work.takeValues(stored);
  return work.judge();
}

/** True when everything is there once, equal, in order and at its time. */
export function isWhole({ total, doubled, disordered, invented }: Comparison): boolean {
  const { different, missing, explained, timesDifferent } = total;
  return [different, missing, explained, timesDifferent, doubled, disordered, invented].every(
    (count) => count === 0,
  );
}

/** What the player names its points beside the columns of the files. */
const fileColumn = "File that is played";
const rowColumn = "Row of the file, from 0";
const timeColumn = "Time in the recording";
const countColumn = "Served readings of this number";

/** Names the moment at which a sample was taken, the same for all tags that were taken together. */
class Moments {
  readonly #counts = new Map<string, Map<number, number>>();

  of({ tag, measuredUs }: StoredSample): string {
    const counts = this.#counts.get(tag.id) ?? new Map<number, number>();
    this.#counts.set(tag.id, counts);
    const count = counts.get(measuredUs) ?? 0;
    counts.set(measuredUs, count + 1);
    return `${measuredUs} ${count}`;
  }
}

class Work {
  readonly #recordings: readonly Recorded[];
  readonly #expectation: Expectation;
  readonly #entries: readonly LedgerEntry[];
  /** Place of a row among all rows, by `file/row`. */
  readonly #placeOf = new Map<string, number>();
  /** Place of the row by the moment at which it was taken. */
  readonly #placeAt = new Map<string, number>();
  readonly #timeOf: Float64Array;
  /** By column name: what was stored for each row. */
  readonly #values = new Map<string, Map<number, StoredSample>>();
  readonly #examples: string[] = [];
  #doubled = 0;
  #disordered = 0;
  #invented = 0;

  constructor(
    recordings: readonly Recorded[],
    expectation: Expectation,
    entries: readonly LedgerEntry[],
  ) {
    this.#recordings = recordings;
    this.#expectation = expectation;
    this.#entries = entries;
    let place = 0;
    for (const { file, rows } of recordings) {
      rows.forEach((_cells, row) => this.#placeOf.set(keyOf(file, row), place++));
    }
    this.#timeOf = new Float64Array(place).fill(NaN);
  }

  /** Which rows are there, once each and in their order. */
  findRows(stored: readonly StoredSample[]): void {
    const files = new Map<string, string>();
    const fileMoments = new Moments();
    for (const sample of stored) {
      if (sample.tag.name !== fileColumn) continue;
      const moment = fileMoments.of(sample);
      if (severityOf(sample.status) === "good") files.set(moment, String(sample.value));
    }
    let last = -1;
    const rowMoments = new Moments();
    for (const sample of stored) {
      const { tag, measuredUs, value } = sample;
      if (tag.name !== rowColumn) continue;
      const moment = rowMoments.of(sample);
      const file = files.get(moment) ?? "";
      // Before the beginning and after the end the machine names no file, and nothing good when it has gone.
      if (file === "") continue;
      const key = keyOf(file, Number(value));
      const place = this.#placeOf.get(key);
      if (place === undefined) {
        this.#invented++;
        this.#say(`there is no row ${key} in the files`);
        continue;
      }
      if (!Number.isNaN(this.#timeOf[place] ?? NaN)) {
        this.#doubled++;
        this.#say(`row ${key} is there twice`);
        continue;
      }
      if (place < last) {
        this.#disordered++;
        this.#say(`row ${key} comes too late`);
      }
      last = Math.max(last, place);
      this.#timeOf[place] = measuredUs;
      this.#placeAt.set(moment, place);
    }
  }

  /** Puts each value to its row; what belongs to none was invented. */
  takeValues(stored: readonly StoredSample[]): void {
    const last = new Map<string, number>();
    const moments = new Moments();
    for (const sample of stored) {
      const { name } = sample.tag;
      if (name === fileColumn || name === rowColumn || name === countColumn) continue;
      const place = this.#placeAt.get(moments.of(sample));
      if (place === undefined) {
        if (!hasValue(sample) || sample.value === "") continue;
        this.#invented++;
        this.#say(`${name} ${String(sample.value)} at ${sample.measuredUs} µs belongs to no row`);
        continue;
      }
      const column = this.#columnOf(name);
      if (column.has(place)) {
        this.#doubled++;
        this.#say(`${name} at ${sample.measuredUs} µs is there twice`);
        continue;
      }
      if (place < (last.get(name) ?? -1)) this.#disordered++;
      last.set(name, place);
      column.set(place, sample);
    }
  }

  judge(): Comparison {
    let place = 0;
    const files = this.#recordings.map((recording) => {
      const counts = zero();
      recording.rows.forEach((cells, row) => {
        this.#judgeRow(recording, cells, row, place++, counts);
      });
      return { file: recording.file, counts };
    });
    return {
      files,
      total: files.reduce((sum, { counts }) => plus(sum, counts), zero()),
      doubled: this.#doubled,
      disordered: this.#disordered,
      invented: this.#invented,
      examples: this.#examples,
    };
  }

  #judgeRow(
    recording: Recorded,
    cells: readonly string[],
    row: number,
    place: number,
    counts: Counts,
  ): void {
    const key = keyOf(recording.file, row);
    counts.rows++;
    this.#judgeTime(key, place, counts);
    this.#judgeValue(key, timeColumn, recording.times[row] ?? "", place, counts);
    cells.forEach((cell, at) => {
      const number = cell === "" ? NaN : Number(cell);
      const expected = this.#expectation.rounding === "float32" ? Math.fround(number) : number;
      this.#judgeValue(key, recording.columns[at] ?? "", expected, place, counts);
    });
  }

  #judgeTime(key: string, place: number, counts: Counts): void {
    const at = this.#timeOf[place] ?? NaN;
    if (!this.#expectation.sourceTime || Number.isNaN(at)) return;
    const played = this.#expectation.playedUs.get(key) ?? NaN;
    if (at === Math.floor(played / 1_000) * 1_000) return;
    counts.timesDifferent++;
    this.#say(`row ${key} was played at ${played} µs and is stored at ${at} µs`);
  }

  #judgeValue(
    key: string,
    name: string,
    expected: number | string,
    place: number,
    counts: Counts,
  ): void {
    counts.values++;
    const sample = this.#values.get(name)?.get(place);
    if (sample === undefined) {
      if (this.#isExplained(key)) counts.explained++;
      else {
        counts.missing++;
        this.#say(`${name} of row ${key} is missing`);
      }
      return;
    }
    // A cell without a number is a sensor without a value: the sample says so.
    const equal = Number.isNaN(expected)
      ? !hasValue(sample)
      : severityOf(sample.status) === "good" && Object.is(sample.value, expected);
    if (equal) counts.equal++;
    else {
      counts.different++;
      this.#say(
        `${name} of row ${key} is ${String(sample.value)} (status ${sample.status}), in the file ${String(expected)}`,
      );
    }
  }

  #isExplained(key: string): boolean {
    const playedUs = this.#expectation.playedUs.get(key) ?? NaN;
    return this.#entries.some(
      ({ fromUs, toUs }) => playedUs >= fromUs - slackUs && playedUs <= toUs + slackUs,
    );
  }

  #columnOf(name: string): Map<number, StoredSample> {
    const column = this.#values.get(name) ?? new Map<number, StoredSample>();
    this.#values.set(name, column);
    return column;
  }

  #say(what: string): void {
    if (this.#examples.length < examplesMax) this.#examples.push(what);
  }
}

export function keyOf(file: string, row: number): string {
  return `${file}/${row}`;
}

function hasValue({ value, status }: StoredSample): boolean {
  return severityOf(status) === "good" && !Number.isNaN(value);
}

function zero(): Counts {
  return {
    ...{ rows: 0, values: 0, equal: 0, different: 0 },
    ...{ missing: 0, explained: 0, timesDifferent: 0 },
  };
}

function plus(a: Counts, b: Counts): Counts {
  return {
    rows: a.rows + b.rows,
    values: a.values + b.values,
    equal: a.equal + b.equal,
    different: a.different + b.different,
    missing: a.missing + b.missing,
    explained: a.explained + b.explained,
    timesDifferent: a.timesDifferent + b.timesDifferent,
  };
}
