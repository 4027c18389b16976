/** Types only: what a device says of its own alarms, in words that belong to no protocol. */
import type { ConditionFacts } from "@millwright/alarms";

/** One alarm of a device, as it was when the device spoke of it last. */
export interface MachineCondition extends ConditionFacts {
  /** Permanent within the device. */
  readonly condition: string;
  /** An earlier occurrence that still waits for somebody, beside the present one; "" for the present one. */
  readonly branch: string;
  /** What an act has to name (OPC UA EventId, hex): each saying of the device has its own, and only the newest counts. */
  readonly eventId: string;
  /** What the device calls the alarm, and what it is of. */
  readonly name: string;
  readonly source: string;
  readonly message: string;
  /** 1 to 1,000; 1,000 is the worst (OPC 10000-5, 6.4.2). */
  readonly severity: number;
  /** When it became as it is, by the device's clock, µs; NaN when the device does not say. */
  readonly sinceUs: number;
  /** Who acknowledged it, as the device knows people; "" where it does not say. */
  readonly person: string;
}

export type ConditionNews =
  | { readonly kind: "changed"; readonly conditions: readonly MachineCondition[] }
  /** All that is of interest now: what is not among them has gone. */
  | { readonly kind: "all"; readonly conditions: readonly MachineCondition[] }
  /** Nothing is heard any more. */
  | { readonly kind: "silent" };

/** What a person did here to an alarm that a device owns. */
export type ConditionAct = { readonly condition: string } & (
  | {
      /** `reset`: of a latch; `confirm`: that the cause was mended. */
      readonly act: "acknowledge" | "confirm" | "reset";
      /** Of the newest saying. */
      readonly eventId: string;
      /** For the device's own record: who. */
      readonly comment: string;
    }
  | { readonly act: "shelve"; readonly forMs: number }
  /** Until it is active no more; the machine ends that by itself. */
  | { readonly act: "shelve-until-clear" }
  | { readonly act: "unshelve" | "take-out-of-service" | "return-to-service" }
);
