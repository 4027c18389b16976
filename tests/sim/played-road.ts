import type { Random } from "@millwright/kit";
import {
  HubUnreachable,
  type Road,
  type RoadEvents,
  type RoadSession,
} from "@millwright/edge-runtime/parts";
import {
  gatewayOfSubject,
  type GatewayId,
  type Hello,
  type RoadLane,
} from "@millwright/wire-contract";

import type { CriticalOrder, Greeting } from "./critical-order.ts";
import { Line } from "./line.ts";
import { pause } from "./pause.ts";
import type { PlayedBroker } from "./played-broker.ts";

/** A connection that is not there after so long is not coming. */
const connectMs = 1_000;
/** A connection whose cable is out ends after its pings have stayed without an answer. */
const halfOpenMs = 20_000;
/** The way of one gateway to the broker. Its cable can be taken out. */
export class PlayedRoad implements Road {
  readonly gateway: GatewayId;
  readonly order: CriticalOrder;
  readonly #broker: PlayedBroker;
  readonly #random: Random;
  #cut = false;
  #session: PlayedSession | undefined;

  constructor(broker: PlayedBroker, gateway: GatewayId, random: Random, order: CriticalOrder) {
    this.order = order;
    this.#broker = broker;
    this.gateway = gateway;
    this.#random = random;
  }

  get cut(): boolean {
    return this.#cut;
  }

  async connect(events: RoadEvents, signal: AbortSignal): Promise<RoadSession> {
    const { clock } = this.#broker;
    const reachable = (): boolean => this.#broker.up && !this.#cut;
    await clock.sleep(reachable() ? this.#random.next() * 20 : connectMs, signal);
    if (!reachable()) throw new HubUnreachable("the played broker");
    this.#session = new PlayedSession(this.#broker, this, events, this.#random.fork("session"));
    return this.#session;
  }

  /** Nothing passes any more. Whether that is noticed at once depends on which cable it is. */
  takeOut(noticed: boolean): void {
    this.#cut = true;
    const session = this.#session;
    if (noticed) {
      session?.end("the cable is out");
    } else {
      void pause(this.#broker.clock, halfOpenMs).then(() => {
        session?.end("no answer to pings");
      });
    }
  }

  /** A connection that nobody found to be dead goes on; what was sent meanwhile is lost to it. */
  putIn(): void {
    this.#cut = false;
  }

  /** The gateway was killed: its side of the connection is gone. */
  drop(): void {
    this.#session?.end("the gateway is gone");
  }
}

export class PlayedSession implements RoadSession {
  readonly closed: Promise<string>;
  readonly gateway: GatewayId;
  readonly #broker: PlayedBroker;
  readonly #events: RoadEvents;
  readonly #up: Line;
  readonly #down: Line;
  readonly #close: (why: string) => void;
  readonly #order: CriticalOrder;
  #greeting: Greeting | undefined;
  #ended = false;

  constructor(broker: PlayedBroker, road: PlayedRoad, events: RoadEvents, random: Random) {
    this.#broker = broker;
    this.#events = events;
    this.gateway = road.gateway;
    this.#order = road.order;
    const open = (): boolean => !this.#ended && !road.cut;
    this.#up = new Line(broker.clock, random.fork("up"), broker.weather, open);
    this.#down = new Line(broker.clock, random.fork("down"), broker.weather, open);
    const { promise, resolve } = Promise.withResolvers<string>();
    this.closed = promise;
    this.#close = resolve;
    broker.sessions.add(this);
  }

  publish(lane: RoadLane, round: number, subject: string, id: string, bytes: Uint8Array): void {
    void this.#order.publishing(this.gateway, lane, this.#greeting);
    this.#up.send(() => {
      const gateway = gatewayOfSubject(subject) as GatewayId;
      const refusal = this.#broker.take({ gateway, lane, id, bytes });
      this.#down.send(() => {
        this.#events.acked(lane, round, refusal);
      });
    });
  }

  request(subject: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const answered = new AbortController();
    const refuse = (why: string): void => {
      reject(new Error(why));
      answered.abort();
    };
    this.#broker.clock.sleep(timeoutMs, answered.signal).then(
      () => {
        refuse(`no answer within ${timeoutMs} ms`);
      },
      () => undefined,
    );
    void this.closed.then(refuse);
    this.#up.send(() => {
      const asked = this.#broker.inbox?.ask(gatewayOfSubject(subject) as GatewayId, bytes);
      if (asked === undefined) {
        this.#down.send(() => {
          refuse("nobody listens");
        });
        return;
      }
      asked.then(
        (answer) => {
          if (answer === undefined) return;
          this.#down.send(() => {
            const hello = JSON.parse(new TextDecoder().decode(bytes)) as Hello;
            this.#greeting = { hello, answer, atMs: this.#order.nowMs };
            resolve(new TextEncoder().encode(JSON.stringify(answer)));
            answered.abort();
          });
        },
        // The hub failed and says nothing: the time-out tells.
        () => undefined,
      );
    });
    return promise;
  }

  send(subject: string, bytes: Uint8Array): void {
    this.#up.send(() => {
      this.#broker.inbox?.hear(gatewayOfSubject(subject) as GatewayId, bytes);
    });
  }

  mark(bytes: Uint8Array): void {
    this.#down.send(() => {
      this.#events.mark(bytes);
    });
  }

  close(): Promise<void> {
    this.end("closed");
    return Promise.resolve();
  }

  end(why: string): void {
    this.#ended = true;
    this.#broker.sessions.delete(this);
    this.#close(why);
  }
}
