import { Fault, freePort } from "@millwright/kit";
import { Aedes } from "aedes";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { listenOn } from "../ports.ts";

/** The MQTT broker did not start. */
export class BrokerFailed extends Fault {
  override readonly name = "BrokerFailed";
  readonly code = "plant.broker-failed";
  readonly retry = "soon";
  readonly hint =
    "Look at what Mosquitto says; without it the plant brings a small broker of its own.";
}

/** A real MQTT broker on loopback. */
export interface Broker {
  readonly kind: "mosquitto" | "embedded";
  readonly port: number;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** @param mosquitto program of the broker; undefined for the embedded one */
export function newBroker(
  host: string,
  port: number,
  folder: string,
  mosquitto: string | undefined,
): Broker {
  return mosquitto === undefined
    ? new EmbeddedBroker(host, port)
    : new MosquittoBroker(mosquitto, host, port, folder);
}

// A port that was free may be taken before the broker has it; three times in a row is no accident.
const triesMax = 3;
// Mosquitto listens within 50 ms; a busy machine needs longer, never this long.
const readyMs = 10_000;

/** Mosquitto as a child, with persistence: sessions and retained messages outlive a power cycle of the broker. */
class MosquittoBroker implements Broker {
  readonly kind = "mosquitto";
  readonly #program: string;
  readonly #host: string;
  readonly #folder: string;
  readonly #wantedPort: number;
  #port: number;
  #child: ChildProcess | undefined;

  constructor(program: string, host: string, port: number, folder: string) {
    this.#program = program;
    this.#host = host;
    this.#wantedPort = port;
    this.#port = port;
    this.#folder = folder;
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    for (let tries = 1; ; tries++) {
      if (this.#port === 0) this.#port = await freePort(this.#host);
      try {
        await this.#launch();
        return;
      } catch (failure) {
        if (this.#wantedPort !== 0 || tries === triesMax) throw failure;
        this.#port = 0;
      }
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => {
      child.once("exit", () => {
        resolve();
      });
    });
    child.kill("SIGTERM");
    await ended;
  }

  async #launch(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const file = join(this.#folder, "mosquitto.conf");
    await writeFile(file, this.#settings());
    const child = spawn(this.#program, ["-c", file], { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    const listen = (text: Buffer): void => {
      said = (said + text.toString()).slice(-500);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    let failure: Error | undefined;
    child.once("error", (cause) => (failure = cause));
    this.#child = child;
    for (let waitedMs = 0; !(await answers(this.#host, this.#port)); waitedMs += 20) {
      if (child.exitCode !== null || failure !== undefined || waitedMs > readyMs) {
        child.kill("SIGKILL");
        this.#child = undefined;
        throw new BrokerFailed(`${this.#program} did not start on ${this.#host}:${this.#port}`, {
          cause: failure ?? new Error(said.trim()),
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #settings(): string {
    return [
      `listener ${this.#port} ${this.#host}`,
      "allow_anonymous true",
      "persistence true",
      `persistence_location ${this.#folder}/`,
      // Written at once: what a gateway missed must outlive a power cycle of the broker.
      "autosave_on_changes true",
      "autosave_interval 1",
      "max_queued_messages 100000",
      // Started by root, Mosquitto would become a user that may not write the folder.
      `user ${userInfo().username}`,
      "",
    ].join("\n");
  }
}

/** A broker inside this process, for machines without Mosquitto. Sessions live in memory and end with a power cycle. */
class EmbeddedBroker implements Broker {
  readonly kind = "embedded";
  readonly #host: string;
  readonly #sockets = new Set<Socket>();
  #port: number;
  #server: Server | undefined;
  #aedes: Aedes | undefined;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    if (this.#server !== undefined) return;
    const aedes = await Aedes.createBroker();
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      aedes.handle(socket);
    });
    this.#port = await listenOn(server, this.#host, this.#port);
    this.#server = server;
    this.#aedes = aedes;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    const aedes = this.#aedes;
    this.#server = undefined;
    this.#aedes = undefined;
    if (server === undefined || aedes === undefined) return;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      aedes.close(() => {
        resolve();
      });
    });
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
  }
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}
