/**
 * A broker as far as both sides rely on it: a stream for each lane that refuses when it is full, answers a repeated
 * message id as if it had taken it, delivers until it is acknowledged, and may forget everything.
 */
import type { Clock, Random } from "@millwright/kit";
import { roadLanes, type GatewayId, type RoadLane } from "@millwright/wire-contract";

import type { Weather } from "./line.ts";
import type { PlayedInbox } from "./played-inbox.ts";
import type { PlayedSession } from "./played-road.ts";

export interface BrokerMessage {
  readonly gateway: GatewayId;
  readonly lane: RoadLane;
  readonly id: string;
  readonly bytes: Uint8Array;
  /** When it was last given to the hub, ms; absent before. */
  deliveredMs?: number;
}

interface Stream {
  readonly messages: Set<BrokerMessage>;
  /** Message ids and when they came, ms. */
  readonly ids: Map<string, number>;
}

/** As the hub sets up the real one: message ids are remembered so long, and unacknowledged messages come again. */
const duplicateWindowMs = 120_000;
const ackWaitMs = 30_000;
/** Small, so that a hub that is away for some seconds fills it and lanes are refused. */
const messagesOfGatewayMax = 60;

export class PlayedBroker {
  readonly clock: Clock;
  readonly random: Random;
  readonly weather: Weather;
  readonly sessions = new Set<PlayedSession>();
  readonly #streams = new Map<RoadLane, Stream>();
  #up = true;
  #refused: ReadonlySet<RoadLane> = new Set();
  inbox: PlayedInbox | undefined;
  /** Frames that were refused, taken twice, forgotten: what the seed really played. */
  readonly counters = { refused: 0, repeated: 0, forgotten: 0 };

  constructor(clock: Clock, random: Random, weather: Weather) {
    this.clock = clock;
    this.random = random;
    this.weather = weather;
  }

  get up(): boolean {
    return this.#up;
  }

  /** Ends all connections. What is stored comes back with `start`, and the ids of it. */
  kill(): void {
    this.#up = false;
    for (const session of [...this.sessions]) session.end("the broker is gone");
    this.inbox?.detach();
    for (const stream of this.#streams.values()) {
      stream.ids.clear();
      for (const message of stream.messages) {
        stream.ids.set(message.id, this.clock.monotonicMs());
        delete message.deliveredMs;
      }
    }
  }

  start(): void {
    this.#up = true;
  }

  forgetAll(): void {
    for (const { messages } of this.#streams.values()) this.counters.forgotten += messages.size;
    this.#streams.clear();
  }

  /** From now on it takes frames of all lanes but these: their streams are full. */
  refuse(...lanes: readonly RoadLane[]): void {
    this.#refused = new Set(lanes);
  }

  makeStreams(): void {
    for (const lane of roadLanes) {
      if (!this.#streams.has(lane)) {
        this.#streams.set(lane, { messages: new Set(), ids: new Map() });
      }
    }
  }

  /** Answers why not, when not. */
  take(message: BrokerMessage): string | undefined {
    const stream = this.#streams.get(message.lane);
    if (stream === undefined) return "no stream takes this lane yet";
    const nowMs = this.clock.monotonicMs();
    const cameMs = stream.ids.get(message.id);
    if (cameMs !== undefined && nowMs - cameMs < duplicateWindowMs) {
      this.counters.repeated++;
      return undefined;
    }
    const waiting = [...stream.messages].filter(({ gateway }) => gateway === message.gateway);
    if (waiting.length >= messagesOfGatewayMax || this.#refused.has(message.lane)) {
      this.counters.refused++;
      return "maximum messages per subject exceeded";
    }
    stream.ids.set(message.id, nowMs);
    stream.messages.add(message);
    this.inbox?.ring();
    return undefined;
  }

  /** Messages that are to be given to the hub now. */
  due(): readonly BrokerMessage[] {
    const nowMs = this.clock.monotonicMs();
    const due: BrokerMessage[] = [];
    for (const { messages } of this.#streams.values()) {
      for (const message of messages) {
        if (nowMs - (message.deliveredMs ?? -Infinity) < ackWaitMs) continue;
        message.deliveredMs = nowMs;
        due.push(message);
      }
    }
    return due;
  }

  acknowledged(message: BrokerMessage): void {
    this.#streams.get(message.lane)?.messages.delete(message);
  }
}
