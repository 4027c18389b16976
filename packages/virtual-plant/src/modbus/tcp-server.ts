import type { Clock } from "@millwright/kit";
import { createServer, type Server, type Socket } from "node:net";
import type { Trouble } from "../faults/trouble.ts";
import { listenOn } from "../ports.ts";
import { Conversation, type ServedUnit } from "./conversation.ts";
import type { Framing } from "./frames.ts";

export interface ModbusServerOptions {
  readonly clock: Clock;
  readonly framing: Framing;
  /** By unit number. */
  readonly units: ReadonlyMap<number, ServedUnit>;
  /** The trouble of the machine whose socket this is; other units stand behind it. */
  readonly trouble: () => Trouble;
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
}

// Real devices take 1 to 16; a bench and a few clients of a test must fit.
const connectionsMax = 32;

/** Modbus over TCP sockets, in either framing: Modbus TCP, or RTU through TCP as serial servers in transparent mode do. */
export class ModbusServer {
  readonly #options: ModbusServerOptions;
  readonly #sockets = new Map<Socket, Conversation>();
  #server: Server | undefined;
  #port: number;

  constructor(options: ModbusServerOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => {
      this.#accept(socket);
    });
    this.#port = await listenOn(server, this.#options.host, this.#port);
    this.#server = server;
  }

  /** Applies what changed at the border of the device: sockets break with power and with a cut link. */
  async troubleChanged(): Promise<void> {
    const { powered, link } = this.#options.trouble();
    const there = powered && link !== "reset";
    if (!there) await this.stop();
    else if (this.#server === undefined) await this.start();
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const [socket, conversation] of this.#sockets) {
      conversation.close();
      socket.resetAndDestroy();
    }
    this.#sockets.clear();
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
  }

  #accept(socket: Socket): void {
    if (this.#sockets.size >= connectionsMax || this.#options.trouble().full) {
      socket.resetAndDestroy();
      return;
    }
    const { framing, units, clock } = this.#options;
    const conversation = new Conversation(framing, units, clock, (bytes) => {
      if (socket.writable) socket.write(bytes);
    });
    this.#sockets.set(socket, conversation);
    socket.on("data", (bytes) => {
      conversation.receive(bytes);
    });
    // The reason does not matter to a device: "close" follows every error.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      conversation.close();
      this.#sockets.delete(socket);
    });
  }
}
