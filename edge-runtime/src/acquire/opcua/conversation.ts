import { Fault, race, type Refused } from "@millwright/kit";
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
import { actOnCondition } from "./condition-calls.ts";
import { ServiceFailure, toLinkFault } from "./faults.ts";
import { Listening, type ListeningParts } from "./listening.ts";
import { deleteSubscription } from "./monitoring.ts";
import { readArray } from "./read-array.ts";
import { remember, toResumePoint } from "./resume.ts";
import { namespacesMark } from "./server-facts.ts";
import { writeValue } from "./write.ts";

export interface ConversationParts extends ListeningParts {
  /** What the subscription was made for. */
  readonly fingerprint: string;
  /** Names this conversation among those of the process. */
  readonly name: string;
}

/** One conversation with one server: it never reconnects, and what it leaves in the server is left on purpose. */
export class Conversation implements DriverSession {
  readonly #parts: ConversationParts;
  readonly #listening: Listening;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #failure: unknown;
  #wakeReader: () => void = () => undefined;
  #over = false;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
    this.#listening = new Listening(parts);
    this.#listening.onArrival(() => {
      this.#wakeReader();
    });
  }

  /** The present state, before anything was subscribed. */
  readPresent(): Promise<void> {
    return this.#listening.readPresent();
  }

  /** Address of the server. */
  get url(): string {
    return this.#parts.settings.url;
  }

  /** What the server says of its health, 0 to 255; undefined when it does not say. */
  get serviceLevel(): number | undefined {
    return this.#listening.serviceLevel;
  }

  /** Called when it has changed. One listener. */
  onServiceLevel(listener: () => void): void {
    this.#listening.onServiceLevel(listener);
  }

  get resume(): ResumePoint {
    const { attached, fingerprint, name, lags } = this.#parts;
    const { session, subscription, facts } = attached;
    const { settled, untilUs, publishedUs, complete, hole } = this.#listening;
    return toResumePoint({
      url: this.#parts.settings.url,
      subscriptionId: subscription.id,
      publishingMs: subscription.publishingMs,
      keepAliveCount: subscription.keepAliveCount,
      lifetimeCount: subscription.lifetimeCount,
      outcome: this.#listening.outcome,
      sessionToken: session.ticket.token,
      sessionNonce: session.ticket.nonce,
      lastSequence: settled.last ?? 0,
      startTimeUs: Number.isNaN(facts.startTimeUs) ? 0 : facts.startTimeUs,
      namespaces: namespacesMark(facts),
      items: complete ? fingerprint : "",
      untilUs,
      publishedUs,
      ...(hole === undefined ? {} : { hole }),
      lags: lags.runs,
      lagsOf: fingerprint,
      memory: name,
    });
  }

  async *readings(signal: AbortSignal): AsyncIterable<ReadingBatch> {
    const onAbort = (): void => {
      this.#stop.abort(signal.reason);
      this.#wakeReader();
    };
    if (isAborted(signal)) return;
    signal.addEventListener("abort", onAbort, { once: true });
    const { intake } = this.#listening;
    try {
      this.#running ??= this.#listening.run(this.#stop.signal).catch((failure: unknown) => {
        this.#failure = failure;
        this.#wakeReader();
      });
      while (!isAborted(signal)) {
        const batch = intake.shift();
        if (batch !== undefined) {
          yield batch;
          continue;
        }
        if (this.#failure !== undefined) {
          throw toLinkFault(this.#parts.context.device, this.#failure);
        }
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
          if (intake.waiting > 0 || this.#failure !== undefined || isAborted(signal)) resolve();
        });
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  async write(point: number, value: Scalar, signal: AbortSignal): Promise<WriteOutcome> {
    const { library, attached, points, items, nodeIds } = this.#parts;
    const nodeId = nodeIds[items.findIndex((plan) => plan.points.includes(point))];
    const plan = points[point];
    if (nodeId === undefined || plan === undefined) {
      return { kind: "refused", reason: "the device does not know this address" };
    }
    if (plan.path.length > 0) {
      return { kind: "refused", reason: "a part of a structure cannot be written by itself" };
    }
    return writeValue(library, attached.session, nodeId, value, signal);
  }

  actOnCondition(act: ConditionAct, signal: AbortSignal): Promise<WriteOutcome> {
    const { library, attached } = this.#parts;
    return actOnCondition(library, attached.session, attached.facts.namespaces, act, signal);
  }

  async readArray(wish: ArrayWish, signal: AbortSignal): Promise<ArrayReading | Refused> {
    const { library, attached, context } = this.#parts;
    try {
      return await race(readArray(library, attached.session, attached.facts, wish), signal);
    } catch (failure) {
      if (isAborted(signal)) throw failure;
      if (failure instanceof ServiceFailure) {
        return { kind: "refused", reason: `the device says ${failure.status}` };
      }
      throw toLinkFault(context.device, failure);
    }
  }

  get historyPoints(): readonly number[] {
    return this.#listening.historyPoints ?? [];
  }

  async readHistory(
    wish: HistoryWish,
    take: (batch: ReadingBatch) => Promise<void>,
    signal: AbortSignal,
  ): Promise<readonly number[]> {
    try {
      return await race(this.#listening.readHistory(wish, take, signal), signal);
    } catch (failure) {
      // What takes the readings may fail as well, and says so itself.
      if (isAborted(signal) || failure instanceof Fault) throw failure;
      throw toLinkFault(this.#parts.context.device, failure);
    }
  }

  async end(signal: AbortSignal): Promise<void> {
    const { library, attached, context } = this.#parts;
    const { session, subscription } = attached;
    if (this.#over || session.channel.lost !== undefined) return;
    try {
      await race(this.#halt(), signal);
      await race(deleteSubscription(library, session, subscription.id), signal);
      await race(session.end(true), signal);
      await race(session.channel.close(), signal);
    } catch (failure) {
      if (!(failure instanceof ServiceFailure)) throw toLinkFault(context.device, failure);
    } finally {
      this.#over = true;
      session.channel.drop("ended");
    }
  }

  /** Leaves session and subscription alive in the server: its queue holds what we promised to keep. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    // The socket first: a request that is under way would hold us until its time-out.
    this.#parts.attached.session.channel.drop("this conversation is over");
    await this.#halt();
    const { name, fingerprint: items } = this.#parts;
    remember(name, { ...this.#listening.leave(), items });
  }

  async #halt(): Promise<void> {
    this.#stop.abort(new Error("the conversation is over"));
    this.#wakeReader();
    await this.#running;
  }
}
