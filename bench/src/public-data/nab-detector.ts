/**
 * A single stream without a model: what is asked is whether something set a record. Two sizes are followed, each divided
 * by the largest it had before, and that record fades over about a month of samples:
 *
 * - how far the value is from what it usually is at this time of day,
 * - how far it is from its mean, in standard deviations.
 *
 * A record is followed by a time in which only a larger one is told (refractory gate).
 */

// Rows in which a record fades to half: four weeks at one sample in five minutes.
const halfLifeRows = 8_000;
// Rows over which mean and spread are formed.
const memoryRows = 4_000;
// How quickly the usual value of a time of day follows.
const dailyShare = 0.3;
// Rows before a size is judged: two days of seasons, a good part of a day for the spread.
const seasonWarmUp = 600;
const levelWarmUp = 200;
// A day at one sample in five minutes: after an alarm, a person has been told.
const refractoryRows = 300;
// A series that is sampled so densely that no day would be seen twice is taken to repeat each so many rows.
const dayRowsMax = 1_000;
const otherwiseRows = 288;

/** Scores of rows, each from the rows up to it: 0 is silence, 0.5 is as large as any before, 1 is beyond all measure. */
export class RecordDetector {
  readonly #daily = new Map<number, number>();
  readonly #season = new RecordRatio(seasonWarmUp);
  readonly #level = new RecordRatio(levelWarmUp);
  readonly #first: number[] = [];
  #dayRows = otherwiseRows;
  #row = 0;
  #sum = 0;
  #shift = 0;
  readonly #window = new SlidingSums(memoryRows);
  #toldRow = -Infinity;
  #told = 0;

  push(timeMs: number, value: number): number {
    const row = this.#row++;
    this.#learnDay(row, timeMs);
    const ratio = Math.max(
      this.#season.push(row, Math.abs(this.#seasonal(row, value))),
      this.#level.push(row, this.#deviation(row, value)),
    );
    const still = this.#told * Math.max(0, 1 - (row - this.#toldRow) / refractoryRows);
    if (ratio <= still) return 0;
    this.#toldRow = row;
    this.#told = ratio;
    return ratio / (1 + ratio);
  }

  /** The rate of the first rows says how many make a day. */
  #learnDay(row: number, timeMs: number): void {
    if (row > 20) return;
    this.#first.push(timeMs);
    const steps = this.#first.slice(1).map((time, at) => time - (this.#first[at] ?? 0));
    const stepMs = steps.toSorted((a, b) => a - b)[steps.length >> 1] ?? NaN;
    const dayRows = Math.max(2, Math.round(86_400_000 / stepMs));
    this.#dayRows = dayRows < dayRowsMax ? dayRows : otherwiseRows;
  }

  #seasonal(row: number, value: number): number {
    const place = row % this.#dayRows;
    const usual = this.#daily.get(place) ?? value;
    const away = value - usual;
    this.#daily.set(place, usual + dailyShare * away);
    return away;
  }

  #deviation(row: number, value: number): number {
    // Numbers are kept near zero, where squares lose nothing; the first rows say where that is.
    if (row < levelWarmUp) this.#sum += value;
    if (row === 0) this.#shift = value;
    const { count, mean, spread } = this.#window.measure();
    this.#window.push(value - this.#shift);
    if (count < 50) return 0;
    const size = Math.abs(this.#sum) / Math.min(levelWarmUp, row + 1);
    // A thousandth of the value's size is no deviation, however flat it was.
    return Math.abs(value - this.#shift - mean) / (spread + 1e-3 * size + 1e-9);
  }
}

/** A size over the largest before it, which fades. */
class RecordRatio {
  readonly #warmUp: number;
  readonly #fade = 0.5 ** (1 / halfLifeRows);
  #record = 0;

  constructor(warmUp: number) {
    this.#warmUp = warmUp;
  }

  push(row: number, size: number): number {
    const ratio = row >= this.#warmUp && this.#record > 0 ? size / this.#record : 0;
    this.#record = Math.max(this.#record * this.#fade, size);
    return ratio;
  }
}

/** Mean and spread of the last numbers, fewer at the beginning. */
class SlidingSums {
  readonly #ring: Float64Array;
  #pushed = 0;
  #sum = 0;
  #squares = 0;

  constructor(rows: number) {
    this.#ring = new Float64Array(rows);
  }

  push(value: number): void {
    const place = this.#pushed % this.#ring.length;
    const left = this.#ring[place] ?? 0;
    this.#ring[place] = value;
    this.#pushed++;
    this.#sum += value - left;
    this.#squares += value * value - left * left;
    // What adding and taking away rounds off is put right once a turn.
    if (place === 0) {
      this.#sum = this.#ring.reduce((sum, each) => sum + each, 0);
      this.#squares = this.#ring.reduce((sum, each) => sum + each * each, 0);
    }
  }

  measure(): { readonly count: number; readonly mean: number; readonly spread: number } {
    const count = Math.min(this.#pushed, this.#ring.length);
    const mean = count === 0 ? 0 : this.#sum / count;
    const variance = count === 0 ? 0 : this.#squares / count - mean * mean;
    return { count, mean, spread: Math.sqrt(Math.max(0, variance)) };
  }
}
