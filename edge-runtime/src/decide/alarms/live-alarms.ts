/**
 * The alarms of a gateway: conditions in, transitions kept, people answered. It owns what each alarm is; the journal keeps
 * every change before anybody sees it (FP 32: the hub only mirrors).
 */
import {
  isActivation,
  joinAcknowledgements,
  shelfOver,
  type AlarmHappening,
} from "@millwright/alarms";
import type { Clock, Log, Random, Refused, Service } from "@millwright/kit";
import type { AskedAcknowledgement, SampleColumns } from "@millwright/wire-contract";
import type { AlarmCounts, AlarmRow, OperatingState } from "@millwright/wire-contract/events";

import type {
  AlarmAct,
  AlarmActor,
  AlarmDesk,
  AlarmFacts,
  AnswerToHub,
  EventBook,
} from "../../hand-over.ts";
import { decideAct } from "./acting.ts";
import { AlarmKeeping } from "./alarm-keeping.ts";
import { moveAlarm, type MoveBy, type MoveChange } from "./alarm-move.ts";
import {
  fromSaved,
  newRecord,
  noteEvent,
  notedEvent,
  removedEvents,
  toSaved,
  type AlarmRecord,
} from "./alarm-record.ts";
import { AlarmWatch } from "./alarm-watch.ts";
import { AnsweredAtHub, answerAsked, answerUnknown, unknownAlarm } from "./asked-at-hub.ts";
import type { AlarmDefinition, AlarmDefinitions } from "./definition.ts";
import { MachineAlarms, type MachineAlarmsOptions } from "./machine-alarms.ts";
import { machineBoard } from "./machine-board.ts";
import { ShownAlarms } from "./shown-alarms.ts";
import { suppressionOf } from "./suppression.ts";

/** The world as alarms see it besides the samples. */
export interface AlarmWorld {
  /** Dictionary index; undefined for a tag that is not there. */
  indexOf(tag: string): number | undefined;
  /** The newest value of a tag if it is good and a number; NaN otherwise. */
  valueOf(index: number): number;
  /** Its newest value is still proven. */
  isFresh(index: number): boolean;
  /** Undefined where nobody knows, or where the asset has just changed and has not settled. */
  stateOf(asset: string): OperatingState | undefined;
}

export interface LiveAlarmsOptions {
  readonly definitions: AlarmDefinitions;
  readonly world: AlarmWorld;
  readonly book: EventBook;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How a machine is asked to change an alarm of its own; left out where none is mirrored. */
  readonly askMachine?: MachineAlarmsOptions["ask"];
}

/** Shelves end and states are looked at so often when nothing else happens. */
const lookEveryMs = 1_000;
/** As in the settings: more would not fit into a row. */
const messageMax = 200;

export class LiveAlarms implements AlarmDesk, Service {
  readonly name = "alarms";
  readonly broken: Promise<never> = new Promise(() => undefined);
  readonly #options: LiveAlarmsOptions;
  /** Those of the settings, and after them those that machines own. */
  readonly #alarms: AlarmDefinition[];
  /** Those whose own alarms come in tell it what they say of them. */
  readonly machines: MachineAlarms;
  readonly #placeOf = new Map<string, number>();
  readonly #watch: AlarmWatch;
  readonly #keeping: AlarmKeeping;
  readonly #shown: ShownAlarms;
  /** As decided, and as they go to the journal. */
  readonly #records: AlarmRecord[];
  readonly #saved: AlarmRecord[];
  readonly #savedRecords: ReadonlyMap<string, AlarmRecord>;
  readonly #answered: AnsweredAtHub;
  #came = 0;
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #sleepsUntilMs = Infinity;
  #loop: Promise<void> | undefined;

