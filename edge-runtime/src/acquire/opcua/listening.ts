import { race } from "@millwright/kit";
import { status, type LossReason } from "@millwright/wire-contract";

import type { DriverContext, HistoryWish, ReadingBatch } from "../driver.ts";
import { watchAge } from "./certificate-age.ts";
import type { Attached } from "./climb.ts";
import { ConditionWatch } from "./condition-watch.ts";
import { ServiceFailure } from "./faults.ts";
import { fillHole } from "./fill-hole.ts";
import { Intake, type Change } from "./intake.ts";
import type { ItemLags } from "./item-lags.ts";
import type { ItemPlan, PointPlan } from "./items.ts";
import type { Library, opcua } from "./library.ts";
import { createItems } from "./monitoring.ts";
import type { Notes } from "./notes.ts";
import { holeBehind, type HoleEnds, type OpenHole } from "./open-hole.ts";
import type { OwnCertificate } from "./own-certificate.ts";
import { publish } from "./publisher.ts";
import { silenceGraceMsOfTwo } from "./redundancy.ts";
import type { Memory, Resume } from "./resume.ts";
import { chargeOutcome, outcomeWords, subscriptionWords } from "./sayings.ts";
import { readValues } from "./server-facts.ts";
import { findHistoryPoints, readPast } from "./server-past.ts";
import { takeWatched } from "./server-watch.ts";
import type { OpcuaSettings } from "./settings.ts";
import { SettledNumbers } from "./settled-numbers.ts";
import { isStructure, StructureDecoder } from "./structures.ts";
import { nextSeq, silenceMaxMs } from "./subscription-plan.ts";
import { toUs } from "./values.ts";

export interface ListeningParts {
  readonly library: Library;
  readonly settings: OpcuaSettings;
  readonly context: DriverContext;
  readonly attached: Attached;
  readonly own: Pick<OwnCertificate, "validToUs">;
  readonly points: readonly PointPlan[];
  readonly items: readonly ItemPlan[];
  readonly nodeIds: readonly (opcua.NodeId | undefined)[];
  readonly lags: ItemLags;
  readonly notes: Notes;
  readonly resume: Resume | undefined;
  readonly memory: Memory | undefined;
}

/** Brings what the server says into the intake: the present state, the hole behind us, and then every message. */
export class Listening {
  readonly intake: Intake;
  readonly settled: SettledNumbers;
  /**
   * When the last settled message came, by our clock, and by the server's when it was published or its newest value
   * measured, whichever is earlier, µs. Before the first one, when the subscription was made: what it was to tell is
   * missing from then on.
   */
  untilUs: number;
  publishedUs: number;
  /** What the server made of our wishes for the items; the next conversation shows it again. */
  outcome: string;
  readonly #parts: ListeningParts;
  readonly #structures: StructureDecoder;
  /** Opens structures. */
  readonly #decode = (values: readonly opcua.DataValue[]): Promise<void> =>
    this.#structures.decode(values);
  /** Where the settings ask for the server's own alarms. */
  readonly #conditions: ConditionWatch | undefined;
  readonly #mismatched = new Set<number>();
  /** Items that the server does not serve; nothing proves their points. */
  readonly #dead = new Set<number>();
  /** Numbers of messages whose batches wait to be asked for. */
  readonly #unread = new Set<number>();
  /** Structures of the present state, read and still closed. */
  #closed:
    | {
        readonly values: readonly opcua.DataValue[];
        readonly changes: readonly Change[];
        readonly receivedUs: number;
      }
    | undefined;
  #complete: boolean;
  /** Open until it is filled, by this conversation or by one after it. */
  readonly #hole: OpenHole | undefined;
  /** The server holds nothing back at the moment: what the subscription begins with is here. */
  readonly #drained = Promise.withResolvers<undefined>();
  #isDrained = false;
  /** By the server's clock, µs, and by our monotonic one, ms. */
  readonly #beganUs: number;
  readonly #beganMs: number;
  /** The newest time by which the device has stamped a value in this conversation, µs; 0 before the first. */
  #newestUs = 0;
  #historyPoints: readonly number[] | undefined;
  #serviceLevel: number | undefined;
  #tellServiceLevel: () => void = () => undefined;
  #wakeReader: () => void = () => undefined;
  #wakePublisher: () => void = () => undefined;

