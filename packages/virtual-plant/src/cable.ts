import type { Clock } from "@millwright/kit";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Trouble } from "./faults/trouble.ts";
import { listenOn } from "./ports.ts";

export interface CableOptions {
  readonly clock: Clock;
  readonly host: string;
  /** 0 for a free one; kept for the life of the cable. */
  readonly port: number;
  /** Where the device itself listens. */
  readonly devicePort: () => number;
  readonly trouble: () => Trouble;
}

/**
 * The network between a client and a device whose protocol library cannot break its own connections: passes bytes on,
 * and cuts, holds or delays them as the trouble of the device says.
 */
export class Cable {
  readonly #options: CableOptions;
  readonly #sockets = new Set<Socket>();
  readonly #end = new AbortController();
  #server: Server | undefined;
  #port: number;

  constructor(options: CableOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
      this.#accept(socket);
    });
    this.#port = await listenOn(server, this.#options.host, this.#port);
    this.#server = server;
  }

  /** Breaks connections when the trouble says so. */
  troubleChanged(): void {
    const { powered, link } = this.#options.trouble();
    if (powered && link !== "reset") return;
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#sockets.clear();
  }

  async stop(): Promise<void> {
    this.#end.abort();
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
  }

  #accept(near: Socket): void {
    const { powered, link } = this.#options.trouble();
    near.on("error", () => undefined);
    if (!powered || link === "reset") {
      near.resetAndDestroy();
      return;
    }
    const far = connect({
      host: this.#options.host,
      port: this.#options.devicePort(),
      noDelay: true,
    });
    far.on("error", () => near.destroy());
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    }
    this.#pass(near, far);
    this.#pass(far, near);
    near.resume();
  }

  /** What was sent while the link was half-open is lost with it, so such a connection never comes back to life. */
  #pass(from: Socket, to: Socket): void {
    let lost = false;
    // Chunks leave in the order they came in, also when delays change in between.
    let before = Promise.resolve();
    from.on("data", (bytes) => {
      const { link, slowMs, lateMs } = this.#options.trouble();
      if (link === "half-open") lost = true;
      if (lost) return;
      const delayMs = slowMs + lateMs;
      if (delayMs === 0) {
        void before.then(() => this.#write(from, to, bytes));
        return;
      }
      const due = this.#options.clock.sleep(delayMs, this.#end.signal);
      before = before
        .then(() => due)
        .then(() => {
          this.#write(from, to, bytes);
        })
        .catch(() => undefined);
    });
  }

  #write(from: Socket, to: Socket, bytes: Uint8Array): void {
    if (!to.writable || to.write(bytes)) return;
    // A slow reader slows the sender, as TCP does.
    from.pause();
    to.once("drain", () => from.resume());
  }
}
