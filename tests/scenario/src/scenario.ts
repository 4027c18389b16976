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
  | { readonly kind: "clock-step"; readonly atMs: number; readonly byMs: number }
  | ClockFault
  | LaneFault
  | RestoreFault;

/** Only `tests/sim` plays these. */
export type ClockFault =
  /** Power is away for a moment, the gateway starts in 1970, and nothing sets its clock for so long. */
  { readonly kind: "clock-unset"; readonly atMs: number; readonly forMs: number };

/** Only `tests/sim` plays these. */
export type LaneFault =
  /** The broker takes no frame of the critical lane for so long: its stream of them is full. */
  { readonly kind: "critical-refused"; readonly atMs: number; readonly forMs: number };

/** What was copied comes back in the place of what has gone on since. Only `tests/sim` plays these. */
export type RestoreFault =
  /** A backup of the hub's database is made at `atMs` and restored so much later. */
  | { readonly kind: "hub-restored"; readonly atMs: number; readonly afterMs: number }
  /** The journal is copied at `atMs`, and the copy takes its place so much later. */
  | { readonly kind: "journal-restored"; readonly atMs: number; readonly afterMs: number }
  /** The gateway's hardware is replaced: its journal is gone. */
  | { readonly kind: "hardware-replaced"; readonly atMs: number }
  /**
   * A copy of the gateway runs beside it from then on, on a device of its own. `twin`: with the same random numbers, so
   * that both seal in one epoch, as a virtual machine does that is cloned while it runs.
   */
  | {
      readonly kind: "cloned";
      readonly atMs: number;
      readonly twin: boolean;
      /** The copy does not reach the hub, and after so long its hardware is replaced. */
      readonly replacedAfterMs?: number;
    }
  /** A frame of the journal is damaged on disk while the gateway is down. */
  | { readonly kind: "frame-damaged"; readonly atMs: number };

/** A protection that can be switched off, so that a test can show that it is needed. */
export type Protection =
  | "release-below-mark"
  /** A gateway does not look whether a mark is another journal's. */
  | "tell-copies"
  /** These claims are not made. */
  | "claim-gateway-down"
  | "claim-journal-lost"
  | "claim-restored-copy"
  | "claim-frame-corrupt"
  | "claim-thinned"
  /** A void does not wait for the claim that explains it. */
  | "explained-first"
  /** Repeats are not known by the identity of samples. */
  | "sample-identity"
  /** The resend round does not rise. */
  | "resend-round"
  /** What came last is the current value. */
  | "twin-order"
  /** What is stored is let go, whether a backup holds it or not. */
  | "safe-mark";

export interface Scenario {
  readonly name: string;
  readonly topology: {
    readonly gateways: number;
    readonly tagsPerGateway: number;
    /** Poll period of each tag. */
    readonly everyMs: number;
    readonly commitEveryMs: number;
    /** Of each gateway; left out, the least that its settings take. */
    readonly journalBytesMax?: number;
    /** How long the journal keeps what it has released for its own charts, and could send again; days when absent. */
    readonly keepRawHours?: number;
  };
  /** How often it is looked at what must hold all the time; left out, often. */
  readonly lookEveryMs?: number;
  /** How long values are produced. Afterwards all faults are over and everything has to come to rest. */
  readonly forMs: number;
  readonly faults: readonly ScenarioFault[];
  /** Switched off in controls only. */
  readonly without?: readonly Protection[];
}
