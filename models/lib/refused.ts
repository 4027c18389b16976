/** A training cannot go on, and a person can mend it. */
export class TrainingRefused extends Error {
  override readonly name = "TrainingRefused";
}
