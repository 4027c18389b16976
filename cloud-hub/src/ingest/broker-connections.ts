/**
 * What the broker knows of connections that there are and were, asked over its system account (docs.nats.io, "Monitoring",
 * CONNZ over NATS): a gateway that is silent cannot say why, and the broker saw the end of its connection.
 *
 * The server tells such ends as events, too, but for connections of the account that users without one are in (server 2.9),
 * and a hub that is away misses them. A broker holds the last ten thousand ends (`max_closed_clients`) as long as it runs.
 */
import { messageChain, type Clock } from "@millwright/kit";
import { connect, errors, type NatsConnection } from "@nats-io/transport-node";
import * as z from "zod";

import type { BrokerConnection, BrokerConnections, EndedConnections } from "../hand-over.ts";

export interface NatsConnectionsOptions {
  readonly url: string;
  /** Of a user of the system account; undefined where the settings name none, and nothing is asked. */
  readonly credentials: { readonly user: string; readonly password: string } | undefined;
  readonly clock: Clock;
}

/** Answered to users of the system account alone. */
const pingSubject = "$SYS.REQ.SERVER.PING";
/** Every server of a cluster answers by itself. To a user of another account it tells what is open there, and no ends. */
const subject = "$SYS.REQ.SERVER.PING.CONNZ";
/** The first answer is waited for so long; those of other servers come within 300 ms of each other. */
const answerMs = 3_000;
const connectMs = 3_000;
/** An answer stays below 1 MiB, which a broker has room for unless its settings say otherwise. */
const pageRows = 512;
/** All ends that a broker remembers, and more gateways than there are. */
const pagesMax = 25;
/** `state` of CONNZ. */
const states = { open: 0, ended: 1 } as const;

/** A time of the server, µs. */
const time = z
  .string()
  .transform((text) => Date.parse(text) * 1_000)
  .refine(Number.isFinite);
const page = z.object({
  data: z.object({
    server_id: z.string(),
    now: time,
    total: z.int(),
    connections: z.array(
      z.object({
        cid: z.int(),
        ip: z.string().default(""),
        name: z.string().default(""),
        start: time,
        stop: time.optional(),
        reason: z.string().default(""),
      }),
    ),
  }),
});
type Page = z.infer<typeof page>["data"];
type Row = Page["connections"][number];

export class NatsConnections implements BrokerConnections {
  readonly #options: NatsConnectionsOptions;
  #connection: Promise<NatsConnection> | undefined;
  /** When the newest end came that was kept of each server, by its own clock. */
  readonly #keptUs = new Map<string, number>();

  constructor(options: NatsConnectionsOptions) {
    this.#options = options;
  }

  async ended(): Promise<EndedConnections> {
    const newestUs = new Map<string, number>();
    const isNew = ({ server_id: server }: Page, { stop = 0 }: Row): boolean =>
      stop >= (this.#keptUs.get(server) ?? -Infinity);
    const connections = await this.#ask("ended", (found) => {
      const { server_id: server, connections: rows } = found;
      const fresh = rows.filter((row) => isNew(found, row));
      for (const { stop = 0 } of fresh) {
        newestUs.set(server, Math.max(stop, newestUs.get(server) ?? -Infinity));
      }
      return fresh;
    });
    return {
      connections,
      kept: () => {
        for (const [server, us] of newestUs) this.#keptUs.set(server, us);
      },
    };
  }

  open(): Promise<readonly BrokerConnection[]> {
    return this.#ask("open", ({ connections }) => connections);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection?.then(
      (connection) => connection.close(),
      () => undefined,
    );
  }

  /** @param wanted those of a page that are wanted; where it is not all of them, what comes behind is not asked for */
  async #ask(
    state: keyof typeof states,
    wanted: (page: Page) => readonly Row[],
  ): Promise<readonly BrokerConnection[]> {
    const connection = await this.#connected();
    const found: BrokerConnection[] = [];
    for (let at = 0; at < pagesMax; at++) {
      const offset = at * pageRows;
      const asked = { state: states[state], sort: "stop", offset, limit: pageRows };
      // What is open has not stopped.
      const pages = await ask(connection, state === "open" ? { ...asked, sort: "cid" } : asked);
      const nowUs = this.#options.clock.nowUs();
      let isMore = false;
      for (const one of pages) {
        const rows = wanted(one);
        found.push(...rows.map((row) => toConnection(row, one.server_id, nowUs - one.now)));
        const isWhole = rows.length === one.connections.length;
        if (isWhole && offset + one.connections.length < one.total) isMore = true;
      }
      if (!isMore) break;
    }
    return found;
  }

  async #connected(): Promise<NatsConnection> {
    const { url, credentials } = this.#options;
    if (credentials === undefined) {
      throw new Error("the hub's settings name no user of its system account");
    }
    this.#connection ??= connectTo(url, credentials);
    try {
      return await this.#connection;
    } catch (cause) {
      // The next question tries again.
      this.#connection = undefined;
      if (cause instanceof errors.AuthorizationError) {
        throw new Error("it refuses the user and password of broker.systemCredentialsFile", {
          cause,
        });
      }
      throw cause;
    }
  }
}

async function connectTo(
  url: string,
  { user, password: pass }: { readonly user: string; readonly password: string },
): Promise<NatsConnection> {
  const connection = await connect({
    ...{ servers: url, name: "hub, system account", user, pass },
    ...{ maxReconnectAttempts: -1, timeout: connectMs },
  });
  try {
    await connection.request(pingSubject, "", { timeout: answerMs });
    return connection;
  } catch (cause) {
    await connection.close();
    if (cause instanceof errors.RequestError && cause.isNoResponders()) {
      throw new Error("the user of broker.systemCredentialsFile is not of its system account", {
        cause,
      });
    }
    throw cause;
  }
}

async function ask(connection: NatsConnection, asked: object): Promise<readonly Page[]> {
  const pages: Page[] = [];
  try {
    const answers = await connection.requestMany(subject, JSON.stringify(asked), {
      strategy: "stall",
      maxWait: answerMs,
    });
    for await (const answer of answers) pages.push(page.parse(answer.json()).data);
  } catch (cause) {
    throw new Error(`it did not answer (${messageChain(cause)})`, { cause });
  }
  if (pages.length === 0) throw new Error("it did not answer");
  return pages;
}

/** @param aheadUs how far the hub's clock is ahead of the server's */
function toConnection(row: Row, server: string, aheadUs: number): BrokerConnection {
  const { cid: id, ip: address, name, start, stop, reason } = row;
  return {
    ...{ server, id, name, address, reason },
    beganUs: start + aheadUs,
    ...(stop === undefined ? {} : { endedUs: stop + aheadUs }),
  };
}
