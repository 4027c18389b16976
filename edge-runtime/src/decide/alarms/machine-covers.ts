/**
 * Shelving and taking out of service of alarms that machines own. The machine is told where it offers that, so that its own
 * panel is as quiet as ours; it is one cover then, and ends when either side ends it. Where the machine cannot be told, the
 * alarm is covered at the gateway alone, and its reason says so: people must know which panel goes on.
 */
import { toMachineState, type AlarmLife, type OwnCovers } from "@millwright/alarms";
import type { Clock, Refused } from "@millwright/kit";
import type { WriteOutcome } from "@millwright/wire-contract";

import type { ConditionAct, MachineCondition } from "../../hand-over.ts";
import type { Cover, Covers } from "./alarm-record.ts";

/** Who covers it, why, and until when; `untilClear`: until its condition goes, and `untilUs` at the latest. */
export type CoverBy = Cover & { readonly untilUs?: number; readonly untilClear?: true };

export interface CoverBoard {
  lifeOf(place: number): AlarmLife;
  coversOf(place: number): Covers;
  move(place: number, happening: CoverHappening | "clear", latching: boolean, by: CoverBy): void;
}

/** What is known of the alarm. */
export interface CoveredAlarm {
  readonly of: { readonly device: string; readonly deviceName: string };
  readonly place: number;
  readonly newest: MachineCondition | undefined;
  readonly isHeard: boolean;
}

export interface MachineCoversOptions {
  readonly ask: (device: string, act: ConditionAct) => Promise<WriteOutcome>;
  readonly clock: Clock;
}

export type CoverHappening = "shelve" | "unshelve" | "take-out-of-service" | "return-to-service";

/** `here`: done by the gateway alone, and by whom. */
export type CoverPassed =
  { readonly kind: "done" } | { readonly kind: "here"; readonly by: CoverBy } | Refused;

type CoverKind = "shelved" | "out-of-service";

type Shelving =
  { readonly act: "shelve"; readonly forMs: number } | { readonly act: "shelve-until-clear" };

interface Asking {
  readonly kind: CoverKind;
  readonly puts: boolean;
  readonly by: CoverBy;
  readonly moved: AbortController;
}

/** The machine has taken it; its event comes with the next message. */
const eventMsMax = 5_000;
/** Its clock counts the time of a shelf as well as ours does; its event is on its way for less than this. */
const endGraceUs = 30_000_000;
const kinds = ["shelved", "out-of-service"] as const;
const kindOf: Readonly<Record<CoverHappening, CoverKind>> = {
  shelve: "shelved",
  unshelve: "shelved",
  "take-out-of-service": "out-of-service",
  "return-to-service": "out-of-service",
};
const endOf = { shelved: "unshelve", "out-of-service": "return-to-service" } as const;
const beginOf = { shelved: "shelve", "out-of-service": "take-out-of-service" } as const;

export class MachineCovers {
  readonly #options: MachineCoversOptions;
  readonly #board: CoverBoard;
  /** By place: who asks the machine now. */
  readonly #asking = new Map<number, Asking>();
  /** By place: the machine was told that its shelf is over. */
  readonly #over = new Set<number>();

  constructor(options: MachineCoversOptions, board: CoverBoard) {
    this.#options = options;
    this.#board = board;
  }

  /** What covers it here, or is about to: of that the machine's own saying is no other cover. */
  own(place: number): OwnCovers {
    const about = this.#asking.get(place);
    const is = (kind: CoverKind): boolean =>
      this.#isHere(place, kind) || (about?.kind === kind && about.puts);
    return { shelved: is("shelved"), outOfService: is("out-of-service") };
  }

  /** Brings about what the machine says of covers that it has from us. */
  follow({ of, place, newest }: CoveredAlarm): void {
    if (newest === undefined) return;
    const about = this.#asking.get(place);
    for (const kind of kinds) {
      const asked = about?.kind === kind ? about : undefined;
      const isThere = saidOf(newest, kind);
      const isHere = this.#isHere(place, kind);
      if (isThere === true && !isHere && asked?.puts === true) {
        this.#board.move(place, beginOf[kind], false, alsoAt(asked.by, of.deviceName));
        asked.moved.abort();
      }
      if (isThere === false && isHere && this.#board.coversOf(place)[kind]?.atMachine === true) {
        const { person } = asked?.by ?? {};
        const by = person === undefined ? { reason: `ended at ${of.deviceName}` } : { person };
        // What went with the shelf was never to be seen: it goes beneath it.
        if (!toMachineState(newest).holds) this.#board.move(place, "clear", false, {});
        this.#board.move(place, endOf[kind], false, by);
        this.#over.delete(place);
        asked?.moved.abort();
      }
    }
  }

  /** So much longer a shelf of ours lasts: where the machine has it too, its event ends it, unless that does not come, µs. */
  graceUs({ place, newest, isHeard }: CoveredAlarm): number {
    const isThere = isHeard && newest?.shelved === true;
    return isThere && this.#board.coversOf(place).shelved?.atMachine === true ? endGraceUs : 0;
  }