  constructor(parts: ListeningParts) {
    this.#parts = parts;
    const { library, settings, context, points, items, attached, notes, resume, memory } = parts;
    const keptMemory = attached.rung === "create" ? undefined : memory;
    this.intake = new Intake(context, points, items, keptMemory?.seen, (point, found) => {
      this.#sayMismatch(point, found);
    });
    this.intake.onChange(() => {
      this.#wakeReader();
      this.#wakePublisher();
    });
    const kept = attached.rung === "create" ? undefined : resume;
    const last = kept === undefined || kept.lastSequence === 0 ? undefined : kept.lastSequence;
    this.settled =
      kept !== undefined && memory !== undefined ? memory.settled : new SettledNumbers(last);
    this.#complete = kept !== undefined;
    this.outcome = kept?.outcome ?? "";
    this.#serviceLevel = attached.facts.serviceLevel;
    notes.set("subscription", subscriptionWords(attached.subscription, settings));
    notes.set("items", this.outcome);
    const nowUs = context.clock.nowUs();
    const { currentTimeUs } = attached.facts;
    this.#beganMs = context.clock.monotonicMs();
    // A server that does not say its time is taken to have ours.
    this.#beganUs = Number.isNaN(currentTimeUs) ? nowUs : currentTimeUs;
    this.untilUs = kept?.untilUs || nowUs;
    this.publishedUs = kept?.publishedUs || this.#beganUs;
    this.#hole = holeBehind(attached.rung, items.length, resume, memory);
    this.#structures = new StructureDecoder(library, attached.session, attached.facts.limits);
    const { conditions: wish } = context;
    if (wish !== undefined) {
      this.#conditions = new ConditionWatch({ library, attached, context, notes, wish });
    }
  }

  /** The subscription has all its items; one that has not is of no use to the next conversation. */
  get complete(): boolean {
    return this.#complete && this.#conditions?.made !== false;
  }

  /** What the server says of its health, 0 to 255; undefined when it does not say. */
  get serviceLevel(): number | undefined {
    return this.#serviceLevel;
  }

  /** Points of nodes whose history this user may read; undefined until the server has said so. */
  get historyPoints(): readonly number[] | undefined {
    return this.#historyPoints;
  }

  /** What lies behind the subscription and is neither on disk nor charged. */
  get hole(): HoleEnds | undefined {
    return this.#hole?.ends;
  }

  /** Called when it has changed. One listener. */
  onServiceLevel(listener: () => void): void {
    this.#tellServiceLevel = listener;
  }

  /** Called when something may be there to read. One listener. */
  onArrival(listener: () => void): void {
    this.#wakeReader = listener;
  }

