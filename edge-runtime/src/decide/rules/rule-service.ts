/**
 * The rules of a running gateway: what is received goes into the feed, what is decided is done and told. It scans a
 * millisecond behind, when the instant is over.
 */
import { aborted, messageChain, race, type Clock, type Log, type Service } from "@millwright/kit";
import type { NewEvent, RuleEvent } from "@millwright/wire-contract/events";
import type { Scalar, TagId } from "@millwright/wire-contract";

import type {
  AlarmDesk,
  CommandDesk,
  EpisodeDesk,
  EventBook,
  SampleBatch,
  SavedState,
} from "../../hand-over.ts";
import { RuleFeed } from "./feed.ts";
import type { Rule, RuleBook } from "./rule.ts";
import type { ActionFile } from "./rule-file.ts";
import type { OperandRow, RuleActDone, RuleDesk, RuleRow } from "./rule-row.ts";
import { fieldOf } from "./rule-state.ts";
import { eventOf, operandRows, rowOf } from "./rule-view.ts";
import { instantUs, RuleScan, type Decision, type Operand } from "./scan.ts";

export interface RuleServiceOptions {
  readonly book: RuleBook;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventBook;
  readonly commands: Pick<CommandDesk, "submit">;
  readonly alarms: Pick<AlarmDesk, "raise" | "clear" | "row" | "onChanged">;
  readonly episodes: Pick<EpisodeDesk, "health" | "episodes" | "onChanged">;
  /** Takes a capture now. */
  readonly capture: (tag: string, why: string) => void;
  /** Dictionary indices are below this. */
  readonly tagCount: number;
  /** Which slots a device proves when it proves all it has. */
  readonly deviceOf: (index: number) => string;
}

const part = "rules";
/** Longer is no pause: then the rule is to be taken out of the settings. */
const pauseMinutesMax = 480;
/** As ClockSegments of the journal: less between wall and monotonic time is the jitter of reading them. */
const clockStepUs = 100_000;
/** Wakes at least so often, which is when a step of the clock is seen. */
const lookEveryMs = 1_000;
/** Made once: without a reason each abort makes one with a stack of its own, with each poll of a device. */
const woken = new Error("something came in");

export class RuleService implements Service, RuleDesk {
  readonly name = "rules";
  readonly broken: Promise<never>;
  readonly #options: RuleServiceOptions;
  readonly #scan: RuleScan;
  readonly #feed: RuleFeed;
  readonly #break: (failure: unknown) => void;
  /** Slot by dictionary index; -1 where no rule asks. */
  readonly #slotOf: Int32Array;
  readonly #slotsOfDevice = new Map<string, number[]>();
  readonly #why = new Map<string, readonly OperandRow[]>();
  readonly #listeners = new Set<(rules: readonly string[]) => void>();
  readonly #stopping = new AbortController();
  readonly #ends: (() => void)[] = [];
  readonly #pending = new Set<Promise<unknown>>();
  #decided: Decision[] = [];
  #wake: AbortController | undefined;
  #wakesAtUs = Infinity;
  #running: Promise<void> = Promise.resolve();
  #baseUs: number;
  #scannedUs = 0;
  /** Up to where the run before this one had scanned; absent when it was killed. */
  readonly #endedUs: SavedState | undefined;

