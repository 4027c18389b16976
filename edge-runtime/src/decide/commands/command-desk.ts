/**
 * Where every write to a machine goes through. What may be written is decided in `checks.ts`; here it is asked twice,
 * recorded before it is sent, sent once, and read back.
 *
 * | what happens | word |
 * |---|---|
 * | a check says no, when it comes or just before the driver has it | refused, expired |
 * | the driver says that the machine refused, or that nothing was sent | refused |
 * | the machine took it, and was read as declared | confirmed |
 * | the machine took it, and nothing is to be read | accepted |
 * | the machine took it, and what was read does not show it in time | unconfirmed |
 * | nobody knows whether the machine took it, and what was read does not show it | unknown |
 */
import { messageChain, type Clock, type Log } from "@millwright/kit";
import type { DeviceId, TagId } from "@millwright/wire-contract";
import { toJsonScalar, type CommandEvent, type JsonScalar } from "@millwright/wire-contract/events";

import type { AuditNote, EventBook, SampleBatch, SampleWatcher } from "../../hand-over.ts";
import { auditOf } from "./audit-of.ts";
import {
  changeOf,
  checks as allChecks,
  firstRefusal,
  isRefused,
  written,
  type Check,
  type Facts,
  type Refusal,
} from "./checks.ts";
import { CommandBook, isUnderWay } from "./command-book.ts";
import type {
  Command,
  CommandChange,
  CommandDesk,
  Grant,
  GrantView,
  Interlock,
  InterlockView,
} from "./command.ts";
import { blockedBy, interlockViews, type Known } from "./interlock-state.ts";
import { TakenBack, writeOnce, type Word } from "./one-write.ts";
import type { Proofs } from "./proofs.ts";
import { proofOf, ReadBacks } from "./read-back.ts";
import { SpentChange } from "./spent-change.ts";
import type { MachineDoor, Reading, TagTerms } from "./tag-terms.ts";
import { Tickets } from "./ticket.ts";

/** What a person waits for before he looks at the machine (ux-guide 6). */
const expiresInMs = 5_000;
/** Longer than a person waits, and short enough that the machine is still as he saw it. */
const expiresInMsMax = 60_000;
/** As many as a person and the rules of one gateway can have under way; the drivers have bounds of their own. */
const underWayMax = 64;
const keyCharactersMax = 128;
const part = "commands";

export interface CommandDeskOptions {
  readonly grants: readonly Grant[];
  readonly interlocks: readonly Interlock[];
  /** Every tag that a grant, an interlock or a read-back names. */
  readonly terms: ReadonlyMap<TagId, TagTerms>;
  readonly proofs: Proofs;
  readonly machine: MachineDoor;
  readonly journal: EventBook;
  /** For commands of rules and of the hub; those of a person are audited where they come in. */
  readonly audit: (note: AuditNote) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  /** Names this run of the gateway: letters and digits, of no other run. */
  readonly run: string;
  /** For tests that show what one of them is good for. */
  readonly checks?: readonly Check[];
}

interface AtDriver {
  readonly deadlineMs: number;
  readonly waiting: AbortController;
  /** Counted of its change so far. */
  spent: number;
}

/** What must go on holding while a write waits for its line. */
const standing: readonly string[] = ["present", "seen", "step", "rate", "mode", "interlock"];

export class Commands implements CommandDesk, SampleWatcher {
  readonly #options: CommandDeskOptions;
  readonly #checks: readonly Check[];
  readonly #standing: readonly Check[];
  readonly #grants: ReadonlyMap<TagId, Grant>;
  readonly #tagAt = new Map<number, TagId>();
  readonly #book: CommandBook;
  readonly #tickets: Tickets;
  readonly #readBacks: ReadBacks;
  readonly #spent = new SpentChange();
  /** Key by tag. */
  readonly #underWay = new Map<TagId, string>();
  /** Writes that wait at a driver. */
  readonly #atDriver = new Map<Command, AtDriver>();
  /** Tags whose last write ended unknown, by when, µs; until something is read of them that was received later. */
  readonly #unread = new Map<TagId, number>();
  readonly #listeners = new Set<(change: CommandChange) => void>();
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<CommandEvent>>();
  readonly #known: Known;
  /** Why the last record could not be kept. */
  #journalTrouble: string | undefined;

