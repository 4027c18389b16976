import { messageChain, type Refused } from "@millwright/kit";
import type { Scalar, WriteOutcome } from "@millwright/wire-contract";

import type {
  ArrayReading,
  ArrayWish,
  DriverSession,
  HistoryWish,
  ReadingBatch,
  ResumePoint,
} from "../driver.ts";
import type { ConditionAct } from "../machine-condition.ts";
import { isAborted } from "./aborted.ts";
import type { Conversation } from "./conversation.ts";
import { toLinkFault } from "./faults.ts";
import type { Library } from "./library.ts";
import { openConversation, type Subject } from "./open-conversation.ts";
import { healthOf, isBetter, keepAliveMsOfTwo, type Health } from "./redundancy.ts";
import { parseResume } from "./resume.ts";
import type { OpcuaSettings } from "./settings.ts";
import { Standby } from "./standby.ts";
import { trustFolderOf } from "./trust.ts";

/** A planned change takes back what was made in the server that is left; it may be too ill to answer. */
const leaveMsMax = 2_000;

/**
 * A session to both servers of a pair, values from one of them (non-transparent redundancy, "warm"; OPC 10000-4,
 * 6.6.2.4.5). When the one that reports is lost, or the other is healthier, values come from the other. What neither
 * has told us in between is in the ledger, or is read from the history of the server that took over.
 */
export class RedundantSession implements DriverSession {
  readonly #library: Library;
  readonly #subject: Subject;
  readonly #settings: OpcuaSettings;
  #active: Conversation;
  #standby: Standby;
  /** Ends the readings of the active one, so that the other can take over. */
  #leave = new AbortController();
  #over = false;

  /** @param active held with the server of `settings.url` or `settings.redundantUrl` */
  constructor(library: Library, subject: Subject, settings: OpcuaSettings, active: Conversation) {
    this.#library = library;
    this.#subject = subject;
    this.#settings = settings;
    this.#active = active;
    this.#standby = this.#standBy();
    this.#watch();
  }

  get resume(): ResumePoint {
    return this.#active.resume;
  }

  async *readings(signal: AbortSignal): AsyncIterable<ReadingBatch> {
    while (!isAborted(signal)) {
      let lost: unknown;
      try {
        yield* this.#active.readings(AbortSignal.any([signal, this.#leave.signal]));
      } catch (failure) {
        lost = failure;
      }
      if (isAborted(signal)) return;
      await this.#changeOver(lost, signal);
    }
  }

  write(point: number, value: Scalar, signal: AbortSignal): Promise<WriteOutcome> {
    return this.#active.write(point, value, signal);
  }

  actOnCondition(act: ConditionAct, signal: AbortSignal): Promise<WriteOutcome> {
    return this.#active.actOnCondition(act, signal);
  }

  readArray(wish: ArrayWish, signal: AbortSignal): Promise<ArrayReading | Refused> {
    return this.#active.readArray(wish, signal);
  }

  get historyPoints(): readonly number[] {
    return this.#active.historyPoints;
  }

  readHistory(
    wish: HistoryWish,
    take: (batch: ReadingBatch) => Promise<void>,
    signal: AbortSignal,
  ): Promise<readonly number[]> {
    return this.#active.readHistory(wish, take, signal);
  }

  async end(signal: AbortSignal): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    await Promise.all([this.#standby.end(signal), this.#active.end(signal)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) {
      this.#over = true;
      // Nothing is left in the server that stood by; its session would only take a place there.
      await this.#standby.end(AbortSignal.timeout(leaveMsMax));
    }
    await this.#active[Symbol.asyncDispose]();
  }

  /** @throws what was lost when there is nothing to change over to: then the conversation is over */
  async #changeOver(lost: unknown, signal: AbortSignal): Promise<void> {
    const { context, notes } = this.#subject;
    const { device, log, clock } = context;
    const beganMs = clock.monotonicMs();
    const url = this.#standby.url;
    const held = await this.#standby.take();
    if (held === undefined) {
      // A standby that went away in this very moment: the supervisor looks for both again.
      throw toLinkFault(device, lost ?? new Error(`${url} went away`));
    }
    const why = lost === undefined ? "the other server is healthier" : messageChain(lost);
    log.warn("acquire.change-over", { device, to: url, why });
    if (lost === undefined) {
      await this.#active.end(AbortSignal.timeout(leaveMsMax)).catch(() => undefined);
    }
    await this.#active[Symbol.asyncDispose]();
    const settings = ofServer(this.#settings, url);
    try {
      this.#active = await openConversation(
        this.#subject,
        {
          settings,
          trustFolder: trustFolderOf(settings, context.stateFolder),
          resume: parseResume(this.#active.resume),
          held,
        },
        signal,
      );
    } catch (failure) {
      held.session.channel.drop("the change over has failed");
      log.warn("acquire.change-over-failed", { device, to: url, why: messageChain(failure) });
      throw toLinkFault(device, lost ?? failure);
    }
    const tookMs = Math.round(clock.monotonicMs() - beganMs);
    log.info("acquire.changed-over", { device, to: url, tookMs });
    for (const topic of ["service level", "state"]) notes.set(topic, "");
    notes.set("rung", `changed over to ${url}: ${why}`);
    this.#leave = new AbortController();
    this.#standby = this.#standBy();
    this.#watch();
  }

  /** The server that does not report, whichever it is. */
  #standBy(): Standby {
    const { context, notes } = this.#subject;
    const { device, stateFolder, clock, log, random } = context;
    const { url, redundantUrl = url } = this.#settings;
    const settings = ofServer(this.#settings, this.#active.url === url ? redundantUrl : url);
    return new Standby({
      library: this.#library,
      device,
      settings,
      stateFolder,
      trustFolder: trustFolderOf(settings, stateFolder),
      clock,
      log,
      random,
      notes,
      changed: () => {
        this.#judge();
      },
    });
  }

  #watch(): void {
    this.#active.onServiceLevel(() => {
      this.#judge();
    });
  }

  #judge(): void {
    const active: Health = healthOf(this.#active.serviceLevel);
    if (isBetter(this.#standby.health, active)) this.#leave.abort(new Error("change over"));
  }
}

/** The settings for one server of the pair. `redundantUrl` stays, so that the second one is known as the second. */
export function ofServer(settings: OpcuaSettings, url: string): OpcuaSettings {
  const keepAliveMs = Math.min(settings.keepAliveMs, keepAliveMsOfTwo);
  return { ...settings, url, keepAliveMs };
}
