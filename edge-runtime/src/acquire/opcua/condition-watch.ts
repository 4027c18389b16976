/**
 * Listens to the server's own alarms (field practice 32): an event item with a queue of its own in the subscription of the
 * values, and all conditions asked for anew at the beginning of each conversation and whenever events were lost. First values
 * never wait for it: it begins when the items of the tags are there, and nothing waits for its answers.
 */
import { Backoff } from "@millwright/kit";

import type { DriverContext } from "../driver.ts";
import type { ConditionNews, MachineCondition } from "../machine-condition.ts";
import { parseAddress } from "./addresses.ts";
import type { Attached } from "./climb.ts";
import { refreshConditions } from "./condition-calls.ts";
import {
  eventFilter,
  filterWishes,
  parseEvent,
  type EventField,
  type FilterWish,
} from "./condition-filter.ts";
import type { Library, opcua } from "./library.ts";
import type { Notes } from "./notes.ts";
import { resolveAddresses } from "./resolve.ts";

/** Above the handles of the tags and of what watches the server. */
export const conditionHandle = 0x7fff_0100;

/** The Server object: whatever has no other notifier is told there (OPC 10000-5, 8.3.2). */
const serverObject = 2253;
const eventNotifierAttribute = 12;
/** Alarms in a storm come by the thousand; what a server does not grant it revises. */
const queueSize = 10_000;
/** More conditions than this no server of a machine has; what comes above it waits for nobody. */
const refreshMax = 50_000;
/** A server that has begun to tell and never ends is not waited for. */
const refreshMsMax = 30_000;
/** One that has accepted a refresh begins to tell with its next message, also where publishing takes some seconds. */
const firstWordMsMax = 10_000;
const firstRetryMs = 1_000;
/** Each refresh is work for a controller: one that keeps asking for another has it once a minute. */
const lastRetryMs = 60_000;

export interface ConditionWatchParts {
  readonly library: Library;
  readonly attached: Attached;
  readonly context: DriverContext;
  readonly notes: Notes;
  readonly wish: NonNullable<DriverContext["conditions"]>;
}

export class ConditionWatch {
  readonly #parts: ConditionWatchParts;
  readonly #backoff: Backoff;
  /** The conditions of the refresh under way, the newest of each, in the order in which they came first. */
  #told: Map<string, MachineCondition> | undefined;
  #toldAll = true;
  /** Ends the wait for the end of a refresh, or for the need of one. */
  #wake: () => void = () => undefined;
  #ended = false;
  #required = true;
  /** The server has said something of the refresh under way. */
  #begun = false;
  /** Of this conversation; undefined where the item was made in an earlier one, and has proven itself there. */
  #item: { readonly id: number; readonly filter: FilterWish } | undefined;
  #made: boolean;

  constructor(parts: ConditionWatchParts) {
    this.#parts = parts;
    this.#made = parts.attached.rung !== "create";
    this.#backoff = new Backoff(firstRetryMs, lastRetryMs, parts.context.random);
  }

  /** The subscription has all that it is to have for this. */
  get made(): boolean {
    return this.#made;
  }

