/**
 * The way to the hub, gone once for a person who wants to know where it ends. By a connection of its own, which is closed
 * afterwards: the road and what is on it know nothing of it. Nothing is stored by it, at the broker or at the hub.
 */
import { lookup } from "node:dns/promises";
import { connect as connectTcp, isIP, type Socket } from "node:net";

import { messageChain, type Clock, type Refused } from "@millwright/kit";
import { roadLanes, streamNames, subjects, type RoadLane } from "@millwright/wire-contract";
import { connect, errors, headers, type NatsConnection } from "@nats-io/transport-node";

import { readBrokerCredentials } from "../broker-credentials.ts";
import type { ConnectionFindings, ConnectionTest } from "../hand-over.ts";
import { encrypt, judgeEncryption } from "./encryption.ts";
import { readGreeting, type Greeting } from "./greeting.ts";
import { parseProbeAnswer, toJson } from "./messages.ts";
import { connectOptions, hostIn, isEncrypted, type NatsRoadOptions } from "./nats-road.ts";
import { StepFailed, walk, type Step } from "./walk.ts";

export interface ConnectionTestOptions extends Omit<NatsRoadOptions, "servers"> {
  /** For example `nats://hub:4222`. */
  readonly server: string;
  readonly clock: Clock;
}

/** Of NATS. */
const usualPort = 4_222;
/** Of the seconds of a step; the answers of all lanes are waited for together. */
const answerMs = 4_000;

export function createConnectionTest(options: ConnectionTestOptions): ConnectionTest {
  let running = false;
  return {
    url: options.server,
    async run(signal): Promise<ConnectionFindings | Refused> {
      if (running) return { kind: "refused", reason: "a test of the connection is under way" };
      running = true;
      const way = new WayToHub(options);
      try {
        return await walk(way.steps, options.clock, signal);
      } finally {
        await way.close();
        running = false;
      }
    },
  };
}

/** What one step leaves to the next. */
class WayToHub {
  readonly #options: ConnectionTestOptions;
  readonly #host: string;
  readonly #port: number;
  readonly #opened: Socket[] = [];
  #socket: Socket | undefined;
  #greeting: Greeting | undefined;
  #connection: NatsConnection | undefined;
  #closed = false;

  constructor(options: ConnectionTestOptions) {
    const url = new URL(options.server);
    this.#options = options;
    this.#host = hostIn(options.server);
    this.#port = url.port === "" ? usualPort : Number(url.port);
  }

  get steps(): readonly Step[] {
    const place = `${this.#host}:${this.#port}`;
    return [
      {
        step: "name",
        take: () => this.#findName(),
        hint: checkTheName,
      },
      {
        step: "tcp",
        take: () => this.#reach(),
        hint: `Check the network cable, the address and the route of this gateway, and that no firewall stands between it and ${place}.`,
      },
      {
        step: "broker",
        take: () => this.#hearGreeting(),
        hint: `Something listens at ${place}, and it is not the hub's broker: check the port in hub.url of the settings.`,
      },
      {
        step: "tls",
        take: () => this.#encrypt(),
        hint: "Look at the log of the broker: it says why it does not encrypt with this gateway.",
      },
      {
        step: "sign-in",
        take: () => this.#signIn(),
        hint: "Look at the log of the broker: it says why it does not let this gateway in.",
      },
      {
        step: "streams",
        take: () => this.#askStreams(),
        hint: "Check that JetStream is on at the broker, then start the hub: it makes its streams.",
      },
      {
        step: "hub",
        take: () => this.#askHub(),
        hint: "A hub listens at the broker and does not answer: look at its log. One of an older version never answers a test.",
      },
    ];
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#closeSockets();
    await this.#connection?.close();
  }

  #closeSockets(): void {
    // What encrypts goes before what it lies on.
    for (const socket of this.#opened.splice(0).toReversed()) socket.destroy();
  }

  async #findName(): Promise<Found> {
    if (isIP(this.#host) !== 0) return { found: `${this.#host} is an address`, unused: true };
    const addresses = await lookup(this.#host, { all: true }).catch((failure: unknown) => {
      if (!hasCode(failure, "ENOTFOUND")) throw failure;
      throw new StepFailed(`nobody knows the name ${this.#host}`, checkTheName);
    });
    return { found: `${this.#host} is ${addresses.map(({ address }) => address).join(", ")}` };
  }

  async #reach(): Promise<Found> {
    const socket = connectTcp({ host: this.#host, port: this.#port });
    this.#opened.push(socket);
    this.#socket = socket;
    // What happens to it later is noticed by the step that needs it.
    socket.on("error", () => undefined);
    try {
      await new Promise((resolve, reject) => {
        socket.once("connect", resolve).once("error", reject);
      });
    } catch (failure) {
      if (!hasCode(failure, "ECONNREFUSED")) throw failure;
      throw new StepFailed(
        `${this.#host} answers, and nothing listens at port ${this.#port}`,
        "Check that the hub and its broker run, that the broker listens for others than its own machine, and the port in hub.url of the settings.",
      );
    }
    return { found: `${socket.remoteAddress ?? this.#host}, port ${this.#port}, is reached` };
  }

  async #hearGreeting(): Promise<Found> {
    this.#greeting = await readGreeting(reached(this.#socket));
    return { found: `nats-server ${this.#greeting.version}` };
  }

