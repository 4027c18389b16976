import { race, type Clock } from "@millwright/kit";
import { status, type Scalar, type WriteOutcome } from "@millwright/wire-contract";

import type { DriverContext, DriverSession, ReadingBatch, ResumePoint } from "../driver.ts";
import type { Attached } from "./climb.ts";
import { ServiceFailure, toLinkFault } from "./faults.ts";
import { fillHoles, type Hole } from "./history.ts";
import { Intake, type Change } from "./intake.ts";
import type { ItemPlan, PointPlan } from "./items.ts";
import type { Library, opcua } from "./library.ts";
import { createItems, deleteSubscription, watchedNodes } from "./monitoring.ts";
import type { Notes } from "./notes.ts";
import { publish } from "./publisher.ts";
import { remember, toResumePoint, type Memory, type Resume } from "./resume.ts";
import { readValues, serverNodes } from "./server-facts.ts";
import type { OpcuaSettings } from "./settings.ts";
import { SettledNumbers } from "./settled-numbers.ts";
import { StructureDecoder } from "./structures.ts";
import { nextSeq, silenceMaxMs } from "./subscription-plan.ts";
import { sayOutcome, sayServiceLevel } from "./sayings.ts";
import { toUs } from "./values.ts";
import { writeValue } from "./write.ts";

export interface ConversationParts {
  readonly library: Library;
  readonly settings: OpcuaSettings;
  readonly context: DriverContext;
  readonly attached: Attached;
  readonly points: readonly PointPlan[];
  readonly items: readonly ItemPlan[];
  readonly nodeIds: readonly (opcua.NodeId | undefined)[];
  readonly fingerprint: string;
  readonly notes: Notes;
  readonly resume: Resume | undefined;
  readonly memory: Memory | undefined;
  /** Names this conversation among those of the process. */
  readonly name: string;
}

/** One conversation with one server: it never reconnects, and what it leaves in the server is left on purpose. */
export class Conversation implements DriverSession {
  readonly #parts: ConversationParts;
  readonly #intake: Intake;
  readonly #settled: SettledNumbers;
  readonly #structures: StructureDecoder;
  readonly #mismatched = new Set<number>();
  readonly #stop = new AbortController();
  #pump: Promise<void> | undefined;
  #failure: unknown;
  #untilUs: number;
  #publishedUs: number;
  #wakeReader: () => void = () => undefined;
  #wakePublisher: () => void = () => undefined;
  #disposed = false;
  /** Numbers of messages whose batches wait to be asked for. */
  readonly #unread = new Set<number>();