  constructor(options: CommandDeskOptions) {
    this.#options = options;
    this.#checks = options.checks ?? allChecks;
    this.#standing = this.#checks.filter(({ name }) => standing.includes(name));
    this.#grants = new Map(options.grants.map((grant) => [grant.tag, grant]));
    for (const [tag, { index }] of options.terms) this.#tagAt.set(index, tag);
    this.#book = new CommandBook(options.journal);
    this.#tickets = new Tickets(options.run);
    this.#readBacks = new ReadBacks(options.clock);
    this.#known = {
      terms: (tag) => options.terms.get(tag),
      reading: (tag) => this.#reading(tag),
    };
    this.#spent.restore(options.journal.state(part), options.clock.monotonicMs());
  }

  /** Ends what an earlier run left open: nobody knows what became of it, and nothing of it is sent again. */
  async start(): Promise<void> {
    for (const { key, event } of await this.#book.load()) {
      this.#unread.set(event.tag as TagId, this.#options.clock.nowUs());
      await this.#tell(key, event);
    }
  }

  /** Commands under way get no further; those whose end was not seen are unknown. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the gateway stops"));
    await Promise.allSettled(this.#running);
  }

  submit(command: Command): Promise<CommandEvent> {
    const { clock } = this.#options;
    const known = this.#book.find(command.key);
    if (known !== undefined) {
      if (isSame(known.command, command)) return known.result;
      return Promise.resolve(this.#says(command, { outcome: "refused", reason: keyReused }));
    }
    const left = this.#book.left(command.key);
    if (left !== undefined) return Promise.resolve(left);

    const nowMs = clock.monotonicMs();
    const fromMs =
      command.ticket === undefined ? nowMs : this.#tickets.givenMs(command.ticket, nowMs);
    const lastsMs = Math.min(command.expiresInMs ?? expiresInMs, expiresInMsMax);
    const deadlineMs = (fromMs ?? -Infinity) + lastsMs;
    const trouble = this.#troubleWith(command, nowMs);
    const result = this.#perform(command, deadlineMs, trouble);
    if (trouble === undefined) this.#book.add(command, deadlineMs, result);
    this.#running.add(result);
    void result.finally(() => this.#running.delete(result));
    return result;
  }

  ticket(): string {
    return this.#tickets.give(this.#options.clock.monotonicMs());
  }

  grants(): readonly GrantView[] {
    const views = this.interlocks();
    return [...this.#grants.values()].map((grant) => {
      const blocked = blockedBy(views, grant.tag);
      const underWay = this.#underWay.get(grant.tag);
      return {
        grant,
        resolution: this.#options.terms.get(grant.tag)?.resolution ?? 0,
        ...(blocked === undefined ? {} : { blocked: blocked.reason, interlock: blocked.interlock }),
        ...(underWay === undefined ? {} : { underWay }),
      };
    });
  }

  interlocks(): readonly InterlockView[] {
    return interlockViews(this.#options.interlocks, this.#known);
  }

  recent(max: number): readonly CommandChange[] {
    return this.#book.recent(max);
  }

  onChanged(listener: (change: CommandChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Samples came, and the view of current values shows them. */
  watch(batch: SampleBatch): void {
    const { proofs, clock } = this.#options;
    const found = proofs.watch(batch, clock.monotonicMs());
    for (const index of found) this.#read(index, batch.receivedUs);
    if (found.length > 0) this.#takeBackRefused();
  }

  /** A device proved values without saying them. */
  confirm(device: DeviceId, atUs: number, indices?: readonly number[]): void {
    const { proofs, clock } = this.#options;
    for (const index of proofs.proven(device, clock.monotonicMs(), indices))
      this.#read(index, atUs);
  }

  #read(index: number, receivedUs: number): void {
    const tag = this.#tagAt.get(index);
    if (tag === undefined) return;
    const reading = this.#reading(tag);
    if (reading.kind !== "good") return;
    // A receipt that lies ahead was stamped before the clock was set back, and may be older than it says.
    if (receivedUs > this.#options.clock.nowUs()) return;
    if (receivedUs > (this.#unread.get(tag) ?? Infinity)) this.#unread.delete(tag);
    this.#readBacks.read(tag, reading.value, receivedUs);
  }

  #reading(tag: TagId): Reading {
    const { terms, proofs, clock } = this.#options;
    const index = terms.get(tag)?.index;
    return index === undefined
      ? { kind: "unknown", why: "there is no such tag" }
      : proofs.reading(index, clock.monotonicMs());
  }

  /** A write that still waits for its line is taken back the moment it would not be let through any more. */
  #takeBackRefused(): void {
    for (const [command, at] of this.#atDriver) {
      const facts = this.#facts(command, at.deadlineMs, undefined);
      const { terms, present, spent } = facts;
      // The machine has it already: what is seen is our own write, whose answer is still on its way.
      if (present.kind === "good" && terms?.same(present.value, command.value) === true) continue;
      const own = { ...facts, spent: spent - at.spent };
      const refusal = firstRefusal(this.#standing, own);
      if (refusal !== undefined) at.waiting.abort(new TakenBack(refusal));
      else this.#spendFor(command, at, terms, present);
    }
  }

  /** What the write will change, as far as it is not counted yet. */
  #spendFor(
    { tag, value }: Command,
    at: AtDriver,
    terms: TagTerms | undefined,
    present: Reading,
  ): void {
    const more = changeOf(terms, value, present) - at.spent;
    if (more <= 0) return;
    at.spent += more;
    const { journal, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#spent.add(tag, more, nowMs);
    journal.saveState(part, this.#spent.saved(nowMs));
  }

  /** Why a command cannot even be followed. */
  #troubleWith({ key, origin, ticket }: Command, nowMs: number): string | undefined {
    if (key.length === 0 || key.length > keyCharactersMax) {
      return `its key needs 1 to ${keyCharactersMax} characters`;
    }
    if (ticket === undefined && origin.kind !== "rule")
      return "it brings no number of this gateway";
    if (this.#stopping.signal.aborted) return "the gateway stops";
    const room = this.#underWay.size < underWayMax && this.#book.makeRoom(nowMs);
    return room ? undefined : "too many commands are under way";
  }

  async #perform(
    command: Command,
    deadlineMs: number,
    trouble: string | undefined,
  ): Promise<CommandEvent> {
    const { tag, key, origin } = command;
    const first = this.#refusal(command, deadlineMs, trouble);
    if (first?.outcome === "expired" && command.ticket !== undefined) {
      // It may be the same command once more, of which only the journal knows.
      const kept = await this.#book.kept(key).catch(() => undefined);
      if (kept !== undefined) return kept;
    }
    const grant = this.#grants.get(tag);
    const terms = this.#options.terms.get(tag);
    if (first !== undefined || grant === undefined || terms === undefined) {
      return await this.#end(command, first ?? { outcome: "refused", reason: "it is not granted" });
    }

    this.#underWay.set(tag, key);
    try {
      const before = this.#presentOf(tag);
      if (grant.dryRun) return await this.#end(command, { outcome: "dry-run", ...before });
      const recorded = this.#tell(key, this.#says(command, { outcome: "sent", ...before }));
      // A rule answers within milliseconds, and after a restart looks at the value before it writes. Of a request that
      // acts each time it is made, and of what a person may ask again, the record comes first.
      if (origin.kind !== "rule" || grant.handshake !== undefined) {
        const failure = await recorded;
        if (failure !== undefined) {
          const reason = `nothing is written that cannot be recorded: ${failure}`;
          return await this.#end(command, { outcome: "refused", reason, ...before });
        }
      }
      const word = await this.#write(command, grant, terms, deadlineMs);
      return await this.#end(command, { ...before, ...word });
    } finally {
      this.#underWay.delete(tag);
    }
  }

  async #write(command: Command, grant: Grant, terms: TagTerms, deadlineMs: number): Promise<Word> {
    const { clock, machine, log } = this.#options;
    const { tag } = command;
    const device = terms.toDevice(command.value);
    if (isRefused(device)) return { outcome: "refused", reason: device.reason };
    const at: AtDriver = { deadlineMs, waiting: new AbortController(), spent: 0 };
    try {
      return await writeOnce(
        {
          tag,
          name: terms.name,
          device,
          proof: proofOf(grant, written(terms, command.value), (each) =>
            this.#options.terms.get(each),
          ),
          deadlineMs,
          admit: () => {
            const refusal = this.#refusal(command, deadlineMs);
            if (refusal !== undefined) return refusal;
            this.#spendFor(command, at, terms, this.#reading(tag));
            this.#atDriver.set(command, at);
            return undefined;
          },
          takenBack: at.waiting.signal,
          stopping: this.#stopping.signal,
          accepted: () => {
            this.#atDriver.delete(command);
            void this.#tell(command.key, this.#says(command, { outcome: "accepted" }));
          },
          unknown: () => {
            this.#unread.set(tag, clock.nowUs());
          },
        },
        machine,
        this.#readBacks,
        clock,
        log,
      );
    } finally {
      this.#atDriver.delete(command);
    }
  }

  #refusal(command: Command, deadlineMs: number, deskTrouble?: string): Refusal | undefined {
    return firstRefusal(this.#checks, this.#facts(command, deadlineMs, deskTrouble));
  }

  #facts(command: Command, deadlineMs: number, deskTrouble: string | undefined): Facts {
    const { terms, clock } = this.#options;
    const { tag } = command;
    const grant = this.#grants.get(tag);
    const nowMs = clock.monotonicMs();
    return {
      command,
      nowMs,
      deadlineMs,
      grant,
      terms: terms.get(tag),
      present: this.#reading(tag),
      mode: grant?.mode === undefined ? undefined : this.#reading(grant.mode.tag),
      modeTerms: grant?.mode === undefined ? undefined : terms.get(grant.mode.tag),
      interlocks: this.interlocks(),
      underWay: this.#underWay.get(tag),
      unread: this.#unread.has(tag),
      spent: this.#spent.within(tag, nowMs),
      // The record of a person's command is waited for; a rule's is not, so there the one before it counts.
      journalTrouble: command.origin.kind === "rule" ? this.#journalTrouble : undefined,
      deskTrouble,
    };
  }

  #presentOf(tag: TagId): { readonly before?: JsonScalar } {
    const reading = this.#reading(tag);
    return reading.kind === "good" ? { before: toJsonScalar(reading.value) } : {};
  }

  /** The last word, and the audit entry. */
  async #end(command: Command, word: Word): Promise<CommandEvent> {
    const event = this.#says(command, word);
    const told = this.#tell(command.key, event);
    const audited = command.origin.kind === "hmi" ? undefined : this.#audit(command, event);
    if (command.origin.kind !== "rule") await Promise.all([told, audited]);
    return event;
  }

  async #audit(command: Command, event: CommandEvent): Promise<void> {
    const { audit, log } = this.#options;
    await audit(auditOf(event)).catch((failure: unknown) => {
      log.error("decide.audit-failed", { tag: command.tag, why: messageChain(failure) });
    });
  }

  #says({ tag, value, origin, reason: purpose }: Command, word: Word): CommandEvent {
    return {
      ...word,
      tag,
      value: toJsonScalar(written(this.#options.terms.get(tag), value)),
      origin,
      ...(purpose === undefined ? {} : { purpose }),
    };
  }

  /** Says it to all who listen, and records it. @returns why it could not be recorded, once that is known */
  async #tell(key: string, event: CommandEvent): Promise<string | undefined> {
    const { journal, clock, terms, log } = this.#options;
    const atUs = clock.nowUs();
    const change: CommandChange = { key, atUs, event, final: !isUnderWay(event) };
    this.#book.note(change);
    for (const listener of this.#listeners) listener(change);
    const asset = terms.get(event.tag as TagId)?.asset ?? "";
    try {
      await journal.keep([{ kind: "command", atUs, asset, subject: key, body: event }]);
      this.#journalTrouble = undefined;
      return undefined;
    } catch (failure) {
      this.#journalTrouble = messageChain(failure);
      log.error("decide.command-not-recorded", { key, why: messageChain(failure) });
      return messageChain(failure);
    }
  }
}

const keyReused = "its key was used for another command; make a new one for each";

function isSame(one: Command, other: Command): boolean {
  return (
    one.tag === other.tag &&
    toJsonScalar(one.value) === toJsonScalar(other.value) &&
    one.origin.kind === other.origin.kind &&
    one.origin.who === other.origin.who
  );
}
