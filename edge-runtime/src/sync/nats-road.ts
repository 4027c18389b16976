import { readFileSync } from "node:fs";
import { isIP } from "node:net";

import { messageChain } from "@millwright/kit";
import { subjects, type GatewayId, type RoadLane } from "@millwright/wire-contract";
import {
  connect,
  createInbox,
  headers,
  type Msg,
  type NatsConnection,
  type NodeConnectionOptions,
  type TlsOptions,
} from "@nats-io/transport-node";

import { readBrokerCredentials } from "../broker-credentials.ts";
import { HubUnreachable } from "./faults.ts";
import type { Road, RoadEvents, RoadSession } from "./road.ts";

/**
 * The road by NATS. Frames are published with a reply subject and their acks counted, not awaited one by one: a promise
 * for each costs eleven times as much (limits, 2c).
 */
export interface NatsRoadOptions {
  /** For example `nats://hub:4222`. */
  readonly servers: readonly string[];
  readonly gateway: GatewayId;
  /**
   * User name in its first line, password in its second. Read at each connect, because the hub may make new ones. Absent:
   * the broker lets everybody in.
   */
  readonly credentialsFile?: string;
  /** Certificates of those who may have signed the broker's, PEM, and of nobody else. With `tls://` only. Read at each connect, too. */
  readonly caFile?: string;
}

/** A connection that is not there after so long is not coming; the uplink tries again. */
const connectMs = 5_000;
/** Two pings of 10 s without an answer: a half-open connection ends after 20 to 30 s. */
const pingMs = 10_000;
const pingsOpenMax = 2;

export function createNatsRoad(options: NatsRoadOptions): Road {
  const address = options.servers.join(", ");
  return {
    async connect(events, signal) {
      let connection: NatsConnection;
      try {
        connection = await connect(await connectOptions(options));
      } catch (cause) {
        throw new HubUnreachable(address, { cause });
      }
      if (signal.aborted) {
        await connection.close();
        throw new HubUnreachable(address, { cause: signal.reason });
      }
      return openSession(connection, options.gateway, events);
    },
  };
}

/** The same for the road and for a test of it. Throws where a file cannot be read. */
export async function connectOptions(options: NatsRoadOptions): Promise<NodeConnectionOptions> {
  return {
    servers: [...options.servers],
    name: options.gateway,
    timeout: connectMs,
    ...credentials(options.credentialsFile),
    // The client encrypts when the broker offers it; asked for by its address, it goes no other way.
    ...(options.servers.some(isEncrypted) ? { tls: await encryption(options) } : {}),
    // Each connection begins with a hello, so the uplink connects anew and not the client.
    reconnect: false,
    pingInterval: pingMs,
    maxPingOut: pingsOpenMax,
  };
}

async function encryption({
  servers: [server = ""],
  caFile,
}: NatsRoadOptions): Promise<TlsOptions & { readonly host?: string }> {
  const host = hostIn(server);
  const read = caFile === undefined ? {} : await readBrokerCredentials({ caFile });
  if ("kind" in read) throw new Error(read.reason);
  return {
    ...(read.ca === undefined ? {} : { ca: read.ca }),
    // Of an address the client says nothing to Node, which then compares the certificate with "localhost".
    ...(isIP(host) === 0 ? {} : { host }),
  };
}

/** Without the brackets of an address of IPv6. */
export function hostIn(server: string): string {
  return new URL(server).hostname.replace(/^\[|\]$/g, "");
}

/** Whether an address asks for encryption. */
export function isEncrypted(server: string): boolean {
  return server.startsWith("tls:");
}

function credentials(file: string | undefined): { user?: string; pass?: string } {
  if (file === undefined) return {};
  const [user = "", pass = ""] = readFileSync(file, "utf8").split(/\r?\n/);
  return { user, pass };
}

