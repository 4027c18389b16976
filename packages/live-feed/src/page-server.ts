/**
 * A page and its API as a service. It listens at once; what answers is loaded when somebody asks first: a gateway at
 * which nobody looks is spared a tenth of a second at its start, when values wait, and 15 MB for as long as it runs.
 */
import type { Server } from "node:http";
import type { Server as TlsServer } from "node:https";
import { createServer, type AddressInfo, type Server as Door, type Socket } from "node:net";

import { Fault, type Service } from "@millwright/kit";
import type { Hono } from "hono";

import type { PageCertificate } from "./page-app.ts";

/** The address cannot be listened on: somebody else has the port, or it is not of this machine. */
export class PortTaken extends Fault {
  override readonly name = "PortTaken";
  readonly code = "serve.port-taken";
  readonly retry = "never";
  readonly hint: string;

  constructor(host: string, port: number, options?: ErrorOptions) {
    super(`cannot listen on ${host}:${port}`, options);
    this.hint = `Choose another port in the settings, or end the program that has port ${port}.`;
  }
}

export interface PageServiceOptions {
  /** Of the service, for its messages. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Where the built page is. */
  readonly folder: string;
  /** Adds what the page asks for besides its own files. */
  readonly addRoutes: (app: Hono) => void;
  /** Of hosts under which it answers besides those of loopback: a proxy on this machine passes its own name on. */
  readonly names?: readonly string[];
  /** It speaks HTTPS, and shows this. */
  readonly certificate?: PageCertificate;
}

export class PageService implements Service {
  readonly name: string;
  readonly broken: Promise<never>;
  readonly #options: PageServiceOptions;
  readonly #break: (failure: unknown) => void;
  /** Connections that came while what answers is being loaded. Nothing is read from them meanwhile. */
  readonly #early = new Set<Socket>();
  #door: Door | undefined;
  #serving: Promise<Server | TlsServer> | undefined;
  #certificate: PageCertificate | undefined;
  #url = "";

  constructor(options: PageServiceOptions) {
    this.name = options.name;
    this.#options = options;
    this.#certificate = options.certificate;
    let fail: (failure: unknown) => void = () => undefined;
    this.broken = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    this.broken.catch(() => undefined);
    this.#break = fail;
  }

  /** Where the page is, once started; "" before. */
  get url(): string {
    return this.#url;
  }

  /** Throws `PortTaken`. */
  async start(): Promise<void> {
    const { host, port } = this.#options;
    const door = createServer({ pauseOnConnect: true }, (socket) => {
      this.#early.add(socket);
      this.#serving ??= this.#serve(door);
      this.#serving.catch(this.#break);
    });
    await new Promise<void>((resolve, reject) => {
      door.once("error", (cause) => {
        reject(new PortTaken(host, port, { cause }));
      });
      door.listen(port, host, resolve);
    });
    this.#door = door;
    const address = door.address() as AddressInfo;
    const scheme = this.#certificate === undefined ? "http" : "https";
    this.#url = `${scheme}://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
  }

  /** Shown to connections from now on. Only of one that was made with a certificate. */
  async renew(certificate: PageCertificate): Promise<void> {
    this.#certificate = certificate;
    const server = await this.#serving;
    if (server === undefined) return;
    const { renewCertificate } = await import("./page-app.ts");
    if ("setSecureContext" in server) renewCertificate(server, certificate);
  }

  /** Open streams are cut: they never end by themselves. */
  async stop(): Promise<void> {
    const server = await this.#serving?.catch(() => undefined);
    for (const socket of this.#early) socket.destroy();
    server?.closeAllConnections();
    const open = server ?? this.#door;
    if (open === undefined) return;
    await new Promise<void>((resolve) => {
      open.close(() => {
        resolve();
      });
    });
  }

  /** The server that answers takes over the port, and then those who came before it was there. */
  async #serve(door: Door): Promise<Server | TlsServer> {
    const { createPageServer } = await import("./page-app.ts");
    const { folder, addRoutes, names } = this.#options;
    const server = createPageServer(folder, addRoutes, names, this.#certificate);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(door, resolve);
    });
    for (const socket of this.#early) {
      server.emit("connection", socket);
      socket.resume();
    }
    this.#early.clear();
    return server;
  }
}
