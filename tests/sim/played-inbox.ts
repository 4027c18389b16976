import { race, type Random } from "@millwright/kit";
import type { Inbox, InboxEvents, InboxMessage } from "@millwright/cloud-hub/parts";
import type { GatewayId, HelloAnswer, MarkMessage } from "@millwright/wire-contract";

import { Line } from "./line.ts";
import type { BrokerMessage, PlayedBroker } from "./played-broker.ts";

/** How often the hub looks whether broker and streams are there, as its real inbox does. */
const lookEveryMs = 1_000;
/** The hub's side of the played broker: messages come late, in any order, and some of them twice. */
export class PlayedInbox implements Inbox {
  readonly #broker: PlayedBroker;
  readonly #random: Random;
  readonly #waiting: BrokerMessage[] = [];
  readonly #closing = new AbortController();
  #events: InboxEvents | undefined;
  #attached = false;
  #arrival = Promise.withResolvers<undefined>();

  constructor(broker: PlayedBroker, random: Random) {
    this.#broker = broker;
    this.#random = random;
  }

  open(events: InboxEvents): Promise<void> {
    if (!this.#broker.up) return Promise.reject(new Error("the broker does not answer"));
    this.#events = events;
    this.#broker.inbox = this;
    void this.#look();
    return Promise.resolve();
  }

  async take(bytesMax: number, signal: AbortSignal): Promise<readonly InboxMessage[]> {
    while (this.#waiting.length === 0) await race(this.#arrival.promise, signal);
    const taken: InboxMessage[] = [];
    // A batch of any size, so that transactions of one message and of many are played.
    const countMax = 1 + this.#random.int(20);
    let bytes = 0;
    while (taken.length < countMax && bytes < bytesMax) {
      const message = this.#waiting.shift();
      if (message === undefined) break;
      bytes += message.bytes.length;
      const { gateway, lane } = message;
      taken.push({
        gateway,
        lane,
        bytes: message.bytes,
        acknowledge: () => {
          const lost = this.#random.next() < this.#broker.weather.lost;
          if (this.#attached && !lost) this.#broker.acknowledged(message);
        },
      });
    }
    return taken;
  }

  publishMarks(gateway: GatewayId, message: MarkMessage): void {
    if (!this.#attached) return;
    const bytes = new TextEncoder().encode(JSON.stringify(message));
    for (const session of this.#broker.sessions) {
      if (session.gateway === gateway) session.mark(bytes);
    }
  }

  close(): Promise<void> {
    this.detach();
    this.#closing.abort();
    if (this.#broker.inbox === this) this.#broker.inbox = undefined;
    return Promise.resolve();
  }

  detach(): void {
    this.#attached = false;
    this.#waiting.length = 0;
  }

  /** The broker has something new. */
  ring(): void {
    if (this.#attached) this.#deliver();
  }

  ask(gateway: GatewayId, bytes: Uint8Array): Promise<HelloAnswer | undefined> | undefined {
    return this.#attached ? this.#events?.hello(gateway, bytes) : undefined;
  }

  hear(gateway: GatewayId, bytes: Uint8Array): void {
    if (this.#attached) this.#events?.beat(gateway, bytes);
  }

  async #look(): Promise<void> {
    const { clock } = this.#broker;
    while (!this.#closing.signal.aborted) {
      if (this.#broker.up) {
        this.#attached = true;
        this.#broker.makeStreams();
        this.#deliver();
      }
      await clock.sleep(lookEveryMs, this.#closing.signal).catch(() => undefined);
    }
  }

  #deliver(): void {
    const { clock, weather } = this.#broker;
    for (const message of this.#broker.due()) {
      const times = this.#random.next() < weather.doubled ? 2 : 1;
      for (let time = 0; time < times; time++) {
        // Each on a line of its own: one that is late does not hold up the others.
        const line = new Line(clock, this.#random, { ...weather, lost: 0 }, () => this.#attached);
        line.send(() => {
          this.#waiting.push(message);
          this.#arrival.resolve(undefined);
          this.#arrival = Promise.withResolvers();
        });
      }
    }
  }
}