  constructor(parts: ConversationParts) {
    this.#parts = parts;
    const { library, context, points, items, attached, resume, memory } = parts;
    this.#intake = new Intake(context, points, items, (point, found) =>
      this.#sayMismatch(point, found),
    );
    this.#intake.onChange(() => {
      this.#wakeReader();
      this.#wakePublisher();
    });
    const kept = attached.rung !== "create";
    this.#settled =
      kept && memory !== undefined
        ? memory.settled
        : new SettledNumbers(kept && resume?.lastSequence ? resume.lastSequence : undefined);
    this.#untilUs = kept ? (resume?.untilUs ?? 0) : 0;
    this.#publishedUs = kept ? (resume?.publishedUs ?? 0) : 0;
    this.#structures = new StructureDecoder(library, attached.session, attached.facts.limits);
  }

  get resume(): ResumePoint {
    const { attached, fingerprint, name } = this.#parts;
    const { session, subscription, facts } = attached;
    return toResumePoint({
      subscriptionId: subscription.id,
      publishingMs: subscription.publishingMs,
      keepAliveCount: subscription.keepAliveCount,
      sessionToken: session.ticket.token,
      sessionNonce: session.ticket.nonce,
      lastSequence: this.#settled.last ?? 0,
      startTimeUs: Number.isNaN(facts.startTimeUs) ? 0 : facts.startTimeUs,
      items: fingerprint,
      untilUs: this.#untilUs,
      publishedUs: this.#publishedUs,
      memory: name,
    });
  }

  /** The present state by one Read, so that the first values do not wait for a publishing interval. */
  async readPresent(only: (item: number) => boolean = () => true): Promise<void> {
    const { library, attached, nodeIds, context, items } = this.#parts;
    const known: { readonly item: number; readonly nodeId: opcua.NodeId }[] = [];
    const unknown: number[] = [];
    for (const [item, nodeId] of nodeIds.entries()) {
      if (!only(item)) continue;
      if (nodeId === undefined) unknown.push(...(items[item]?.points ?? []));
      else known.push({ item, nodeId });
    }
    const { session, facts } = attached;
    const values = await readValues(
      library,
      session,
      known.map(({ nodeId }) => nodeId),
      facts.limits.read,
    );
    await this.#structures.decode(values);
    const receivedUs = context.clock.nowUs();
    const changes = known.flatMap(({ item }, place): Change[] => {
      const value = values[place];
      return value === undefined ? [] : [{ item, value }];
    });
    this.#intake.takeRead(changes, receivedUs);
    this.#intake.takeBad(unknown, status.badNodeIdUnknown, receivedUs);
    this.#proven();
  }

  async *readings(signal: AbortSignal): AsyncIterable<ReadingBatch> {
    const onAbort = (): void => {
      this.#stop.abort(signal.reason);
      this.#wakeReader();
    };
    if (signal.aborted) return;
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      this.#pump ??= this.#run(this.#stop.signal).catch((failure: unknown) => {
        this.#failure = failure;
        this.#wakeReader();
      });
      while (!isAborted(signal)) {
        const batch = this.#intake.shift();
        if (batch !== undefined) {
          yield batch;
          continue;
        }
        if (this.#failure !== undefined) {
          throw toLinkFault(this.#parts.context.device, this.#failure);
        }
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
          if (this.#intake.waiting > 0 || this.#failure !== undefined || isAborted(signal))
            resolve();
        });
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  async write(point: number, value: Scalar, signal: AbortSignal): Promise<WriteOutcome> {
    const { library, attached, points, items, nodeIds } = this.#parts;
    const item = items.findIndex((plan) => plan.points.includes(point));
    const nodeId = nodeIds[item];
    const plan = points[point];
    if (nodeId === undefined || plan === undefined) {
      return { kind: "refused", reason: "the device does not know this address" };
    }
    if (plan.path.length > 0) {
      return { kind: "refused", reason: "a part of a structure cannot be written by itself" };
    }
    return writeValue(library, attached.session, nodeId, value, signal);
  }

  async end(signal: AbortSignal): Promise<void> {
    const { library, attached } = this.#parts;
    const { session, subscription } = attached;
    await this.#halt();
    if (session.channel.lost !== undefined) return;
    try {
      await race(deleteSubscription(library, session, subscription.id), signal);
      await race(session.end(true), signal);
      await race(session.channel.close(), signal);
    } catch (failure) {
      if (!(failure instanceof ServiceFailure))
        throw toLinkFault(this.#parts.context.device, failure);
    } finally {
      this.#disposed = true;
      session.channel.drop("ended");
    }
  }

  /** Leaves session and subscription alive in the server: its queue holds what we promised to keep. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#halt();
    this.#intake.clear();
    this.#settled.forget(this.#unread);
    const seenUs = Float64Array.from(this.#parts.items.keys(), (item) => this.#intake.seenUs(item));
    remember(this.#parts.name, { settled: this.#settled, seenUs });
    this.#parts.attached.session.channel.drop("this conversation is over");
  }

  async #halt(): Promise<void> {
    this.#stop.abort(new Error("the conversation is over"));
    this.#wakeReader();
    await this.#pump;
  }

  /** Makes the items if they are new, fills the hole if there is one, and then listens until told otherwise. */
  async #run(signal: AbortSignal): Promise<void> {
    const { library, settings, context, attached, items, nodeIds, memory, notes } = this.#parts;
    const { session, subscription, facts, rung } = attached;
    if (rung === "create") {
      const outcome = await createItems(
        library,
        session,
        subscription,
        settings,
        items,
        nodeIds,
        facts.limits.items,
      );
      sayOutcome(outcome, items, subscription, settings, context, notes);
      for (const { item, code } of outcome.refused) {
        this.#intake.takeBad(items[item]?.points ?? [], code, context.clock.nowUs());
      }
    }
    const filling = this.#fillHole(signal);
    const listening = publish(
      {
        library,
        session,
        subscriptionId: subscription.id,
        clock: context.clock,
        settled: this.#settled,
        expected: rung === "create" ? undefined : nextSeq(this.#settled.lastArrived ?? 0xffff_ffff),
        silenceMs: silenceMaxMs(
          subscription.publishingMs,
          subscription.keepAliveCount,
          settings.requestTimeoutMs,
        ),
        hasRoom: () => this.#intake.waiting < Math.max(1, context.queueMax / 2),
        onRoom: (listener) => {
          this.#wakePublisher = listener;
        },
        onMessage: (message) => this.#take(message),
        onAlive: () => {
          this.#proven();
        },
        onDrained: async () => {
          // A new process knows no present values; what the backlog did not bring is read.
          if (rung !== "create" && memory === undefined) {
            await this.readPresent((item) => !this.#intake.hasSeen(item));
          }
        },
        onMissing: (count) => {
          const nowUs = context.clock.nowUs();
          context.log.warn("acquire.opcua-messages-missing", { count });
          context.lost(-1, NaN, "link lost", this.#untilUs || nowUs, nowUs);
        },
      },
      signal,
    );
    await Promise.all([filling, listening]);
  }

  async #take(message: opcua.NotificationMessage): Promise<void> {
    const { library, context } = this.#parts;
    const receivedUs = context.clock.nowUs();
    const changes: Change[] = [];
    const values: opcua.DataValue[] = [];
    for (const data of message.notificationData ?? []) {
      if (data instanceof library.DataChangeNotification) {
        for (const { clientHandle, value } of data.monitoredItems ?? []) {
          if (clientHandle < this.#parts.items.length) {
            changes.push({ item: clientHandle, value });
            values.push(value);
          } else {
            this.#takeWatched(clientHandle, value);
          }
        }
      } else if (data instanceof library.StatusChangeNotification) {
        throw new ServiceFailure("Subscription", data.status.name);
      }
    }
    await this.#structures.decode(values);
    const seq = message.sequenceNumber;
    const done = this.#settled.arrived(seq);
    const publishedUs = toUs(message.publishTime, 0);
    this.#unread.add(seq);
    this.#intake.takeMessage(changes, receivedUs, {
      handedOn: () => this.#unread.delete(seq),
      settled: () => {
        this.#untilUs = Math.max(this.#untilUs, receivedUs);
        if (publishedUs > this.#publishedUs) this.#publishedUs = publishedUs;
        done();
      },
    });
  }

  #takeWatched(handle: number, value: opcua.DataValue): void {
    const { attached, notes, context } = this.#parts;
    const node = watchedNodes.find((watched) => watched.handle === handle)?.node;
    const found: unknown = value.value.value;
    const { facts } = attached;
    if (node === serverNodes.serviceLevel && typeof found === "number") {
      notes.set("service level", sayServiceLevel(found));
    }
    if (node === serverNodes.startTime && found instanceof Date) {
      if (toUs(found, 0) !== facts.startTimeUs) throw new Error("the server was started anew");
    }
    if (node === serverNodes.namespaceArray && Array.isArray(found)) {
      const same =
        found.length === facts.namespaces.length &&
        facts.namespaces.every((uri, index) => uri === found[index]);
      // The conversation begins again: addresses are resolved with the new table, items are made anew.
      if (!same) throw new Error("the server's namespaces have changed");
    }
    if (node === serverNodes.state && typeof found === "number") {
      notes.set("state", found === 0 ? "" : `the server says that it is in state ${found}`);
    }
    context.log.debug("acquire.opcua-server-said", { node });
  }

  /** What no queue bridged: read from the server's history, or written into the ledger. */
  async #fillHole(signal: AbortSignal): Promise<void> {
    const { library, settings, context, attached, items, nodeIds, resume, memory } = this.#parts;
    if (attached.rung !== "create" || resume === undefined || resume.untilUs === 0) return;
    const { session, facts } = attached;
    const openedUs = context.clock.nowUs();
    if (!settings.history) {
      context.lost(-1, NaN, "link lost", resume.untilUs, openedUs);
      return;
    }
    const holes = nodeIds.flatMap((nodeId, item): Hole[] => {
      if (nodeId === undefined) return [];
      // A value may have been sampled before the last message and published after it.
      const margin = (items[item]?.samplingMs ?? 0) * 1_000;
      const remembered = memory?.seenUs[item] ?? NaN;
      const fromUs = Number.isNaN(remembered) ? resume.publishedUs - margin : remembered;
      const present = this.#intake.seenUs(item);
      const upToUs = present > fromUs ? present : facts.currentTimeUs;
      return upToUs > fromUs ? [{ item, nodeId, fromUs, toUs: upToUs }] : [];
    });
    const failed = await fillHoles(
      library,
      session,
      holes,
      facts.limits.history,
      async (item, values) => {
        await this.#structures.decode(values);
        await this.#room(context.clock, signal);
        this.#intake.takeHistory(
          values.map((value) => ({ item, value })),
          context.clock.nowUs(),
        );
      },
    );
    for (const item of failed) {
      for (const point of items[item]?.points ?? []) {
        context.lost(point, NaN, "link lost", resume.untilUs, openedUs);
      }
    }
    context.log.info("acquire.opcua-history-read", { items: holes.length, failed: failed.length });
  }

  /** Waits while the reader has not asked for what waits. */
  async #room(clock: Clock, signal: AbortSignal): Promise<void> {
    while (this.#intake.waiting > this.#parts.context.queueMax / 2) await clock.sleep(20, signal);
  }

  #proven(): void {
    const { context, nodeIds, items } = this.#parts;
    const nowUs = context.clock.nowUs();
    if (nodeIds.every((nodeId) => nodeId !== undefined)) {
      context.proven(nowUs);
      return;
    }
    const known = items.flatMap((item, index) => (nodeIds[index] === undefined ? [] : item.points));
    context.proven(nowUs, known);
  }

  #sayMismatch(point: number, found: string): void {
    const { context, points, notes } = this.#parts;
    if (this.#mismatched.has(point)) return;
    this.#mismatched.add(point);
    const plan = points[point];
    context.log.warn("acquire.opcua-type-changed", { point, found, declared: plan?.type });
    notes.set(
      "types",
      `${this.#mismatched.size} of ${points.length} tags hold another type than declared, for example ${plan?.addressText ?? ""}: ${found} instead of ${plan?.type ?? ""}`,
    );
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
