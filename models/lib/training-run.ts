/** Where the samples of a training come from: the virtual plant or a folder of exported history. */

/** @param input place among the recipe's inputs @param good false where the device says that the value is not to be used */
export type TakeSample = (input: number, us: number, value: number, good: boolean) => void;

/** One stretch of one asset. */
export interface TrainingRun {
  readonly name: string;
  /** Hands over every sample in order of time. The same each time. */
  play(take: TakeSample): void;
}

export interface FaultyRun extends TrainingRun {
  readonly faultFromUs: number;
}

/** Split by run, never by row: rows beside each other are almost the same (field practice 80). */
export interface TrainingData {
  /** For the card: what was trained on. */
  readonly description: string;
  readonly fit: readonly TrainingRun[];
  /** Sets the limit. */
  readonly calibrate: readonly TrainingRun[];
  /** Judged only. */
  readonly heldOut: readonly TrainingRun[];
  readonly faulty: readonly FaultyRun[];
}
