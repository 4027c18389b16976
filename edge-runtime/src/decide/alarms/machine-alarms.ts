/**
 * The alarms that machines own, as this gateway mirrors them (field practice 32): what a device says is brought about by the
 * moves that every alarm makes (`nextMirrorStep`), and what people do here is asked of the device first. It is done once the
 * device says so, in its next event; what the device refuses is refused here, with its reason.
 */
import {
  goneAtMachine,
  isCovered,
  mirrorStepsMax,
  nextMirrorStep,
  stateOf,
  toMachineState,
  type AlarmHappening,
  type AlarmLife,
  type MachineState,
} from "@millwright/alarms";
import { messageChain, type Clock, type Log, type Refused } from "@millwright/kit";
import type { AskedAcknowledgement, WriteOutcome } from "@millwright/wire-contract";

import type { ConditionAct, ConditionNews, MachineCondition } from "../../hand-over.ts";
import type { Cover, Covers } from "./alarm-record.ts";
import type { AlarmDefinition } from "./definition.ts";
import { MachineCovers, notTaken, type CoverBy, type CoverPassed } from "./machine-covers.ts";
import {
  defineMachineAlarm,
  machineAlarmId,
  machineAsset,
  type MachineAlarmsOf,
  type MachineOrigin,
} from "./machine-definition.ts";

/** The alarms of the gateway, as far as those of machines change them. */
export interface AlarmBoard {
  /** @param reuse a place whose alarm is normal, and is forgotten. @returns the place of the alarm */
  add(definition: AlarmDefinition, origin: MachineOrigin, reuse?: number): number;
  lifeOf(place: number): AlarmLife;
  /** Who covers it here. */
  coversOf(place: number): Covers;
  definitionOf(place: number): AlarmDefinition;
  /** Says what is known of the alarm when it is raised. */
  describe(
    place: number,
    definition: AlarmDefinition,
    facts: { readonly origin: MachineOrigin; readonly message: string; readonly machineUs: number },
  ): void;
  move(place: number, happening: AlarmHappening, latching: boolean, by: CoverBy): void;
  /** Keeps what a machine said and nobody has to act on. */
  note(id: string, asset: string, message: string): void;
}

export interface MachineAlarmsOptions {
  readonly of: readonly MachineAlarmsOf[];
  /** Never rejects, and ends by itself. */
  readonly ask: (device: string, act: ConditionAct) => Promise<WriteOutcome>;
  readonly clock: Clock;
  readonly log: Log;
}

/** As in the settings: more would not fit into a row. */
const messageMax = 200;
/** Of all machines of a gateway, with those that are normal again: a server that makes new ones for ever ends here. */
const knownMax = 5_000;
/** The device has taken it; its event comes with the next message, and then the page shows it. */
const eventMsMax = 5_000;
/** As many as the hub may have open. */
const askedMax = 64;

interface Known {
  readonly of: MachineAlarmsOf;
  readonly origin: MachineOrigin;
  readonly place: number;
  /** Undefined when the machine does not name it any more, or has not been heard since the start. */
  newest: MachineCondition | undefined;
  /** In the conversation that lasts. */
  isHeard: boolean;
}

export class MachineAlarms {
  readonly #options: MachineAlarmsOptions;
  readonly #board: AlarmBoard;
  readonly #known = new Map<string, Known>();
  readonly #byPlace = new Map<number, Known>();
  /** What holds of that which is only noted. */
  readonly #noted = new Set<string>();
  /** Who has asked the machine, until it says that it is so. */
  readonly #asking = new Map<number, { readonly person: string; readonly done: () => void }>();
  /** What people at the hub asked for: under way, or why the machine refused it. */
  readonly #atHub = new Map<number, Refused | "under way">();
  readonly #covers: MachineCovers;
  #isFull = false;

  constructor(options: MachineAlarmsOptions, board: AlarmBoard) {
    this.#options = options;
    this.#board = board;
    this.#covers = new MachineCovers(options, board);
  }

