/** The way to the broker: connects again and again, listens to the host and to commands, and refuses every write. */
import { Backoff, messageChain, race, type Clock, type Log, type Random } from "@millwright/kit";

import { connectedAgain, type NodeCycle } from "./birth-cycle.ts";
import {
  BrokerAway,
  ended,
  openBroker,
  type BrokerSession,
  type BrokerSettings,
} from "./broker.ts";
import { judgeHost, parseHostState, type HostState } from "./host-state.ts";
import { nodeDeath, parseCommand } from "./payloads.ts";
import { hostTopic, subscriptionsOf, topicOf, type NodeName } from "./topics.ts";

/** A broker that restarts is back in seconds; one that is gone is asked once a minute. */
const backoffMs = { first: 1_000, last: 60_000 };
/** Refused writes are said so often at most, with their number. */
const refusalEveryMs = 60_000;
const noTrouble = { why: "", hint: "" };

export interface RoadParts {
  readonly settings: BrokerSettings;
  readonly name: NodeName;
  readonly primaryHost: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The number of the connection before, and of the one that begins; it is remembered over restarts. */
  readonly bdSeq: { get(): number | undefined; set(bdSeq: number): void };
  /** Something has changed that the node may act on. */
  readonly changed: () => void;
}

export interface OpenRoad {
  readonly session: BrokerSession;
  /** Of a connection on which nothing has been said. */
  readonly cycle: NodeCycle;
}

export class BrokerRoad {
  readonly #parts: RoadParts;
  readonly #backoff: Backoff;
  #open: OpenRoad | undefined;
  #host: HostState | undefined;
  #hostRestarted = false;
  #rebirthAsked = false;
  #refused = 0;
  #refusalMs = -Infinity;
  /** Why there is no connection, and what to do; empty while there is one, and before the first try. */
  #trouble = noTrouble;
  /** Trouble of a kind is said once until the broker is there again. */
  readonly #said = new Set<string>();

  constructor(parts: RoadParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(backoffMs.first, backoffMs.last, parts.random);
  }

  /** Undefined while the broker is away. */
  get open(): OpenRoad | undefined {
    return this.#open?.session.gone.aborted === false ? this.#open : undefined;
  }

  get trouble(): { readonly why: string; readonly hint: string } {
    return this.#trouble;
  }

  /** Whether somebody is there to listen: the primary host, when one is named. */
  get heard(): boolean {
    return this.#parts.primaryHost === undefined || this.#host?.online === true;
  }

  /** Metrics that somebody wanted to write since the start. */
  get refusedWrites(): number {
    return this.#refused;
  }

  /** Whether births were asked for since the last look; they are looked for once. */
  takeRebirth(): boolean {
    const asked = this.#rebirthAsked;
    this.#rebirthAsked = false;
    return asked;
  }

  /** Whether the host began anew without having been away as far as anybody said; it is told once. */
  takeHostRestart(): boolean {
    const restarted = this.#hostRestarted;
    this.#hostRestarted = false;
    return restarted;
  }

  /** Until `stop` aborts. */
  async run(stop: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    while (!stop.aborted) {
      await this.#stay(stop).catch((failure: unknown) => {
        if (!stop.aborted) this.#away(failure);
      });
      this.#parts.changed();
      await clock.sleep(this.#backoff.nextMs(), stop).catch(() => undefined);
    }
  }

  /** Connects, and rejects with why the connection is gone. */
  async #stay(stop: AbortSignal): Promise<void> {
    const { name, settings, log } = this.#parts;
    const open = await this.#connect(stop);
    this.#open = open;
    this.#trouble = noTrouble;
    this.#said.clear();
    this.#backoff.succeeded();
    log.info("publish.connected", { node: `${name.group}/${name.node}`, url: settings.url });
    this.#parts.changed();
    await race(new Promise<never>(() => undefined), AbortSignal.any([open.session.gone, stop]));
  }

  async #connect(stop: AbortSignal): Promise<OpenRoad> {
    const { settings, name, primaryHost, bdSeq, clock } = this.#parts;
    const cycle = connectedAgain(bdSeq.get());
    bdSeq.set(cycle.bdSeq);
    // What the host says of itself is retained, and comes again with each connection.
    this.#host = undefined;
    this.#hostRestarted = false;
    this.#rebirthAsked = false;
    const nowMs = Math.floor(clock.nowUs() / 1_000);
    const session = await openBroker(
      {
        settings,
        will: { topic: topicOf(name, "NDEATH"), payload: nodeDeath(cycle.bdSeq, nowMs) },
        subscriptions: subscriptionsOf(name, primaryHost),
        onMessage: (topic, payload) => {
          this.#receive(topic, payload);
        },
      },
      stop,
    );
    return { session, cycle };
  }

  #away(failure: unknown): void {
    // Ended by the node itself, which says why.
    if (failure === ended) return;
    const { kind, hint } =
      failure instanceof BrokerAway ? failure : { kind: "unforeseen", hint: "" };
    this.#trouble = { why: messageChain(failure), hint };
    if (this.#said.has(kind)) return;
    this.#said.add(kind);
    this.#parts.log.warn("publish.broker-away", this.#trouble);
  }

  #receive(topic: string, payload: Uint8Array): void {
    const { primaryHost, name, changed } = this.#parts;
    if (primaryHost !== undefined && topic === hostTopic(primaryHost)) {
      this.#hearHost(payload);
    } else if (topic === topicOf(name, "NCMD")) {
      const asked = parseCommand(payload);
      if (asked?.rebirth === true) this.#rebirthAsked = true;
      if (asked === undefined || asked.writes.length > 0) this.#refuse(topic, asked?.writes);
    } else {
      // Sparkplug 3.0, 6.4.28: whatever a command to a device says is a write.
      const asked = parseCommand(payload);
      this.#refuse(topic, asked?.rebirth === true ? undefined : asked?.writes);
    }
    changed();
  }

  #hearHost(payload: Uint8Array): void {
    const { log, primaryHost } = this.#parts;
    const said = parseHostState(payload);
    if (said === undefined) {
      log.warn("publish.host-unreadable", { host: primaryHost });
      return;
    }
    const before = this.#host;
    this.#host = judgeHost(this.#host, said);
    const { online, timestampMs } = this.#host;
    if (before?.online === true && online && timestampMs !== before.timestampMs) {
      this.#hostRestarted = true;
    }
    if (online === before?.online) return;
    log.info(online ? "publish.host-online" : "publish.host-offline", {
      host: primaryHost,
    });
  }

  /** Nothing is written to a machine but by a command that was granted (field practice 50 and 66). */
  #refuse(topic: string, metrics: readonly string[] | undefined): void {
    this.#refused += Math.max(1, metrics?.length ?? 1);
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#refusalMs < refusalEveryMs) return;
    this.#refusalMs = nowMs;
    this.#parts.log.warn("publish.write-refused", {
      topic,
      // Some names say who asks for what; what anybody sends fills no log.
      metrics: (metrics ?? ["?"]).slice(0, 5).map((metric) => metric.slice(0, 100)),
      refused: this.#refused,
    });
  }
}