  /**
   * A shelf until the condition goes is over. How long it lasts at most only we know, and there are servers that forget to end
   * it with the condition: so the machine is told, once. One that has ended it says that it is done.
   */
  async tellOver(alarm: CoveredAlarm, reason: string): Promise<void> {
    const { place } = alarm;
    if (!this.#board.lifeOf(place).shelvedUntilClear) return;
    if (this.#over.has(place) || this.#asking.has(place)) return;
    this.#over.add(place);
    const ended = await this.#end(alarm, "shelved", { reason });
    if (ended.kind === "here") this.#board.move(place, "unshelve", false, ended.by);
  }

  /** Asks the machine for what a person wants here. */
  async pass(alarm: CoveredAlarm, happening: CoverHappening, by: CoverBy): Promise<CoverPassed> {
    const kind = kindOf[happening];
    const { of, place } = alarm;
    if (this.#asking.has(place)) {
      return refused(`Somebody else is asking ${of.deviceName} just now; look at the alarm first`);
    }
    return happening === beginOf[kind]
      ? await this.#begin(alarm, kind, by)
      : await this.#end(alarm, kind, by);
  }

  async #begin(alarm: CoveredAlarm, kind: CoverKind, by: CoverBy): Promise<CoverPassed> {
    const { of, place, newest, isHeard } = alarm;
    const { deviceName } = of;
    if (!isHeard) return hereOnly(by, `no link to ${deviceName}`);
    if (newest === undefined) return hereOnly(by, `${deviceName} does not name it now`);
    const isThere = saidOf(newest, kind);
    if (isThere === undefined) return hereOnly(by, `${deviceName} does not offer it`);
    const wasOurs = this.#isHere(place, kind) && isThere;
    this.#over.delete(place);
    const act = kind === "shelved" ? this.#shelving(by) : takeOut;
    const asked = await this.#ask(alarm, kind, by, { condition: newest.condition, ...act });
    if (asked === "moved") return { kind: "done" };
    if (asked.kind === "accepted") return { kind: "here", by: alsoAt(by, deviceName) };
    // It has it already, and goes on as it was told first: so do we.
    if (wasOurs) return notTaken(deviceName, asked);
    return hereOnly(
      by,
      asked.kind === "unknown"
        ? `${deviceName} has not answered`
        : `${deviceName} did not take it, ${asked.reason}`,
    );
  }

  async #end(alarm: CoveredAlarm, kind: CoverKind, by: CoverBy): Promise<CoverPassed> {
    const { of, place, newest, isHeard } = alarm;
    const isTold = this.#board.coversOf(place)[kind]?.atMachine === true;
    if (!isTold || newest === undefined || saidOf(newest, kind) !== true) {
      return { kind: "here", by };
    }
    if (!isHeard) return refused(`There is no link to ${of.deviceName}, which keeps this alarm`);
    const act = { condition: newest.condition, act: endOf[kind] };
    const asked = await this.#ask(alarm, kind, by, act);
    if (asked === "moved") return { kind: "done" };
    return asked.kind === "accepted" ? { kind: "here", by } : notTaken(of.deviceName, asked);
  }

  /** @returns `moved` when the machine's event has brought it about */
  async #ask(
    { of, place }: CoveredAlarm,
    kind: CoverKind,
    by: CoverBy,
    act: ConditionAct,
  ): Promise<WriteOutcome | "moved"> {
    const moved = new AbortController();
    // A time that is changed is no new cover: no event says that it was taken.
    const begins = act.act !== endOf[kind];
    const puts = begins && !this.#isHere(place, kind);
    this.#asking.set(place, { kind, puts, by, moved });
    try {
      const outcome = await this.#options.ask(of.device, act);
      if (outcome.kind !== "accepted") return outcome;
      if (begins && !puts) return outcome;
      await this.#options.clock.sleep(eventMsMax, moved.signal).catch(() => undefined);
      return moved.signal.aborted ? "moved" : outcome;
    } finally {
      this.#asking.delete(place);
    }
  }

  #shelving({ untilUs = 0, untilClear }: CoverBy): Shelving {
    if (untilClear === true) return { act: "shelve-until-clear" };
    const forMs = Math.max(1, Math.round((untilUs - this.#options.clock.nowUs()) / 1_000));
    return { act: "shelve", forMs };
  }

  #isHere(place: number, kind: CoverKind): boolean {
    const { shelvedUntilUs, outOfService } = this.#board.lifeOf(place);
    return kind === "shelved" ? shelvedUntilUs > 0 : outOfService;
  }
}

const takeOut = { act: "take-out-of-service" } as const;

/** Undefined where the machine does not offer it; earlier occurrences have no covers of their own (OPC 10000-9, 5.5.2). */
function saidOf(newest: MachineCondition, kind: CoverKind): boolean | undefined {
  if (newest.branch !== "") return undefined;
  return kind === "shelved" ? newest.shelved : newest.outOfService;
}

function alsoAt(by: CoverBy, deviceName: string): CoverBy {
  return { ...withNote(by, `also at ${deviceName}`), atMachine: true };
}

function hereOnly(by: CoverBy, why: string): CoverPassed {
  return { kind: "here", by: withNote(by, `here only: ${why}`) };
}

function withNote(by: CoverBy, note: string): CoverBy {
  const { reason = "" } = by;
  return { ...by, reason: reason === "" ? note : `${reason} (${note})` };
}

/** What came of asking, for the person who asked. */
export function notTaken(
  deviceName: string,
  outcome: Extract<WriteOutcome, { readonly reason: string }>,
): Refused {
  if (outcome.kind === "refused")
    return refused(`${deviceName} did not take it: ${outcome.reason}`);
  const look = "look at the alarm before you try again";
  return refused(`${deviceName} has not answered (${outcome.reason}): ${look}`);
}

function refused(reason: string): Refused {
  return { kind: "refused", reason: `${reason}.` };
}
