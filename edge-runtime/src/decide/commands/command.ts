/** Types only: a write that somebody asks for, what is allowed of it, and what became of it (architecture 9). */
import type { Scalar, TagId } from "@millwright/wire-contract";
import type { CommandEvent, CommandOrigin, JsonScalar } from "@millwright/wire-contract/events";

/** A write that somebody asks for. */
export interface Command {
  /**
   * Idempotency key: made once by whoever asks, at most 128 characters, unique for ever. The same key again is the same
   * command and gets the first result; nothing is written twice.
   */
  readonly key: string;
  readonly tag: TagId;
  /** In the unit of the tag, as screens show it. */
  readonly value: Scalar;
  /**
   * The value that whoever asks saw. It must be the one in the machine now, compared in device terms; absent only for a
   * rule, which decides on the present value itself.
   */
  readonly seen?: Scalar;
  readonly origin: CommandOrigin;
  /** Number that the gateway gave out (`CommandDesk.ticket`); absent only for a rule, which is received as it asks. */
  readonly ticket?: string;
  /** From the ticket, or from receipt without one, ms on the gateway's monotonic clock. 5,000 when absent. */
  readonly expiresInMs?: number;
  /** Why, where the person was asked. */
  readonly reason?: string;
}

/** A command and where it stands; `event.outcome` is its last word once the desk has no more to do. */
export interface CommandChange {
  readonly key: string;
  readonly atUs: number;
  readonly event: CommandEvent;
  /** True when nothing more will be said of it. */
  readonly final: boolean;
}

/** How it is seen that a machine did what it accepted (field practice 70). */
export type ReadBack =
  | { readonly kind: "same"; readonly withinMs: number }
  | {
      readonly kind: "tag";
      readonly tag: TagId;
      /** Largest difference from the value written that still confirms it, in the unit of that tag. */
      readonly tolerance: number;
      readonly withinMs: number;
    }
  | {
      readonly kind: "status";
      readonly tag: TagId;
      readonly reaches: Scalar;
      readonly withinMs: number;
    }
  | { readonly kind: "none" };

/** What an engineer at this gateway has granted of one tag (field practice 66, 67). */
export interface Grant {
  readonly tag: TagId;
  /** With `rule`, the tag is that rule's, and the other origins are its declared override. */
  readonly origins: readonly CommandOrigin["kind"][];
  /** The one rule that may write it. */
  readonly rule?: string;
  /** What a person needs to be. */
  readonly role: "technician" | "supervisor" | "engineer";
  /** In the unit of the tag; for numbers both are finite. Ignored for text. */
  readonly low: number;
  readonly high: number;
  /** Largest change by one write; Infinity where none is set. */
  readonly stepMax: number;
  /** Largest sum of changes within a minute; Infinity where none is set. */
  readonly changePerMinuteMax: number;
  /** The machine must be in one of these: "remote", "auto". */
  readonly mode?: GrantMode;
  readonly readBack: ReadBack;
  /** A request that the controller clears to this value; it is confirmed once it was cleared (field practice 69). */
  readonly handshake?: { readonly cleared: Scalar; readonly withinMs: number };
  /** Everything is checked and told, and nothing is written. */
  readonly dryRun: boolean;
}

export interface GrantMode {
  readonly tag: TagId;
  /** Values in which writing is granted. */
  readonly is: readonly Scalar[];
  /** What they mean: "the spindle is in remote". */
  readonly words: string;
}

/** One thing that must hold. Where its input is stale, bad or not there, it does not hold. */
export type Condition =
  | {
      readonly kind: "tag";
      readonly tag: TagId;
      readonly required:
        | { readonly kind: "is"; readonly value: Scalar }
        | { readonly kind: "range"; readonly low: number; readonly high: number };
      /** What is wrong when it does not hold: "guard door open". */
      readonly words: string;
    }
  /** Another interlock must hold, too: its conditions are the chain. */
  | { readonly kind: "interlock"; readonly interlock: string; readonly words: string };

/** A table of conditions that must all hold for a write, declared apart from rules. */
export interface Interlock {
  readonly id: string;
  readonly name: string;
  readonly blocks: readonly TagId[];
  readonly conditions: readonly Condition[];
}

/** How one condition stands now, for a person. */
export interface ConditionView {
  readonly state: "met" | "not met" | "unknown";
  /** What is wrong when it is not met. */
  readonly words: string;
  /** Of the tag that it looks at; absent where it looks at an interlock. */
  readonly tag?: TagId;
  readonly value?: JsonScalar;
  /** "= 1", "40 to 80". */
  readonly required?: string;
  /** Why it is unknown. */
  readonly why?: string;
  /** The interlock behind it. */
  readonly interlock?: InterlockView;
}

export interface InterlockView {
  readonly id: string;
  readonly name: string;
  readonly blocks: readonly TagId[];
  readonly holds: boolean;
  readonly conditions: readonly ConditionView[];
}

/** A grant, and what of it can be said now. */
export interface GrantView {
  readonly grant: Grant;
  /** Least difference that arrives in the machine, in the unit of the tag: one step of its scale; 0 where there is none. */
  readonly resolution: number;
  /** Why nothing can be written to it now, whoever asks; absent where something can. */
  readonly blocked?: string;
  /** The interlock that blocks, by its id. */
  readonly interlock?: string;
  /** Under way, by key; the next one has to wait for its last word. */
  readonly underWay?: string;
}

/** Every write to a machine goes through here: of people, rules and the hub. */
export interface CommandDesk {
  /**
   * Resolves with the last word on the command; a refusal is one. Never rejects. At most one write is sent for each key,
   * none after it expired, none outside a grant, none against an interlock.
   */
  submit(command: Command): Promise<CommandEvent>;
  /** A number for a command to carry: it says when, by this gateway, the command was about to be sent. */
  ticket(): string;
  grants(): readonly GrantView[];
  interlocks(): readonly InterlockView[];
  /** The newest first, at most `max`. */
  recent(max: number): readonly CommandChange[];
  /** Called with each word on each command. Returns what takes the call back. */
  onChanged(listener: (change: CommandChange) => void): () => void;
}