  constructor(options: LiveAlarmsOptions) {
    this.#options = options;
    const { definitions, world, book, clock, random, log } = options;
    this.#alarms = [...definitions.alarms];
    for (const [place, { id }] of this.#alarms.entries()) this.#placeOf.set(id, place);
    const saved = fromSaved(book.state("alarms"));
    this.#records = this.#alarms.map((one) => {
      const record = saved.records.get(one.id) ?? newRecord(one);
      return one.condition.kind === "told" ? record : { ...record, message: one.message };
    });
    this.#saved = [...this.#records];
    this.#savedRecords = saved.records;
    this.#answered = new AnsweredAtHub(saved.answered);
    this.#shown = new ShownAlarms(this.#alarms, this.#records, saved.today, (place) =>
      this.#heldOf(place),
    );
    const noted = definitions.noted.map((one) => ({ ...one, onDelayMs: 0, offDelayMs: 0 }));
    this.#watch = new AlarmWatch(
      [...definitions.alarms, ...noted].map(({ tag, condition, onDelayMs, offDelayMs }, place) => ({
        tag: tag === undefined ? -1 : (world.indexOf(tag) ?? -1),
        condition,
        onDelayMs,
        offDelayMs,
        counts: this.#records[place]?.life.holds ?? false,
      })),
      (place, counts, value) => {
        this.#onCounts(place, counts, value);
      },
      (tag) => tag < 0 || world.isFresh(tag),
    );
    this.#keeping = new AlarmKeeping({
      ...{ book, clock, random, log },
      saved: (going) => {
        for (const { place, record } of going) {
          if (record !== undefined) this.#saved[place] = record;
        }
        const answered = this.#answered.saved(going);
        return toSaved(this.#alarms, this.#saved, this.#shown.today, answered);
      },
      kept: (transitions) => {
        this.#answered.kept(transitions);
      },
      show: (transitions) => {
        this.#shown.show(transitions);
      },
    });
    const ask =
      options.askMachine ??
      (() => Promise.resolve({ kind: "refused" as const, reason: "nobody can ask it" }));
    const of = definitions.machines ?? [];
    const board = machineBoard({
      ...{ alarms: this.#alarms, placeOf: this.#placeOf, records: this.#records },
      ...{ saved: this.#saved, shown: this.#shown, before: saved.records, clock },
      cameAs: () => (this.#came += 1),
      move: (place, happening, change, by) => {
        this.#move(place, happening, change, by);
      },
      keep: (event) => {
        this.#keeping.push({ place: -1, event, record: undefined });
      },
    });
    this.machines = new MachineAlarms({ of, ask, clock, log }, board);
    for (const { origin } of saved.records.values()) {
      if (origin !== undefined) this.machines.restore(origin);
    }
    this.#came = Math.max(0, ...this.#records.map(({ cameAs }) => cameAs));
  }

  /** Alarms of the last ten minutes are counted again, and states and shelves are looked at before any value comes. */
  async start(): Promise<void> {
    const { book, clock } = this.#options;
    const nowUs = clock.nowUs();
    const events = await book.list({ kind: "alarm", fromUs: nowUs - 600_000_000, max: 10_000 });
    for (const { atUs, body, kind } of events.toReversed()) {
      if (kind === "alarm" && isActivation(body)) this.#shown.remember(atUs);
    }
    const isThere = (alarm: string): boolean => this.#placeOf.has(alarm);
    for (const event of removedEvents(this.#savedRecords, isThere, nowUs)) {
      this.#keeping.push({ place: -1, event, record: undefined });
    }
    this.#look();
    this.#loop = this.#run();
  }

  async stop(deadline: AbortSignal): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    await this.#keeping.stop(deadline);
  }

  /** Samples in the order in which they came, history left out. Nothing is allocated for a sample that changes nothing. */
  watch(batch: SampleColumns & { readonly late: boolean }): void {
    if (batch.late) return;
    this.#watch.take(batch, this.#options.clock.monotonicMs());
    // A delay began that runs out before the loop would look.
    if (this.#watch.nextMs < this.#sleepsUntilMs) this.#wake.abort();
  }

  /** The state of an asset changed, or has settled. */
  statesChanged(): void {
    this.#look();
  }

  raise(alarm: string, facts: AlarmFacts = {}): boolean {
    const place = this.#toldPlace(alarm);
    if (place === undefined) return false;
    const { message, value, limit } = facts;
    const record = this.#recordAt(place);
    if (!record.life.holds) {
      const { life, changedUs, cameAs, acknowledgement, covers } = record;
      this.#records[place] = {
        ...{ life, changedUs, cameAs, covers },
        ...(acknowledgement === undefined ? {} : { acknowledgement }),
        message: (message ?? this.#definitionAt(place).message).slice(0, messageMax),
        ...(value === undefined || !Number.isFinite(value) ? {} : { value }),
        ...(limit === undefined || !Number.isFinite(limit) ? {} : { limit }),
      };
    }
    this.#tell(place, true);
    return true;
  }

  clear(alarm: string): boolean {
    const place = this.#toldPlace(alarm);
    if (place === undefined) return false;
    this.#tell(place, false);
    return true;
  }

  async act(act: AlarmAct, actor: AlarmActor): Promise<{ readonly kind: "done" } | Refused> {
    const place = this.#placeOf.get(act.alarm);
    const definition = this.#alarms[place ?? -1];
    const record = this.#records[place ?? -1];
    if (place === undefined || definition === undefined || record === undefined) {
      return { kind: "refused", reason: unknownAlarm(act.alarm) };
    }
    const nowUs = this.#options.clock.nowUs();
    if (act.act === "note") {
      const text = act.text.trim();
      if (text === "") return { kind: "refused", reason: "A note needs words." };
      const event = noteEvent(definition, record, { text, author: actor.person }, nowUs);
      this.#keeping.push({ place, event, record: undefined });
      await this.#keeping.settled();
      return { kind: "done" };
    }
    const decision = decideAct(act, actor, definition, record, nowUs);
    if (decision.kind === "refused") return decision;
    if (decision.kind === "happens") {
      const { happening, untilUs, untilClear, reason } = decision;
      const passed = await this.machines.pass(place, happening, {
        person: actor.person,
        ...(reason === undefined ? {} : { reason }),
        ...(untilUs === undefined ? {} : { untilUs }),
        ...(untilClear === undefined ? {} : { untilClear }),
      });
      if (passed.kind === "refused") return passed;
      if (passed.kind === "done") {
        await this.#keeping.settled();
        return { kind: "done" };
      }
      if (act.act === "acknowledge") this.#join(place, act.raisedUs, actor, nowUs);
      else this.#move(place, happening, {}, passed.by);
      this.#look();
    }
    await this.#keeping.settled();
    return { kind: "done" };
  }

  askedAtHub(all: readonly AskedAcknowledgement[]): readonly AnswerToHub[] {
    const nowUs = this.#options.clock.nowUs();
    const answers = all.flatMap((asked) => {
      if (!this.#answered.isNew(asked.id)) return [];
      const place = this.#placeOf.get(asked.alarm);
      const when = place === undefined ? "now" : this.machines.askedAtHub(place, asked);
      if (when === "later") return [];
      this.#answered.answering(asked.id);
      if (place === undefined) {
        const event = answerUnknown(asked, nowUs);
        this.#keeping.push({ place: -1, event, record: undefined });
        return [{ asked, refused: unknownAlarm(asked.alarm) }];
      }
      const definition = this.#definitionAt(place);
      const { record, event, refused } = answerAsked(
        asked,
        definition,
        this.#recordAt(place),
        nowUs,
        typeof when === "string" ? undefined : when.reason,
      );
      this.#records[place] = record;
      this.#keeping.push({ place, event, record: refused === undefined ? record : undefined });
      return [{ asked, ...(refused === undefined ? {} : { refused }) }];
    });
    if (answers.length > 0) this.#look();
    return answers;
  }

  list(): readonly AlarmRow[] {
    return this.#shown.list(this.#options.clock.nowUs());
  }

  row(alarm: string): AlarmRow | undefined {
    const place = this.#placeOf.get(alarm);
    return place === undefined ? undefined : this.#shown.row(place, this.#options.clock.nowUs());
  }

  since(revision: number): { readonly revision: number; readonly rows: readonly AlarmRow[] } {
    return this.#shown.since(revision, this.#options.clock.nowUs());
  }

  counts(): AlarmCounts {
    return this.#shown.counts(this.#options.clock.nowUs());
  }

  onChanged(listener: (alarms: readonly string[]) => void): () => void {
    return this.#shown.onChanged(listener);
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stop.signal.aborted) {
      const nowMs = clock.monotonicMs();
      const waitMs = Math.max(0, Math.min(lookEveryMs, this.#watch.nextMs - nowMs));
      this.#wake = new AbortController();
      this.#sleepsUntilMs = nowMs + waitMs;
      const signal = AbortSignal.any([this.#stop.signal, this.#wake.signal]);
      await clock.sleep(waitMs, signal).catch(() => undefined);
      this.#watch.turn(clock.monotonicMs());
      this.#look();
    }
  }

  /** What changes with time and with the states of machines: gates, suppression, shelves, and what is said about alarms. */
  #look(): void {
    const { clock, world } = this.#options;
    const nowUs = clock.nowUs();
    const nowMs = clock.monotonicMs();
    for (let place = 0; place < this.#alarms.length; place++) {
      const { states, asset, suppressedWhen } = this.#definitionAt(place);
      if (states !== undefined) {
        const state = world.stateOf(asset);
        this.#watch.open(place, state !== undefined && states.includes(state), nowMs);
      }
      this.#endShelf(place, nowUs);
      if (suppressedWhen !== undefined) this.#suppress(place);
    }
    this.machines.look();
    this.#shown.tellNews(nowUs);
  }

  /** A shelf ends by itself. Where the machine has it too, the machine ends it, unless its word does not come. */
  #endShelf(place: number, nowUs: number): void {
    const { life } = this.#recordAt(place);
    const over = shelfOver(life, nowUs);
    if (over === undefined) return;
    const by = over === "clear" ? { reason: "its condition has gone" } : {};
    const graceUs = this.machines.shelfGraceUs(place);
    if (graceUs > 0) this.machines.shelfOver(place, by.reason ?? "its time is over");
    const isOver = graceUs === 0 || life.shelvedUntilUs <= nowUs - graceUs;
    if (isOver) this.#move(place, "unshelve", {}, by);
  }

  #suppress(place: number): void {
    const { suppressedWhen } = this.#definitionAt(place);
    if (suppressedWhen === undefined) return;
    const words = suppressionOf(suppressedWhen, {
      stateOf: (asset) => this.#options.world.stateOf(asset),
      holds: (alarm) => {
        const record = this.#records[this.#placeOf.get(alarm) ?? -1];
        return record !== undefined && record.life.holds && !record.life.outOfService;
      },
      valueOf: (tag) => {
        const index = this.#options.world.indexOf(tag);
        return index === undefined ? NaN : this.#options.world.valueOf(index);
      },
    });
    const { suppressed } = this.#recordAt(place).life;
    if (words === undefined) {
      if (suppressed) this.#move(place, "unsuppress");
    } else if (!suppressed) this.#move(place, "suppress", {}, { reason: words });
  }

  #onCounts(place: number, counts: boolean, value: number): void {
    const noted = this.#options.definitions.noted[place - this.#settled];
    if (noted !== undefined) {
      if (counts) {
        const event = notedEvent(noted, this.#options.clock.nowUs());
        this.#keeping.push({ place: -1, event, record: undefined });
      }
      return;
    }
    const definition = this.#definitionAt(place);
    const { condition } = definition;
    if (counts) this.#came += 1;
    // Before it is raised, so that what is suppressed is never seen, not even for a moment.
    if (counts) this.#suppress(place);
    const limit =
      condition.kind === "limit"
        ? condition.limit
        : condition.kind === "rate"
          ? condition.perMinute
          : undefined;
    this.#move(place, counts ? "raise" : "clear", {
      ...(counts ? { cameAs: this.#came } : {}),
      ...(Number.isFinite(value) && condition.kind !== "told" ? { value } : {}),
      ...(limit === undefined ? {} : { limit }),
    });
  }

  #tell(place: number, holds: boolean): void {
    this.#watch.tell(place, holds, this.#options.clock.monotonicMs());
    if (this.#watch.nextMs < this.#sleepsUntilMs) this.#wake.abort();
  }

  /** Acknowledgements of the same occurrence from both sides become one, in whatever order they come. */
  #join(place: number, raisedUs: number, actor: AlarmActor, nowUs: number): void {
    const record = this.#recordAt(place);
    const own = { raisedUs, person: actor.person, at: "gateway", atUs: nowUs } as const;
    const acknowledgement = joinAcknowledgements(record.acknowledgement, own);
    if (acknowledgement === undefined || acknowledgement === record.acknowledgement) return;
    this.#move(place, "acknowledge", { acknowledgement }, { person: acknowledgement.person });
  }

  /** Lets something happen to an alarm; what follows from it goes to the journal. */
  #move(place: number, happening: AlarmHappening, change: MoveChange = {}, by: MoveBy = {}): void {
    const atUs = this.#options.clock.nowUs();
    const [definition, before] = [this.#definitionAt(place), this.#recordAt(place)];
    const moved = moveAlarm(definition, before, happening, atUs, change, by);
    if (moved === undefined) return;
    this.#records[place] = moved.record;
    if (isActivation(moved.event.body)) {
      const flood = this.#shown.activated(place, atUs);
      if (flood !== undefined) this.#options.log.warn("alarms.flood", { alarms: flood.count });
    }
    this.#keeping.push({ place, ...moved });
    // At once: it may have come again before the next look.
    if (happening === "clear") this.#endShelf(place, atUs);
  }

  /** So many are in the settings. */
  get #settled(): number {
    return this.#options.definitions.alarms.length;
  }

  #heldOf(place: number): string {
    if (place >= this.#settled) return this.machines.heldOf(place);
    const held = this.#watch.heldOf(place);
    if (held !== "") return held;
    const { tag } = this.#definitionAt(place);
    const index = tag === undefined ? undefined : this.#options.world.indexOf(tag);
    return index === undefined || this.#options.world.isFresh(index) ? "" : "the value is stale";
  }

  #toldPlace(alarm: string): number | undefined {
    const place = this.#placeOf.get(alarm);
    return this.#alarms[place ?? -1]?.condition.kind === "told" ? place : undefined;
  }

  #definitionAt(place: number): AlarmDefinition {
    const definition = this.#alarms[place];
    if (definition === undefined) throw new RangeError(`there is no alarm ${place}`);
    return definition;
  }

  #recordAt(place: number): AlarmRecord {
    const record = this.#records[place];
    if (record === undefined) throw new RangeError(`there is no alarm ${place}`);
    return record;
  }
}