  /** Gives up what was not asked for and hands over what only this process knows. */
  leave(): Omit<Memory, "items"> {
    this.intake.clear();
    this.settled.forget(this.#unread);
    const hole = this.#hole?.leave((item) => Number.isNaN(this.intake.seenUs(item)));
    return {
      settled: this.settled,
      seen: this.intake.seen,
      ...(hole === undefined ? {} : { hole }),
    };
  }

  /**
   * The present state by one Read, so that the first values do not wait for a publishing interval. Structures wait for
   * the beginning of `run`: their layouts are many questions, and nothing else shall wait for those.
   */
  async readPresent(only: (item: number) => boolean = () => true): Promise<void> {
    const { library, attached, nodeIds, context, items } = this.#parts;
    const known: { readonly item: number; readonly nodeId: opcua.NodeId }[] = [];
    const unknown: number[] = [];
    for (const [item, nodeId] of nodeIds.entries()) {
      if (!only(item)) continue;
      if (nodeId === undefined) {
        unknown.push(...(items[item]?.points ?? []));
        this.#dead.add(item);
      } else {
        known.push({ item, nodeId });
      }
    }
    const values = await readValues(
      library,
      attached.session,
      known.map(({ nodeId }) => nodeId),
      attached.facts.limits.read,
    );
    const receivedUs = context.clock.nowUs();
    const changes = known.flatMap(({ item }, place): Change[] => {
      const value = values[place];
      return value === undefined ? [] : [{ item, value }];
    });
    this.#hole?.noteRead(changes);
    if (attached.rung === "create") {
      this.#newestUs = newestUs(changes);
      if (this.#newestUs > 0) this.publishedUs = Math.min(this.publishedUs, this.#newestUs);
    }
    this.intake.takeRead(
      changes.filter(({ value }) => !isStructure(value)),
      receivedUs,
    );
    this.intake.takeBad(unknown, status.badNodeIdUnknown, receivedUs);
    this.#closed = {
      values: values.filter(isStructure),
      changes: changes.filter(({ value }) => isStructure(value)),
      receivedUs,
    };
  }

  async #openStructures(): Promise<void> {
    if (this.#closed === undefined) return;
    const { values, changes, receivedUs } = this.#closed;
    this.#closed = undefined;
    await this.#decode(values);
    this.intake.takeRead(changes, receivedUs);
    this.#proven();
  }

  /** Makes the items if they are new, fills the hole if there is one, and then listens until told otherwise. */
  async run(signal: AbortSignal): Promise<void> {
    const { library, settings, context, attached, memory } = this.#parts;
    const { session, subscription, rung } = attached;
    await this.#openStructures();
    if (rung === "create") await this.#createItems();
    const listening = publish(
      {
        library,
        session,
        subscriptionId: subscription.id,
        clock: context.clock,
        settled: this.settled,
        expected: rung === "create" ? undefined : nextSeq(this.settled.lastArrived ?? 0),
        silenceMs: silenceMaxMs(
          subscription.publishingMs,
          subscription.keepAliveCount,
          settings.redundantUrl === undefined ? settings.requestTimeoutMs : silenceGraceMsOfTwo,
        ),
        hasRoom: () => this.intake.waiting < Math.max(1, context.queueMax / 2),
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
            await this.readPresent((item) => !this.intake.hasSeen(item));
            await this.#openStructures();
          }
          this.#isDrained = true;
          this.#drained.resolve(undefined);
        },
        onMissing: (count) => {
          context.log.warn("acquire.opcua-messages-missing", { count });
          this.#lose(-1, "link lost", this.untilUs, context.clock.nowUs());
        },
      },
      signal,
    );
    await Promise.all([
      this.#fillHole(signal),
      listening,
      this.#askForHistory(),
      this.#watchOwnCertificate(signal),
      this.#conditions?.run(signal),
    ]);
  }

  /** In plain text our certificate plays no part, and its end stops nothing. */
  async #watchOwnCertificate(signal: AbortSignal): Promise<void> {
    const { settings, context, own, notes } = this.#parts;
    if (settings.security === "none-i-accept-plain-text") return;
    await watchAge(context.device, own.validToUs, notes, context.clock, context.log, signal);
  }

  async #createItems(): Promise<void> {
    const { library, settings, context, attached, points, items, nodeIds, notes } = this.#parts;
    const { session, subscription, facts } = attached;
    const outcome = await createItems(
      library,
      session,
      subscription,
      settings,
      items,
      nodeIds,
      facts.limits.items,
    );
    this.#complete = true;
    this.#hole?.noteItems(context.clock.nowUs());
    this.outcome = outcomeWords(outcome, items, points, settings);
    notes.set("items", this.outcome);
    chargeOutcome(outcome, context);
    context.log.info("acquire.opcua-subscribed", {
      items: items.length,
      refused: outcome.refused.length,
      slower: outcome.slower.length,
      publishingMs: subscription.publishingMs,
      keepAliveCount: subscription.keepAliveCount,
      lifetimeCount: subscription.lifetimeCount,
    });
    for (const { item, code } of outcome.refused) {
      this.#dead.add(item);
      // The Read may have said it already, with its own reason.
      if (this.intake.isBad(item)) continue;
      this.intake.takeBad(items[item]?.points ?? [], code, context.clock.nowUs());
    }
  }

  async #take(message: opcua.NotificationMessage): Promise<void> {
    const { library, context, attached, notes, items, lags } = this.#parts;
    const receivedUs = context.clock.nowUs();
    const changes: Change[] = [];
    const values: opcua.DataValue[] = [];
    for (const data of message.notificationData ?? []) {
      if (data instanceof library.DataChangeNotification) {
        for (const { clientHandle, value } of data.monitoredItems ?? []) {
          if (clientHandle < items.length) {
            changes.push({ item: clientHandle, value });
            values.push(value);
          } else {
            const level = takeWatched(clientHandle, value, attached.facts, notes);
            if (level !== undefined) {
              this.#serviceLevel = level;
              this.#tellServiceLevel();
            }
          }
        }
      } else if (data instanceof library.EventNotificationList) {
        this.#conditions?.take(data.events ?? []);
      } else if (data instanceof library.StatusChangeNotification) {
        throw new ServiceFailure("Subscription", data.status.name);
      }
    }
    await this.#decode(values);
    const seq = message.sequenceNumber;
    const done = this.settled.arrived(seq);
    const said = toUs(message.publishTime, 0);
    // Some servers leave the time out; then our own clock is the nearest there is.
    const publishedUs = Number.isNaN(said) ? receivedUs : said;
    // What waited for us in the server was measured long before it is published.
    if (this.#isDrained) lags.note(changes, publishedUs, (item) => this.intake.seenUs(item));
    const measuredUs = newestUs(changes);
    this.#hole?.noteMessage(changes, Math.max(publishedUs, measuredUs));
    // A device whose clock is behind measures after this what is stamped before it.
    this.#newestUs = Math.max(this.#newestUs, measuredUs);
    const knownUs = this.#newestUs > 0 ? Math.min(publishedUs, this.#newestUs) : publishedUs;
    this.#unread.add(seq);
    this.intake.takeMessage(changes, receivedUs, {
      handedOn: () => this.#unread.delete(seq),
      settled: () => {
        this.untilUs = Math.max(this.untilUs, receivedUs);
        if (knownUs > this.publishedUs) this.publishedUs = knownUs;
        done();
      },
    });
  }

  /** What no queue bridged: read from the server's history, or written into the ledger. */
  async #fillHole(signal: AbortSignal): Promise<void> {
    const { library, settings, context, attached, items, nodeIds, lags } = this.#parts;
    const hole = this.#hole;
    if (hole === undefined || hole.filled) return;
    const lose = this.#lose.bind(this);
    if (!settings.history) {
      lose(-1, "link lost", hole.sinceUs, hole.untilUs);
      hole.fill();
      return;
    }
    // Where the subscription begins is known when its first message is here.
    await race(this.#drained.promise, signal);
    const { session, facts } = attached;
    const { intake } = this;
    const decode = this.#decode;
    const nowUs = (): number =>
      this.#beganUs + (context.clock.monotonicMs() - this.#beganMs) * 1_000;
    await fillHole(
      hole,
      { library, session, facts, context, items, nodeIds, lags, intake, decode, nowUs, lose },
      signal,
    );
  }

  /** Who keeps a past is asked when values flow: nothing waits for the answer. */
  async #askForHistory(): Promise<void> {
    this.#historyPoints = await findHistoryPoints(this.#parts);
  }

  /** As `DriverSession.readHistory`. */
  readHistory(
    wish: HistoryWish,
    take: (batch: ReadingBatch) => Promise<void>,
    signal: AbortSignal,
  ): Promise<readonly number[]> {
    return readPast(this.#parts, this.intake, this.#decode, wish, take, signal);
  }

  #lose(point: number, reason: LossReason, fromUs: number, toUs: number): void {
    this.#parts.context.lost(point, NaN, reason, fromUs, toUs);
  }

  #proven(): void {
    const { context, items } = this.#parts;
    const nowUs = context.clock.nowUs();
    if (this.#dead.size === 0) {
      context.proven(nowUs);
      return;
    }
    const alive = items.flatMap((item, index) => (this.#dead.has(index) ? [] : item.points));
    context.proven(nowUs, alive);
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

/** The newest of the times that the device gave, µs; 0 when it gave none. */
function newestUs(changes: readonly Change[]): number {
  let newest = 0;
  for (const { value } of changes) {
    const us = toUs(value.sourceTimestamp, value.sourcePicoseconds);
    if (us > newest) newest = us;
  }
  return newest;
}
