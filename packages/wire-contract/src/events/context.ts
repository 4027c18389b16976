/** Operating states of an asset (field practice 58). */
export const operatingStates = [
  "off",
  "starting",
  "running",
  "changeover",
  "cleaning",
  "maintenance",
] as const;
export type OperatingState = (typeof operatingStates)[number];

/** What surrounds values: an interval that begins and ends (field practice 58, 59, 61). */
export interface ContextEvent {
  readonly what: "began" | "ended";
  /** `state`: an operating state, in `value`. `repair`, `sensor-change`, `calibration` reset baselines. */
  readonly context:
    | "state"
    | "job"
    | "product"
    | "batch"
    | "tool"
    | "shift"
    | "repair"
    | "sensor-change"
    | "calibration";
  readonly value: string;
  readonly person?: string;
}