  async #encrypt(): Promise<Found> {
    const { tlsOffered } = reached(this.#greeting);
    const wanted = isEncrypted(this.#options.server);
    if (!wanted && !tlsOffered) {
      return { found: "others on the way can read what is sent", unused: true };
    }
    if (!tlsOffered) {
      throw new StepFailed(
        "the broker does not encrypt",
        "Let the broker encrypt (tls in its settings), or write nats:// in hub.url where nobody else is on the network.",
      );
    }
    const { caFile } = this.#options;
    const read = caFile === undefined ? {} : await readBrokerCredentials({ caFile });
    if ("kind" in read) throw new StepFailed(read.reason, read.hint);
    const how = {
      ...{ host: this.#host, wanted },
      ...(read.ca === undefined ? {} : { ca: read.ca }),
    };
    const secure = encrypt(reached(this.#socket), how);
    this.#opened.push(secure);
    return { found: await judgeEncryption(secure, how) };
  }

  async #signIn(): Promise<Found> {
    this.#closeSockets();
    const { credentialsFile, caFile, server, gateway } = this.#options;
    let options;
    try {
      options = await connectOptions({
        ...{ servers: [server], gateway },
        ...(credentialsFile === undefined ? {} : { credentialsFile }),
        ...(caFile === undefined ? {} : { caFile }),
      });
    } catch (failure) {
      throw new StepFailed(
        messageChain(failure),
        "Check that the file in hub.credentialsFile is there and that the user who runs the gateway may read it.",
      );
    }
    try {
      await this.#keep(connect({ ...options, name: `${gateway}, test of the connection` }));
    } catch (failure) {
      if (!/authori[sz]ation|authentication/i.test(messageChain(failure))) throw failure;
      throw new StepFailed(
        credentialsFile === undefined
          ? "the broker asks for user and password, and the settings give none"
          : "the broker does not accept user and password",
        credentialsFile === undefined
          ? "Name a file with the user in its first line and the password in its second as hub.credentialsFile in the settings."
          : `Compare ${credentialsFile} with what the broker expects; a hub with its own broker keeps that in gateway.credentials of its data folder.`,
      );
    }
    return {
      found: credentialsFile === undefined ? "the broker lets everybody in" : "accepted",
    };
  }

  async #askStreams(): Promise<Found> {
    const missing = await Promise.all(roadLanes.map((lane) => this.#whyNoStream(lane)));
    const said = missing.filter((why) => why !== undefined);
    if (said.length > 0) throw new Error(said.join("; "));
    return { found: `${roadLanes.join(", ")}: each has its stream` };
  }

  /**
   * A frame that is meant for another stream is refused before it is stored, and the refusal proves that there is one. What a
   * gateway is allowed at the broker is enough for that; to ask for the stream itself is not among it.
   */
  async #whyNoStream(lane: RoadLane): Promise<string | undefined> {
    const name = streamNames[lane];
    const head = headers();
    head.set("Nats-Expected-Stream", `not ${name}`);
    const subject = subjects.frame(lane, this.#options.gateway);
    try {
      const answer = await this.#ask(subject, new Uint8Array(0), head);
      const { error } = answer.json<{ error?: { err_code?: number; description?: string } }>();
      if (error === undefined || error.err_code === otherStreamExpected) return undefined;
      return `${name} of ${lane} says: ${error.description ?? "an error"}`;
    } catch (failure) {
      if (!isUnheard(failure)) throw failure;
      return `${name} of ${lane} is missing`;
    }
  }

  async #askHub(): Promise<Found> {
    const { gateway } = this.#options;
    const probe = toJson({ version: 1, gateway, probe: true });
    let answer;
    try {
      answer = parseProbeAnswer((await this.#ask(subjects.hello(gateway), probe)).data);
    } catch (failure) {
      if (!isUnheard(failure)) throw failure;
      throw new StepFailed(
        "no hub listens at the broker",
        "Start the hub, or look at its log when it runs: it may use another broker than this one.",
      );
    }
    if ("kind" in answer) throw new Error(answer.reason);
    if (!answer.stores) {
      throw new StepFailed(
        "the hub answers, and its database does not",
        "Check the database of the hub: until it answers, all that is measured waits in this gateway.",
      );
    }
    return { found: "the hub and its database answer" };
  }

  async #ask(
    subject: string,
    bytes: Uint8Array,
    head?: ReturnType<typeof headers>,
  ): ReturnType<NatsConnection["request"]> {
    try {
      return await reached(this.#connection).request(subject, bytes, {
        timeout: answerMs,
        ...(head === undefined ? {} : { headers: head }),
      });
    } catch (failure) {
      if (!(failure instanceof errors.TimeoutError)) throw failure;
      throw new Error(`no answer within ${answerMs / 1_000} s`);
    }
  }

  /** One that comes after its step was given up is closed. */
  async #keep(coming: Promise<NatsConnection>): Promise<void> {
    const connection = await coming;
    this.#connection = connection;
    if (this.#closed) await connection.close();
  }
}

const checkTheName =
  "Check the name in hub.url of the settings and the DNS server of this gateway. An address can stand there instead.";

type Found = Awaited<ReturnType<Step["take"]>>;

/** JSStreamNotMatchErr of nats-server (server/errors.json). */
const otherStreamExpected = 10_060;

/** Nobody listens on the subject: the broker says so at once. */
function isUnheard(failure: unknown): boolean {
  return failure instanceof errors.RequestError && failure.isNoResponders();
}

function hasCode(failure: unknown, code: string): boolean {
  if (failure instanceof AggregateError) return failure.errors.every((one) => hasCode(one, code));
  return failure instanceof Error && "code" in failure && failure.code === code;
}

/** The step before has left it. */
function reached<T>(left: T | undefined): T {
  if (left === undefined) throw new Error("the step before this one has left nothing");
  return left;
}
