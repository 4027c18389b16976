/** Why a gateway is silent: brings together what was seen, and has it judged. */
import type { Clock, Log } from "@millwright/kit";

import { poolConnections } from "../database/connections.ts";
import { openPool } from "../database/pool.ts";
import type { BrokerConnections } from "../hand-over.ts";
import type { Silence } from "../silence-views.ts";
import { ConnectionBook } from "./connection-book.ts";
import { ConnectionStore } from "./connection-store.ts";
import { judgeSilence, type HeardGateway } from "./judge-silence.ts";

export interface SilenceOptions {
  /** All gateways, as they are heard now. */
  readonly gateways: () => readonly HeardGateway[];
  readonly isGateway: (id: string) => boolean;
  readonly broker: BrokerConnections;
  /** Since when the hub has had no connection to its broker; undefined while it has one. */
  readonly cutOffUs: () => number | undefined;
  readonly keepDays: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** A question that takes longer is not waited for. */
const statementMs = 10_000;

/** With a connection of its own. */
export function openSilence(url: string, options: SilenceOptions): SilenceDesk {
  const connectionsMax = poolConnections.silence;
  const pool = openPool({ url, connectionsMax, statementMs, log: options.log });
  const book = new ConnectionBook({ ...options, shelf: new ConnectionStore(pool) });
  return new SilenceDesk(options, book, () => pool.end());
}

export class SilenceDesk implements AsyncDisposable {
  readonly #options: SilenceOptions;
  readonly #book: ConnectionBook;
  readonly #end: () => Promise<void>;
  readonly #listeningUs: number;

  constructor(options: SilenceOptions, book: ConnectionBook, end: () => Promise<void>) {
    this.#options = options;
    this.#book = book;
    this.#end = end;
    this.#listeningUs = options.clock.nowUs();
  }

  /** Notes ends of connections until `signal` aborts. */
  watch(signal: AbortSignal): Promise<void> {
    return this.#book.watch(signal);
  }

  /** Undefined where the hub has never heard of it. */
  async of(id: string): Promise<Silence | undefined> {
    const { gateways, cutOffUs, clock } = this.#options;
    const [gateway, others] = splitAt(gateways(), id);
    if (gateway === undefined) return undefined;
    const cutUs = cutOffUs();
    // Of one that is heard, or said that it stops, the broker has nothing to add, and one that is away no answer.
    const isAsked = gateway.presence === "silent" && cutUs === undefined;
    return judgeSilence({
      ...{ gateway, others, cutOffUs: cutUs, listeningUs: this.#listeningUs },
      nowUs: clock.nowUs(),
      ...(isAsked ? await this.#book.of(id) : { connections: [], notAsked: undefined }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.broker[Symbol.asyncDispose]();
    await this.#end();
  }
}

function splitAt(
  all: readonly HeardGateway[],
  id: string,
): readonly [HeardGateway | undefined, readonly HeardGateway[]] {
  return [all.find(({ gateway }) => gateway === id), all.filter(({ gateway }) => gateway !== id)];
}