  /** One that was open, or had been, before the restart. @returns false when the settings do not want it any more */
  restore(origin: MachineOrigin): boolean {
    const of = this.#of(origin.device);
    const definition = of === undefined ? undefined : defineMachineAlarm(of, origin);
    if (of === undefined || definition === undefined) return false;
    this.#remember(of, origin, this.#board.add(definition, origin));
    return true;
  }

  /** What the driver of a device said. */
  hear(device: string, news: ConditionNews): void {
    const of = this.#of(device);
    if (of === undefined) return;
    if (news.kind === "silent") {
      for (const known of this.#known.values()) {
        if (known.of.device === device) known.isHeard = false;
      }
      return;
    }
    for (const condition of news.conditions) this.#take(of, condition);
    if (news.kind === "changed") return;
    const named = new Set(news.conditions.map((one) => keyOf(device, one)));
    for (const [key, known] of this.#known) {
      if (known.of.device !== device) continue;
      known.isHeard = true;
      if (named.has(key)) continue;
      known.newest = undefined;
      this.#mirror(known, goneAtMachine);
    }
    for (const key of this.#noted) {
      if (key.startsWith(`${device} `) && !named.has(key)) this.#noted.delete(key);
    }
  }

  /** A cover of the gateway's own may have gone: what is beneath is as the machine says. */
  look(): void {
    for (const known of this.#known.values()) {
      if (known.newest !== undefined) this.#mirror(known, this.#stateOf(known, known.newest));
    }
  }

  /** How much longer than its time a shelf lasts, µs. */
  shelfGraceUs(place: number): number {
    const known = this.#byPlace.get(place);
    return known === undefined ? 0 : this.#covers.graceUs(known);
  }

  /** A shelf that the machine has too is over here, and why. */
  shelfOver(place: number, reason: string): void {
    const known = this.#byPlace.get(place);
    if (known !== undefined) void this.#covers.tellOver(known, reason);
  }

  /** Why an alarm may not be as it is shown; "" when it is, or is no alarm of a machine. */
  heldOf(place: number): string {
    const known = this.#byPlace.get(place);
    if (known === undefined || known.isHeard) return "";
    return `${known.of.deviceName} has not been heard since`;
  }

  /**
   * Asks the machine to do what a person did here.
   *
   * @returns `here` when it is nothing that the machine keeps, and so is done by the gateway alone
   */
  async pass(place: number, happening: AlarmHappening, by: CoverBy): Promise<CoverPassed> {
    const known = this.#byPlace.get(place);
    if (known === undefined) return { kind: "here", by };
    switch (happening) {
      case "shelve":
      case "unshelve":
      case "take-out-of-service":
      case "return-to-service":
        return await this.#covers.pass(known, happening, by);
      case "acknowledge":
      case "reset":
        return await this.#passOn(known, happening, by);
      case "raise":
      case "clear":
      case "suppress":
      case "unsuppress":
        return { kind: "here", by };
    }
  }