  constructor(options: RuleServiceOptions) {
    this.#options = options;
    const { book, events, clock, tagCount, deviceOf } = options;
    const saved = events.state(part);
    this.#scan = new RuleScan(book, fieldOf(saved, "rules"));
    this.#endedUs = fieldOf(saved, "endedUs");
    this.#feed = new RuleFeed(this.#scan, (decision) => {
      this.#decided.push(decision);
    });
    this.#slotOf = new Int32Array(book.rules.length === 0 ? 0 : tagCount).fill(-1);
    for (const [slot, { source }] of book.slots.entries()) {
      if (source.kind !== "tag") continue;
      this.#slotOf[source.index] = slot;
      const device = deviceOf(source.index);
      const slots = this.#slotsOfDevice.get(device) ?? [];
      slots.push(slot);
      this.#slotsOfDevice.set(device, slots);
    }
    this.#baseUs = baseOf(clock);
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => undefined);
    this.broken = promise;
    this.#break = reject;
  }

  /** Conditions judged since the start; what came after its instant had been scanned. */
  get counters(): { readonly evaluations: number; readonly late: number } {
    return { evaluations: this.#scan.evaluations, late: this.#feed.late };
  }

  start(): Promise<void> {
    const { book, alarms, episodes } = this.#options;
    const byAlarm = new Map<string, number>();
    const byAsset = new Map<string, number[]>();
    for (const [slot, { source }] of book.slots.entries()) {
      if (source.kind === "alarm") byAlarm.set(source.alarm, slot);
      else if (source.kind !== "tag") {
        byAsset.set(source.asset, [...(byAsset.get(source.asset) ?? []), slot]);
      }
    }
    if (byAlarm.size > 0) {
      const look = (changed: Iterable<string>): void => {
        for (const alarm of changed) this.#lookAtAlarm(alarm, byAlarm.get(alarm));
      };
      this.#ends.push(alarms.onChanged(look));
      look(byAlarm.keys());
    }
    if (byAsset.size > 0) {
      const look = (asset: string): void => {
        for (const slot of byAsset.get(asset) ?? []) this.#lookAtAsset(asset, slot);
      };
      this.#ends.push(episodes.onChanged(look));
      for (const asset of byAsset.keys()) look(asset);
    }
    if (book.rules.length === 0) return Promise.resolve();
    this.#tellStart();
    // The alarm desk remembers as well; saying it again changes nothing.
    for (const { rule, state } of this.#scan.rules) {
      if (state.active) for (const action of rule.then) this.#raise(action);
    }
    this.#running = this.#run().catch((defect: unknown) => {
      this.#break(defect);
    });
    return Promise.resolve();
  }

  async stop(deadline: AbortSignal): Promise<void> {
    this.#stopping.abort(new Error("the gateway stops"));
    this.#wake?.abort();
    for (const end of this.#ends) end();
    await Promise.race([Promise.all([this.#running, ...this.#pending]), aborted(deadline)]);
    if (this.#options.book.rules.length > 0) this.#save({ endedUs: this.#scannedUs });
  }

  /** A backtest begins anew where the gateway did, and it has to know where that was. */
  #tellStart(): void {
    const { clock, events } = this.#options;
    const endedUs = this.#endedUs;
    const kept = events.keep([
      {
        ...{ kind: "rule", atUs: clock.nowUs(), asset: "", subject: "" },
        body: {
          ...{ what: "started", version: "", operands: [], actions: [] },
          ...(typeof endedUs === "number" ? { untilUs: endedUs } : {}),
        },
      },
    ]);
    this.#follow(kept, "decide.rule-event-lost");
    this.#save();
  }

  #save(more: { readonly endedUs?: number } = {}): void {
    this.#options.events.saveState(part, { rules: this.#scan.save(), ...more });
  }

  /** Samples of one device. The columns are read at once. */
  watch(batch: SampleBatch): void {
    if (batch.late || this.#slotOf.length === 0) return;
    const { count, tag, value, status, measuredUs, wide, receivedUs } = batch;
    const slots = this.#slotOf;
    let any = false;
    for (let row = 0; row < count; row++) {
      const slot = slots[tag[row] ?? -1] ?? -1;
      if (slot < 0) continue;
      // Seen before anything of the new time comes in: what passed on the wall clock alone is no time.
      if (!any) this.#followClock();
      const scalar: Scalar | undefined = wide?.get(row) ?? value[row];
      this.#feed.value(receivedUs, slot, scalar, status[row] ?? 0, measuredUs[row] ?? receivedUs);
      any = true;
    }
    if (any) this.#wakeAt(receivedUs);
  }

  /** The values that a device gave last still hold: all of them, or those of these tags. */
  confirm(device: string, atUs: number, indices?: readonly number[]): void {
    const slots =
      indices === undefined
        ? (this.#slotsOfDevice.get(device) ?? [])
        : indices.map((index) => this.#slotOf[index] ?? -1).filter((slot) => slot >= 0);
    if (slots.length === 0) return;
    this.#followClock();
    this.#feed.act(atUs, (instant) => {
      for (const slot of slots) this.#scan.prove(slot, instant);
    });
    this.#wakeAt(atUs);
  }

  list(): readonly RuleRow[] {
    return this.#scan.rules.map(({ rule, state }) => {
      const now = this.#rows(rule, this.#scan.operands(rule));
      return rowOf(rule, state, now, this.#why.get(rule.id));
    });
  }

  row(id: string): RuleRow | undefined {
    return this.list().find((row) => row.id === id);
  }

  async pause(id: string, minutes: number, person: string, reason: string): Promise<RuleActDone> {
    const rule = this.#ruleOf(id);
    if (rule === undefined) return refused(`there is no rule ${id}`);
    if (rule.pausedBy === "nobody") return refused(`rule ${id} may be paused by nobody`);
    if (!(minutes >= 1 && minutes <= pauseMinutesMax)) {
      return refused(`a rule is paused for 1 to ${pauseMinutesMax} minutes`);
    }
    if (reason.trim() === "") return refused("say why, so that whoever comes next knows");
    const nowUs = this.#options.clock.nowUs();
    const untilUs = nowUs + minutes * 60_000_000;
    const done = this.#act(nowUs, () => this.#scan.pause(id, untilUs, person, reason));
    await this.#options.events.keep([
      this.#personEvent(rule, "paused", nowUs, person, { reason, untilUs }),
    ]);
    await done;
    this.#tell([id]);
    return { kind: "done" };
  }

  async resume(id: string, person: string): Promise<RuleActDone> {
    const rule = this.#ruleOf(id);
    if (rule === undefined) return refused(`there is no rule ${id}`);
    if (this.row(id)?.paused === undefined) return { kind: "done" };
    const nowUs = this.#options.clock.nowUs();
    const done = this.#act(nowUs, () => this.#scan.resume(id));
    await this.#options.events.keep([this.#personEvent(rule, "resumed", nowUs, person, {})]);
    await done;
    this.#tell([id]);
    return { kind: "done" };
  }

  async reset(id: string, person: string): Promise<RuleActDone> {
    const rule = this.#ruleOf(id);
    if (rule === undefined) return refused(`there is no rule ${id}`);
    if (!rule.latch) return refused(`rule ${id} clears by itself; there is nothing to reset`);
    if (this.row(id)?.fired !== true) return { kind: "done" };
    const nowUs = this.#options.clock.nowUs();
    const done = this.#act(nowUs, () => this.#scan.reset(id));
    await this.#options.events.keep([this.#personEvent(rule, "reset", nowUs, person, {})]);
    await done;
    this.#tell([id]);
    return { kind: "done" };
  }

  onChanged(listener: (rules: readonly string[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const stopping = this.#stopping.signal;
    for (;;) {
      if (stopping.aborted) return;
      this.#followClock();
      // An instant is over when the next one has begun.
      this.#scannedUs = clock.nowUs() - instantUs;
      this.#feed.runTo(this.#scannedUs);
      this.#perform();
      const overUs = this.#feed.nextUs + instantUs;
      const waitMs = Math.min(lookEveryMs, Math.ceil((overUs - clock.nowUs()) / 1_000));
      if (waitMs <= 0) continue;
      this.#wake = new AbortController();
      this.#wakesAtUs = clock.nowUs() + waitMs * 1_000;
      await clock.sleep(waitMs, this.#wake.signal).catch(() => undefined);
      this.#wake = undefined;
    }
  }

  #wakeAt(receivedUs: number): void {
    if (this.#wakesAtUs <= receivedUs + 2 * instantUs) return;
    this.#wakesAtUs = receivedUs;
    this.#wake?.abort(woken);
  }

  /** Steps of the wall clock begin all counting anew; it is time that passes what `for` is about. */
  #followClock(): void {
    const { clock } = this.#options;
    const baseUs = baseOf(clock);
    if (Math.abs(baseUs - this.#baseUs) <= clockStepUs) return;
    this.#baseUs = baseUs;
    this.#feed.clockSet(clock.nowUs());
  }

  /** Does and tells what was decided in these instants. */
  #perform(): void {
    const decided = this.#decided;
    if (decided.length === 0) return;
    this.#decided = [];
    const events: NewEvent[] = [];
    for (const decision of decided) {
      const { rule, what, atUs, actions } = decision;
      const operands = this.#rows(rule, decision.operands);
      if (what === "fired") this.#why.set(rule.id, operands);
      for (const [at, action] of actions.entries()) this.#do(decision, action, at);
      if (what === "cleared") {
        for (const action of rule.then)
          if ("raise" in action) this.#options.alarms.clear(action.raise);
      }
      if (what === "known") {
        for (const action of rule.onUnknown?.then ?? []) {
          if ("raise" in action) this.#options.alarms.clear(action.raise);
        }
      }
      events.push(eventOf(rule, what, atUs, operands, actions));
    }
    this.#save();
    this.#follow(this.#options.events.keep(events), "decide.rule-event-lost");
    this.#tell([...new Set(decided.map(({ rule }) => rule.id))]);
  }

  #tell(rules: readonly string[]): void {
    for (const listener of this.#listeners) listener(rules);
  }

  #do({ rule, atUs }: Decision, action: ActionFile, at: number): void {
    if ("write" in action) {
      const written = this.#options.commands.submit({
        // One firing is one command, also when it is decided twice.
        key: `rule/${rule.id}/${rule.version}/${atUs}/${at}`,
        tag: action.write as TagId,
        value: action.value,
        origin: { kind: "rule", who: rule.id },
        reason: rule.title,
      });
      this.#follow(written, "decide.rule-write-lost");
    } else if ("raise" in action) this.#raise(action);
    else if ("capture" in action)
      this.#options.capture(action.capture, `rule ${rule.id}: ${rule.title}`);
  }

  #raise(action: ActionFile): void {
    if ("raise" in action) this.#options.alarms.raise(action.raise);
  }

  /** Resolves when the rules have seen it, in its own instant; or when the gateway stops. */
  async #act(atUs: number, act: () => void): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#followClock();
    this.#feed.act(atUs, () => {
      act();
      this.#save();
      resolve(undefined);
    });
    this.#wakeAt(atUs);
    await race(promise, this.#stopping.signal).catch(() => undefined);
  }

  /** What is on its way when the gateway stops is waited for; what fails is said, because nobody waits for it. */
  #follow(work: Promise<unknown>, trouble: string): void {
    const followed = work.catch((failure: unknown) => {
      this.#options.log.error(trouble, { reason: messageChain(failure) });
    });
    this.#pending.add(followed);
    void followed.finally(() => this.#pending.delete(followed));
  }

  #personEvent(
    rule: Rule,
    what: "paused" | "resumed" | "reset",
    atUs: number,
    person: string,
    more: Pick<RuleEvent, "reason" | "untilUs">,
  ): NewEvent {
    const event = eventOf(rule, what, atUs, this.#rows(rule, this.#scan.operands(rule)), []);
    return { ...event, body: { ...event.body, person, ...more } };
  }

  #rows(rule: Rule, operands: readonly Operand[]): readonly OperandRow[] {
    return operandRows(rule, this.#options.book, operands);
  }

  #ruleOf(id: string): Rule | undefined {
    return this.#options.book.rules.find((rule) => rule.id === id);
  }

  #lookAtAlarm(alarm: string, slot: number | undefined): void {
    if (slot === undefined) return;
    const row = this.#options.alarms.row(alarm);
    this.#set(slot, row?.holds ?? false);
  }

  #lookAtAsset(asset: string, slot: number): void {
    const kind = this.#options.book.slots[slot]?.source.kind;
    const health = this.#options.episodes.health(asset);
    if (kind === "state") {
      this.#set(slot, health?.state.state ?? "unknown");
      return;
    }
    const lasting = this.#options.episodes.episodes().filter((one) => one.asset === asset);
    if (kind === "episode") this.#set(slot, lasting.length > 0);
    else this.#set(slot, Math.max(0, ...lasting.map(({ event }) => event.severity)));
  }

  #set(slot: number, value: Scalar): void {
    const nowUs = this.#options.clock.nowUs();
    this.#followClock();
    this.#feed.value(nowUs, slot, value, 0, nowUs);
    this.#wakeAt(nowUs);
  }
}

function baseOf(clock: Clock): number {
  return clock.nowUs() - clock.monotonicMs() * 1_000;
}

function refused(reason: string): RuleActDone {
  return { kind: "refused", reason };
}
