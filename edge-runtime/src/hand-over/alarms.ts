/** Alarms: raised by rules and detection, acted on by people, here and at the hub. */
import type { Refused } from "@millwright/kit";
import type { AskedAcknowledgement, TagId } from "@millwright/wire-contract";
import type { AlarmCounts, AlarmRow } from "@millwright/wire-contract/events";

/** The alarms of this gateway, which owns them. Ids are those of the settings. */
export interface AlarmDesk {
  /**
   * The condition of an alarm that the settings leave to others (`raisedBy`) holds. Repeating it changes nothing.
   *
   * @returns false when no such alarm may be raised from outside
   */
  raise(alarm: string, facts?: AlarmFacts): boolean;
  /** It holds no longer. */
  clear(alarm: string): boolean;
  /** On disk when it resolves. An act that has been done already is done, not refused. */
  act(act: AlarmAct, actor: AlarmActor): Promise<{ readonly kind: "done" } | Refused>;
  /** What people at the hub acknowledged. @returns those that had no answer yet; the others change nothing */
  askedAtHub(asked: readonly AskedAcknowledgement[]): readonly AnswerToHub[];
  /** All that are not normal, those first that need a person most. */
  list(): readonly AlarmRow[];
  /** Undefined for an id that is in no settings. */
  row(alarm: string): AlarmRow | undefined;
  /** Those that changed after a revision, also those that are normal again; after 0 all that are not. */
  since(revision: number): { readonly revision: number; readonly rows: readonly AlarmRow[] };
  counts(): AlarmCounts;
  /** Called with the ids of alarms that changed, after their transitions are on disk. Returns what takes the call back. */
  onChanged(listener: (alarms: readonly string[]) => void): () => void;
}

/** What is known of a value when its alarm is raised. */
export interface AlarmFacts {
  /** Instead of the message of the settings. */
  readonly message?: string;
  readonly tag?: TagId;
  readonly value?: number;
  readonly limit?: number;
}

/** What a person asks of alarms. */
export type AlarmAct =
  | { readonly act: "acknowledge"; readonly alarm: string; readonly raisedUs: number }
  | {
      readonly act: "shelve";
      readonly alarm: string;
      readonly minutes: number;
      readonly reason: string;
    }
  /** Until a time, as the end of a shift. */
  | {
      readonly act: "shelve-until";
      readonly alarm: string;
      /** µs. */
      readonly untilUs: number;
      readonly reason: string;
    }
  /** Until its condition goes, and for as long as its class allows at the latest. */
  | { readonly act: "shelve-until-clear"; readonly alarm: string; readonly reason: string }
  | { readonly act: "unshelve" | "reset" | "return-to-service"; readonly alarm: string }
  | { readonly act: "take-out-of-service"; readonly alarm: string; readonly workOrder: string }
  | { readonly act: "note"; readonly alarm: string; readonly text: string };

/** Who acts on an alarm at this gateway. */
export interface AlarmActor {
  readonly person: string;
  /** May shelve alarms of priority 1. */
  readonly supervisor: boolean;
}

/** What came of an acknowledgement of somebody at the hub. */
export interface AnswerToHub {
  readonly asked: AskedAcknowledgement;
  /** Why it was refused; absent when it was done. */
  readonly refused?: string;
}