function openSession(
  connection: NatsConnection,
  gateway: GatewayId,
  events: RoadEvents,
): RoadSession {
  const acks = new AckSubjects(createInbox());
  connection.subscribe(acks.all, {
    callback: (failure, message) => {
      if (failure !== null) return;
      const from = acks.of(message.subject);
      if (from !== undefined) events.acked(from.lane, from.round, refusalOf(message));
    },
  });
  connection.subscribe(subjects.mark(gateway), {
    callback: (failure, message) => {
      if (failure === null) events.mark(message.data);
    },
  });
  connection.subscribe(subjects.orders(gateway), {
    callback: (failure, message) => {
      if (failure === null) events.orders(message.data);
    },
  });
  return {
    publish(lane, round, subject, id, bytes) {
      const head = headers();
      head.set("Nats-Msg-Id", id);
      connection.publish(subject, bytes, { reply: acks.subject(lane, round), headers: head });
      // The client copies what it sends in the microtask that it has queued by now, or did already.
      queueMicrotask(() => {
        giveBack(bytes);
      });
    },
    async request(subject, bytes, timeoutMs) {
      const answer = await connection.request(subject, bytes, { timeout: timeoutMs });
      return answer.data;
    },
    send(subject, bytes) {
      connection.publish(subject, bytes);
    },
    closed: connection
      .closed()
      .then((failure) => (failure === undefined ? "closed" : messageChain(failure))),
    async close() {
      if (connection.isClosed()) return;
      // Drains: what was published is on the wire before the connection ends. When the server went away meanwhile, the
      // client forgets the drain, so its end is waited for as well.
      await Promise.race([connection.drain(), connection.closed()]);
    },
  };
}

/** Less is collected with all else; each giving back has its price, too. */
const givenBackFromBytes = 16_384;

/**
 * Memory of buffers lies outside of the heap, and after some ten megabytes of it V8 looks through the whole heap for what
 * can go. Where a backlog drains that took more processor time than sending.
 */
function giveBack({ buffer, byteLength }: Uint8Array): void {
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  if (isWhole && byteLength >= givenBackFromBytes) buffer.transfer(0);
}

interface AckOf {
  readonly lane: RoadLane;
  readonly round: number;
}

/** One inbox for all acks; lane and round are its last tokens, so that an answer of an earlier round is known as one. */
class AckSubjects {
  readonly #inbox: string;
  readonly #known = new Map<string, AckOf>();
  readonly #current = new Map<RoadLane, { readonly round: number; readonly subject: string }>();

  constructor(inbox: string) {
    this.#inbox = inbox;
  }

  get all(): string {
    return `${this.#inbox}.*.*`;
  }

  subject(lane: RoadLane, round: number): string {
    const current = this.#current.get(lane);
    if (current?.round === round) return current.subject;
    const subject = `${this.#inbox}.${lane}.${round}`;
    this.#current.set(lane, { round, subject });
    this.#known.set(subject, { lane, round });
    // Answers to all but the last rounds are of no use to anybody.
    if (this.#known.size > 16) this.#known.delete(this.#known.keys().next().value ?? "");
    return subject;
  }

  of(subject: string): AckOf | undefined {
    return this.#known.get(subject);
  }
}

const brace = 0x7b;
const errorMark = Buffer.from('"error"');

/** Why the broker did not take the frame: no stream listens, or the stream answers with an error (full, too large). */
function refusalOf(message: Msg): string | undefined {
  const { data } = message;
  if (data.length === 0) return "no stream takes this lane yet";
  // An error stands first in a PubAck; looking there spares parsing the good ones.
  const refused =
    data[0] !== brace ||
    Buffer.from(data.buffer, data.byteOffset, Math.min(data.length, 16)).includes(errorMark);
  if (!refused) return undefined;
  try {
    const answer = message.json<{ error?: { description?: unknown } }>();
    const why = answer.error?.description;
    return typeof why === "string" ? why : "the broker answered with an error";
  } catch {
    return "the broker answered with something that is no ack";
  }
}
