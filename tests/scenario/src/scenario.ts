/**
 * One description of what happens to a plant, as data: run by `tests/sim` on a played clock in milliseconds, and by
 * `tests/hil` against real processes in real time.
 */

/** What can be killed or cut. `broker` and `database` are the hub's children. */
export type Target = "gateway" | "runtime" | "hub" | "broker" | "database";

export type ScenarioFault =
  /** kill -9; whoever looks after the target starts it again. */
  | { readonly kind: "kill"; readonly atMs: number; readonly target: Target }
  /** The uplink is out: nothing passes between gateway and hub, in either direction. */
  | { readonly kind: "uplink-cut"; readonly atMs: number; readonly forMs: number }
  /** The device does not answer and drops its connections. */
  | { readonly kind: "device-away"; readonly atMs: number; readonly forMs: number }
  /** The broker forgets all it stored, as after a power cut before its first sync. */
  | { readonly kind: "broker-store-lost"; readonly atMs: number }
  /** The gateway's wall clock steps. */
  | { readonly kind: "clock-step"; readonly atMs: number; readonly byMs: number };

/** A protection that can be switched off, so that a test can show that it is needed. */
export type Protection = "release-below-mark";

export interface Scenario {
  readonly name: string;
  readonly topology: {
    readonly gateways: number;
    readonly tagsPerGateway: number;
    /** Poll period of each tag. */
    readonly everyMs: number;
    readonly commitEveryMs: number;
  };
  /** How long values are produced. Afterwards all faults are over and everything has to come to rest. */
  readonly forMs: number;
  readonly faults: readonly ScenarioFault[];
  /** Switched off in controls only. */
  readonly without?: readonly Protection[];
}