  async #passOn(
    known: Known,
    happening: "acknowledge" | "reset",
    by: CoverBy,
  ): Promise<CoverPassed> {
    const { person = "" } = by;
    const { of, place, newest, isHeard } = known;
    const act = newest === undefined ? undefined : actFor(happening, newest);
    if (!isHeard && (newest === undefined || act !== undefined)) {
      return refused(`There is no link to ${of.deviceName}, which keeps this alarm`);
    }
    if (newest === undefined || act === undefined) return { kind: "here", by };
    const { clock } = this.#options;
    const isSo = new AbortController();
    const asking = {
      person,
      done: () => {
        isSo.abort();
      },
    };
    this.#asking.set(place, asking);
    try {
      const { condition, eventId } = newest;
      const comment = `${person}, at the gateway`;
      const outcome = await this.#options.ask(of.device, { act, condition, eventId, comment });
      if (outcome.kind !== "accepted") return notTaken(of.deviceName, outcome);
      await clock.sleep(eventMsMax, isSo.signal).catch(() => undefined);
      return { kind: "done" };
    } finally {
      if (this.#asking.get(place) === asking) this.#asking.delete(place);
    }
  }

  /**
   * What people at the hub acknowledge. The hub repeats it until it is answered.
   *
   * @returns whether to answer it now; or why the machine refused it
   */
  askedAtHub(place: number, asked: AskedAcknowledgement): "now" | "later" | Refused {
    const known = this.#byPlace.get(place);
    const life = this.#board.lifeOf(place);
    const isOpen = life.raisedUs === asked.raisedUs && !life.acknowledged;
    const isOfMachine = known?.isHeard === false || known?.newest?.acked === false;
    if (!isOfMachine || !isOpen) {
      this.#atHub.delete(asked.id);
      return "now";
    }
    const before = this.#atHub.get(asked.id);
    if (before !== undefined && before !== "under way") {
      this.#atHub.delete(asked.id);
      return before;
    }
    // Without a link it waits: the hub says so, and asks again.
    if (before === undefined && known.isHeard && this.#atHub.size < askedMax) {
      this.#atHub.set(asked.id, "under way");
      void this.#passOfHub(place, asked);
    }
    return "later";
  }

  async #passOfHub(place: number, { id, person }: AskedAcknowledgement): Promise<void> {
    try {
      const passed = await this.pass(place, "acknowledge", { person });
      if (passed.kind === "refused") this.#atHub.set(id, passed);
      else this.#atHub.delete(id);
    } catch (failure) {
      this.#atHub.set(id, refused(messageChain(failure)));
    }
  }

  #take(of: MachineAlarmsOf, condition: MachineCondition): void {
    const key = keyOf(of.device, condition);
    const saying = toMachineState(condition);
    let known = this.#known.get(key);
    if (known === undefined) {
      const isQuiet = !saying.holds && !saying.waits && saying.acknowledged !== false;
      const origin = originOf(of, condition);
      const definition = defineMachineAlarm(of, origin);
      if (definition === undefined) this.#note(of, key, condition, saying);
      if (isQuiet || definition === undefined) return;
      const reuse = this.#known.size < knownMax ? undefined : this.#forgetOne();
      if (this.#known.size >= knownMax) {
        if (!this.#isFull) {
          this.#options.log.error("alarms.machine-alarms-full", { device: of.device, knownMax });
        }
        this.#isFull = true;
        return;
      }
      known = this.#remember(of, origin, this.#board.add(definition, origin, reuse));
    }
    known.newest = condition;
    known.isHeard = true;
    this.#mirror(known, this.#stateOf(known, condition));
  }

  /** First what the machine says of covers that it has from here: the rest is said beneath them. */
  #stateOf(known: Known, newest: MachineCondition): MachineState {
    this.#covers.follow(known);
    return toMachineState(newest, this.#covers.own(known.place));
  }

  #remember(of: MachineAlarmsOf, origin: MachineOrigin, place: number): Known {
    const known: Known = { of, origin, place, newest: undefined, isHeard: false };
    this.#known.set(keyOf(of.device, origin), known);
    this.#byPlace.set(place, known);
    return known;
  }

  /** The one that is normal for longest, by when it was known first. */
  #forgetOne(): number | undefined {
    for (const [key, { place }] of this.#known) {
      if (stateOf(this.#board.lifeOf(place)) !== "normal") continue;
      this.#known.delete(key);
      this.#byPlace.delete(place);
      return place;
    }
    return undefined;
  }

  #note(of: MachineAlarmsOf, key: string, condition: MachineCondition, state: MachineState): void {
    if (!state.holds) {
      this.#noted.delete(key);
      return;
    }
    if (this.#noted.has(key) || this.#noted.size >= knownMax) return;
    this.#noted.add(key);
    const id = machineAlarmId(originOf(of, condition));
    this.#board.note(id, machineAsset(of, condition), messageOf(condition));
  }

  #mirror(known: Known, state: MachineState): void {
    const { place, newest } = known;
    this.#escalate(known, state);
    for (let step = 0; step < mirrorStepsMax; step++) {
      const next = nextMirrorStep(this.#board.lifeOf(place), state);
      if (next === undefined) break;
      if (next.happening === "raise") this.#describe(known);
      this.#board.move(place, next.happening, next.latching, this.#by(known, next.happening));
    }
    const life = this.#board.lifeOf(place);
    if (life.acknowledged || life.raisedUs === 0 || newest?.acked === true) {
      this.#asking.get(place)?.done();
    }
  }

  /** It has become worse: people are told of it anew. */
  #escalate({ of, place, origin, newest }: Known, state: MachineState): void {
    if (newest === undefined || !state.holds) return;
    const life = this.#board.lifeOf(place);
    if (!life.holds || isCovered(stateOf(life))) return;
    const definition = defineMachineAlarm(of, { ...origin, severity: newest.severity });
    if (definition === undefined) return;
    if (definition.priority >= this.#board.definitionOf(place).priority) return;
    this.#board.move(place, "clear", false, { reason: "it has become worse" });
  }

  #describe({ of, place, origin, newest }: Known): void {
    if (newest === undefined) return;
    const { severity, sinceUs } = newest;
    const told = { ...origin, severity };
    const definition = defineMachineAlarm(of, told);
    if (definition === undefined) return;
    const named = of.named.get(origin.name)?.message ?? "";
    const message = named === "" ? messageOf(newest) : named;
    this.#board.describe(place, definition, { origin: told, message, machineUs: sinceUs });
  }

  #by({ place, newest, of }: Known, happening: AlarmHappening): Cover {
    switch (happening) {
      case "acknowledge":
      case "reset": {
        const person = this.#asking.get(place)?.person;
        if (person !== undefined) return { person };
        const there = newest?.person ?? "";
        return { person: there === "" ? of.deviceName : `${there}, at ${of.deviceName}` };
      }
      case "suppress":
        return { reason: coverWords(newest, of.deviceName) };
      case "clear":
        return newest === undefined ? { reason: `${of.deviceName} does not name it any more` } : {};
      case "raise":
      case "unsuppress":
      case "shelve":
      case "unshelve":
      case "take-out-of-service":
      case "return-to-service":
        return {};
    }
  }

  #of(device: string): MachineAlarmsOf | undefined {
    return this.#options.of.find((one) => one.device === device);
  }
}

/** Undefined for what the machine keeps nothing of. */
function actFor(
  happening: "acknowledge" | "reset",
  { acked, confirmed, latched }: MachineCondition,
): "acknowledge" | "confirm" | "reset" | undefined {
  if (happening === "acknowledge") return acked === false ? "acknowledge" : undefined;
  return confirmed === false ? "confirm" : latched === true ? "reset" : undefined;
}

function originOf(of: MachineAlarmsOf, one: MachineCondition): MachineOrigin {
  const { condition, branch, name, source, severity } = one;
  return { device: of.device, condition, branch, name, source, severity };
}

function keyOf(device: string, one: Pick<MachineCondition, "condition" | "branch">): string {
  return `${device} ${one.condition} ${one.branch}`;
}

function messageOf({ message, name }: MachineCondition): string {
  return (message === "" ? name : message).slice(0, messageMax);
}

function coverWords(condition: MachineCondition | undefined, device: string): string {
  if (condition?.outOfService === true) return `out of service at ${device}`;
  return condition?.shelved === true ? `shelved at ${device}` : `suppressed at ${device}`;
}

function refused(reason: string): Refused {
  return { kind: "refused", reason: `${reason}.` };
}
