/** Notes how connections of gateways to the broker ended, and says what is known of those of one. */
import { aborted, messageChain, type Clock, type Log } from "@millwright/kit";

import { Expiry } from "../expiry.ts";
import type { BrokerConnection, BrokerConnections } from "../hand-over.ts";
import type { SeenConnection } from "./judge-silence.ts";
import { endsOfGateways, knownBy, type Addresses, type NotedEnd } from "./whose-connection.ts";

/** Where they are kept. */
export interface ConnectionShelf {
  /** Where each gateway came from last. */
  addresses(): Promise<Addresses>;
  keep(ends: readonly NotedEnd[]): Promise<void>;
  /** Those of the gateway, and those without a name from the address; of each the newest. */
  newest(gateway: string, address: string | undefined, max: number): Promise<readonly NotedEnd[]>;
  /** Lets go what is older, and of each gateway what is more than it may have. @returns how many rows went */
  expire(beforeUs: number, perGatewayMax: number, nowUs: number): Promise<number>;
}

export interface ConnectionBookOptions {
  readonly shelf: ConnectionShelf;
  readonly broker: BrokerConnections;
  readonly isGateway: (id: string) => boolean;
  readonly keepDays: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the broker and the notes say of one gateway. */
export interface KnownConnections {
  readonly connections: readonly SeenConnection[];
  /** Why the broker does not say; undefined where it does. */
  readonly notAsked: string | undefined;
}

/** A broker remembers ten thousand ends: so many do not come within a minute. */
const askEveryMs = 10_000;
/** What was asked so recently is not asked again, however many people look. */
const freshUs = 1_000_000;
/** Who is refused tries again twice a minute at the end, and the time line needs none of it. */
const perGatewayMax = 200;
/** Of one that is silent: an hour and a half of being refused, and the connection before that. */
const judgedMax = 200;

export class ConnectionBook {
  readonly #options: ConnectionBookOptions;
  readonly #expiry: Expiry;
  #addresses: Map<string, string> | undefined;
  #notAsked: string | undefined;
  #askedUs = -Infinity;
  #asking: Promise<void> | undefined;

  constructor(options: ConnectionBookOptions) {
    const { shelf, keepDays, clock, log } = options;
    this.#options = options;
    this.#expiry = new Expiry({
      ...{ keepDays, clock },
      expire: (beforeUs, nowUs) => shelf.expire(beforeUs, perGatewayMax, nowUs),
      gone: (connections) => {
        log.info("silence.connections-expired", { connections });
      },
      failed: (reason) => {
        log.warn("silence.connections-not-expired", { reason });
      },
    });
  }

  /** Until `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const stopped = aborted(signal);
    while (!signal.aborted) {
      await Promise.race([stopped, this.#note()]);
      await this.#expiry.lookWhenDue();
      await Promise.race([stopped, clock.sleep(askEveryMs, signal).catch(() => undefined)]);
    }
  }

  async of(gateway: string): Promise<KnownConnections> {
    const { shelf, broker } = this.#options;
    // What is open first: what ends in between is then known to have ended.
    const open = await broker.open().catch((): readonly BrokerConnection[] => []);
    await this.#note();
    const own = open.filter(({ name }) => name === gateway);
    const known = this.#addresses ?? new Map<string, string>();
    const address = own.at(-1)?.address ?? known.get(gateway);
    const addresses = address === undefined ? known : new Map([...known, [gateway, address]]);
    const ended = await shelf.newest(gateway, address, judgedMax);
    const hasEnded = ({ server, id }: BrokerConnection): boolean =>
      ended.some((one) => one.server === server && one.id === id);
    const connections = [...own.filter((one) => !hasEnded(one)), ...ended].map((one) => {
      return { ...one, by: knownBy(one, addresses) };
    });
    return { connections, notAsked: this.#notAsked };
  }

  /** Never rejects: why nothing was noted is an answer, too. */
  async #note(): Promise<void> {
    const { clock } = this.#options;
    if (Math.abs(clock.nowUs() - this.#askedUs) < freshUs) return;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
      this.#askedUs = clock.nowUs();
    });
    await this.#asking;
  }

  async #ask(): Promise<void> {
    const { broker, shelf, isGateway, log } = this.#options;
    const before = this.#notAsked;
    try {
      this.#addresses ??= new Map(await shelf.addresses());
      const ended = await broker.ended();
      const ends = endsOfGateways(ended.connections, isGateway, this.#addresses);
      await shelf.keep(ends);
      ended.kept();
      for (const { name, address } of ends) if (name !== "") this.#addresses.set(name, address);
      this.#notAsked = undefined;
      if (before !== undefined) log.info("silence.broker-asked-again", {});
    } catch (failure) {
      this.#notAsked = messageChain(failure);
      if (before === undefined) log.warn("silence.broker-not-asked", { reason: this.#notAsked });
    }
  }
}