  /** Until `signal` aborts. Then nothing is heard any more, and that is said. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      if (!this.#made && !(await this.#createItem())) return;
      while (!signal.aborted) {
        if (!this.#required) await this.#wait(Infinity, signal);
        else if (!(await this.#refresh(signal))) return;
      }
    } finally {
      this.#tell({ kind: "silent" });
    }
  }

  take(events: readonly { readonly eventFields: readonly EventField[] | null }[]): void {
    const { namespaces } = this.#parts.attached.facts;
    const changed: MachineCondition[] = [];
    const flush = (): void => {
      if (changed.length > 0) this.#tell({ kind: "changed", conditions: changed.splice(0) });
    };
    for (const { eventFields } of events) {
      const event = parseEvent(eventFields ?? [], namespaces);
      switch (event?.kind) {
        case "condition":
          if (this.#told === undefined) changed.push(event.condition);
          else this.#remember(event.condition);
          break;
        case "refresh-start":
          flush();
          this.#told = new Map();
          this.#toldAll = true;
          this.#begun = true;
          this.#wake();
          break;
        case "refresh-end":
          this.#endRefresh();
          break;
        case "refresh-required":
          this.#toldAll = false;
          this.#required = true;
          this.#wake();
          break;
        case undefined:
          break;
      }
    }
    flush();
  }

  #remember(condition: MachineCondition): void {
    const key = `${condition.condition} ${condition.branch}`;
    if ((this.#told?.size ?? 0) >= refreshMax) this.#toldAll = false;
    else this.#told?.set(key, condition);
  }

  /** In the order in which they came, by the machine's own clock: which was first is what people look for. */
  #endRefresh(): void {
    if (this.#told === undefined) return;
    const order = (one: MachineCondition): number => (Number.isNaN(one.sinceUs) ? 0 : one.sinceUs);
    const conditions = [...this.#told.values()].sort((a, b) => order(a) - order(b));
    this.#told = undefined;
    this.#tell({ kind: this.#toldAll ? "all" : "changed", conditions });
    this.#ended = true;
    this.#wake();
  }

  /** @returns false when the server cannot do it */
  async #refresh(signal: AbortSignal): Promise<boolean> {
    const { library, attached, context, notes } = this.#parts;
    this.#required = false;
    this.#ended = false;
    this.#begun = false;
    const status = await refreshConditions(library, attached.session, attached.subscription.id);
    if (status === "BadRefreshInProgress") this.#required = true;
    else if (status !== "Good") {
      const without = `the machine's alarms cannot be asked for (${status}): those that came before are not known`;
      notes.set("alarms", without);
      context.log.warn("acquire.opcua-refresh-refused", { device: context.device, status });
      // What comes is told all the same.
      await this.#wait(Infinity, signal);
      return false;
    } else {
      if (!this.#hasBegun()) await this.#wait(firstWordMsMax, signal);
      if (!this.#hasBegun() && !signal.aborted && (await this.#widen())) this.#required = true;
      else if (!this.#isOver()) await this.#wait(refreshMsMax, signal);
      if (!this.#isOver() && !this.#isRequired() && !signal.aborted) {
        this.#toldAll = false;
        this.#endRefresh();
        context.log.warn("acquire.opcua-refresh-without-end", { device: context.device });
      }
    }
    if (this.#isRequired()) await context.clock.sleep(this.#backoff.nextMs(), signal).catch(never);
    return true;
  }

  /**
   * Asks for events of all types. Some servers take the filter and let nothing through it, because they compare types without
   * their subtypes (OPC 10000-4, 7.7.3: OfType has them). With an item of its own: what some of them modify stays as it was.
   *
   * @returns false when there is nothing wider to ask for
   */
  async #widen(): Promise<boolean> {
    const { library, attached, context } = this.#parts;
    const narrow = this.#item;
    if (narrow?.filter !== "all") return false;
    this.#item = undefined;
    const nodeId = await this.#notifier();
    if (nodeId === undefined || (await this.#ask(nodeId, "unfiltered")) !== "") return false;
    await attached.session.call(
      new library.DeleteMonitoredItemsRequest({
        subscriptionId: attached.subscription.id,
        monitoredItemIds: [narrow.id],
      }),
      library.DeleteMonitoredItemsResponse,
    );
    context.log.info("acquire.opcua-alarms-unfiltered", { device: context.device });
    return true;
  }

  /** Calls, because a compiler that has seen a field once believes that it stays so across a wait. */
  #isOver(): boolean {
    return this.#ended;
  }
  #hasBegun(): boolean {
    return this.#begun || this.#ended;
  }
  #isRequired(): boolean {
    return this.#required;
  }

  async #wait(forMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts.context;
    const woken = new AbortController();
    this.#wake = () => {
      woken.abort();
    };
    const either = AbortSignal.any([signal, woken.signal]);
    if (Number.isFinite(forMs)) {
      await clock.sleep(forMs, either).catch(never);
      return;
    }
    await new Promise<void>((resolve) => {
      if (either.aborted) resolve();
      else either.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** @returns whether the server tells its alarms */
  async #createItem(): Promise<boolean> {
    const { wish, notes, context } = this.#parts;
    const nodeId = await this.#notifier();
    let refusal = "its notifier is not known there";
    for (const asked of filterWishes) {
      if (nodeId === undefined) break;
      refusal = await this.#ask(nodeId, asked);
      if (refusal === "") return true;
    }
    // What is refused once is refused again: the subscription has all that it will have.
    this.#made = true;
    notes.set("alarms", `it does not tell its own alarms (${refusal})`);
    const { device, log } = context;
    log.warn("acquire.opcua-alarms-refused", { device, notifier: wish.notifier, refusal });
    return false;
  }

  /** @returns "" when the server tells its events so, otherwise the name of its refusal */
  async #ask(nodeId: opcua.NodeId, asked: FilterWish): Promise<string> {
    const { library, attached } = this.#parts;
    const answer = await attached.session.call(
      new library.CreateMonitoredItemsRequest({
        subscriptionId: attached.subscription.id,
        timestampsToReturn: library.TimestampsToReturn.Neither,
        itemsToCreate: [
          {
            itemToMonitor: { nodeId, attributeId: eventNotifierAttribute },
            monitoringMode: library.MonitoringMode.Reporting,
            requestedParameters: {
              clientHandle: conditionHandle,
              samplingInterval: 0,
              filter: eventFilter(library, asked),
              queueSize,
              discardOldest: true,
            },
          },
        ],
      }),
      library.CreateMonitoredItemsResponse,
    );
    const result = answer.results?.[0];
    if (result === undefined) return "no answer";
    const { statusCode, monitoredItemId } = result;
    if (statusCode.value >>> 30 >= 2) return statusCode.name;
    this.#made = true;
    this.#item = { id: monitoredItemId, filter: asked };
    return "";
  }

  async #notifier(): Promise<opcua.NodeId | undefined> {
    const { library, attached, wish } = this.#parts;
    if (wish.notifier === "") {
      return new library.NodeId(library.NodeId.NodeIdType.NUMERIC, serverObject, 0);
    }
    const address = parseAddress(wish.notifier);
    if (address.kind === "refused") return undefined;
    const [found] = await resolveAddresses(library, attached.session, [address], attached.facts);
    return found;
  }

  #tell(news: ConditionNews): void {
    this.#parts.wish.tell(news);
  }
}

/** Sleep has no other reason to fail than its signal. */
const never = (): undefined => undefined;
