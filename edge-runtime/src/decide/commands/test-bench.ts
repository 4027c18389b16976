/** A machine with a setpoint, a mode switch and a guard, and a desk before it, on a played clock. For tests. */
import { race, type Clock, type PlayedClock, silentLog, type Refused } from "@millwright/kit";
import {
  status,
  type DeviceId,
  type Scalar,
  type TagId,
  type WriteOutcome,
} from "@millwright/wire-contract";

import type { AuditNote, EventBook, SampleBatch, TagView } from "../../hand-over.ts";
import type { Check } from "./checks.ts";
import { Commands } from "./command-desk.ts";
import type { Grant, Interlock } from "./command.ts";
import { Proofs } from "./proofs.ts";
import type { MachineDoor, TagTerms } from "./tag-terms.ts";

export const device = "plc" as DeviceId;
export const [setpoint, mode, guard, actual] = ["setpoint", "mode", "guard", "actual"].map(
  (name) => `spindle/${name}` as TagId,
) as [TagId, TagId, TagId, TagId];
const tags: readonly TagId[] = [setpoint, mode, guard, actual];

export const freshMs = 5_000;

export const grant: Grant = {
  tag: setpoint,
  origins: ["rule", "hmi"],
  rule: "slow-the-spindle",
  role: "technician",
  low: 50,
  high: 120,
  stepMax: 40,
  changePerMinuteMax: 60,
  mode: { tag: mode, is: [2], words: "the spindle in remote" },
  readBack: { kind: "same", withinMs: 3_000 },
  dryRun: false,
};

export const interlock: Interlock = {
  id: "G-12",
  name: "Guard",
  blocks: [setpoint],
  conditions: [
    { kind: "tag", tag: guard, required: { kind: "is", value: true }, words: "guard door open" },
  ],
};

/** Whole steps of 1, as the device has them. */
export function termsOf(tag: TagId): TagTerms {
  return {
    tag,
    index: tags.indexOf(tag),
    name: tag,
    asset: "Spindle",
    unit: tag === guard ? "" : "%",
    decimals: 0,
    texts: new Map(),
    toDevice: (shown) => (typeof shown === "number" ? Math.round(shown) : shown),
    toShown: (raw) => raw,
    same: (one, other) => Math.round(Number(one)) === Math.round(Number(other)),
    resolution: 1,
  };
}

/** What the machine holds, what the gateway last read of it, and how it answers. */
export class TestMachine implements MachineDoor {
  readonly clock: PlayedClock;
  readonly truth = new Map<TagId, number>([
    [setpoint, 100],
    [mode, 2],
    [guard, 1],
    [actual, 100],
  ]);
  /** A write waits so long for its line. */
  lineMs = 0;
  answer: "accepts" | "refuses" | "lost, acted" | "lost, not acted" | "accepts and does not do it" =
    "accepts";
  onWire: (tag: TagId, value: Scalar) => void = () => undefined;
  linked = true;
  /** Writes that were on their way when the gateway was killed get no further. */
  killed = new AbortController();

  constructor(clock: PlayedClock) {
    this.clock = clock;
  }

  async write(
    tag: TagId,
    value: Scalar,
    admit: () => Refused | undefined,
    signal: AbortSignal,
  ): Promise<WriteOutcome> {
    const { killed } = this;
    if (!this.linked) return { kind: "refused", reason: "there is no link to the device" };
    const refusal = admit();
    if (refusal !== undefined) return refusal;
    try {
      if (this.lineMs > 0) await race(this.clock.sleep(this.lineMs, killed.signal), signal);
    } catch {
      if (killed.signal.aborted) return await new Promise<never>(() => undefined);
      return { kind: "refused", reason: "it was taken back; nothing was sent" };
    }
    this.onWire(tag, value);
    if (this.answer === "refuses") return { kind: "refused", reason: "the device says no" };
    if (this.answer === "accepts" || this.answer === "lost, acted") {
      this.truth.set(tag, Number(value));
      if (tag === setpoint) this.truth.set(actual, Number(value));
    }
    return this.answer.startsWith("accepts")
      ? { kind: "accepted" }
      : { kind: "unknown", reason: "the link was lost before the device answered" };
  }
}

export interface BenchOptions {
  readonly clock: Clock;
  readonly machine: TestMachine;
  readonly journal: EventBook;
  readonly grants?: readonly Grant[];
  readonly interlocks?: readonly Interlock[];
  readonly checks?: readonly Check[];
  readonly run?: string;
}

export class Bench {
  readonly desk: Commands;
  readonly audited: AuditNote[] = [];
  /** What the gateway last read, and when on the monotonic clock. */
  readonly read = new Map<TagId, { value: number; status: number; atMs: number }>();
  readonly #options: BenchOptions;

  constructor(options: BenchOptions) {
    this.#options = options;
    const view: TagView = {
      value: (index) => this.#at(index)?.value,
      status: (index) => this.#at(index)?.status ?? 0,
      measuredUs: () => 0,
      confirmedUs: () => 0,
      freshForUs: () => freshMs * 1_000,
    };
    this.desk = new Commands({
      grants: options.grants ?? [grant],
      interlocks: options.interlocks ?? [interlock],
      terms: new Map(tags.map((tag) => [tag, termsOf(tag)])),
      proofs: new Proofs(view, new Map(tags.map((_tag, index) => [index, device]))),
      machine: options.machine,
      journal: options.journal,
      audit: (note) => {
        this.audited.push(note);
        return Promise.resolve();
      },
      clock: options.clock,
      log: silentLog,
      run: options.run ?? "run1",
      ...(options.checks === undefined ? {} : { checks: options.checks }),
    });
  }

  /** The gateway reads all that it looks at. @param except what it cannot read this time */
  poll(code: number = status.good, except?: TagId): void {
    const { machine, clock } = this.#options;
    if (!machine.linked) return;
    const read = tags.filter((tag) => tag !== except);
    const values = read.map((tag) => machine.truth.get(tag) ?? NaN);
    read.forEach((tag, at) => {
      this.read.set(tag, { value: values[at] ?? NaN, status: code, atMs: clock.monotonicMs() });
    });
    const batch: SampleBatch = {
      device,
      receivedUs: clock.nowUs(),
      late: false,
      count: read.length,
      tag: Int32Array.from(read, (tag) => tags.indexOf(tag)),
      measuredUs: new Float64Array(read.length).fill(clock.nowUs()),
      value: Float64Array.from(values),
      status: new Uint32Array(read.length).fill(code),
    };
    this.desk.watch(batch);
  }

  #at(index: number): { readonly value: number; readonly status: number } | undefined {
    const tag = tags[index];
    return tag === undefined ? undefined : this.read.get(tag);
  }
}
