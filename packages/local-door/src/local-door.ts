/**
 * How a command on the same machine asks the program that runs: over the loopback address, with a secret that is new at
 * each start and stands in a file which only the program's own user can read. Nobody else gets an answer. A socket in
 * the file system would need no secret, but its path may have 107 letters only, and data folders are longer.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer, type AddressInfo, type Server as Listener, type Socket } from "node:net";
import { dirname } from "node:path";

import { messageChain, type Log, type Refused, type Service } from "@millwright/kit";

/** Bytes as they are, anything else as JSON; a refusal is told to the caller in its words. */
export type DoorAnswer = Uint8Array | Refused | { readonly json: unknown };

export type DoorHandler = (
  body: Uint8Array,
  query: URLSearchParams,
) => DoorAnswer | Promise<DoorAnswer>;

/** By path, for example "/frames". */
export type DoorHandlers = Readonly<Record<string, DoorHandler>>;

export interface LocalDoorOptions {
  /** Where address and secret stand while the program runs. */
  readonly file: string;
  readonly handlers: DoorHandlers;
  /** A longer question is refused. */
  readonly bodyBytesMax: number;
  readonly log: Log;
}

export class LocalDoor implements Service {
  readonly name = "local door";
  readonly broken: Promise<never> = new Promise<never>(() => undefined);
  readonly #options: LocalDoorOptions;
  readonly #secret = randomBytes(32).toString("hex");
  readonly #early = new Set<Socket>();
  #listener: Listener | undefined;
  #serving: Promise<Server> | undefined;

  constructor(options: LocalDoorOptions) {
    this.#options = options;
  }

  /** What answers is loaded when somebody asks first: a start is spared it, and few programs are ever asked. */
  async start(): Promise<void> {
    const listener = createServer({ pauseOnConnect: true }, (socket) => {
      this.#early.add(socket);
      this.#serving ??= this.#serve(listener);
      this.#serving.catch((failure: unknown) => {
        this.#options.log.error("door.cannot-answer", { reason: messageChain(failure) });
      });
    });
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      listener.listen(0, "127.0.0.1", resolve);
    });
    this.#listener = listener;
    const { port } = listener.address() as AddressInfo;
    const { file, log } = this.#options;
    try {
      writeOwn(file, JSON.stringify({ port, secret: this.#secret }));
    } catch (failure) {
      // On a full disk the program is there for its values; until its next start no command finds it.
      log.error("door.cannot-be-found", { file, reason: messageChain(failure) });
    }
  }

  async stop(): Promise<void> {
    rmSync(this.#options.file, { force: true });
    const server = await this.#serving?.catch(() => undefined);
    for (const socket of this.#early) socket.destroy();
    server?.closeAllConnections();
    const open = server ?? this.#listener;
    if (open === undefined) return;
    await new Promise<void>((resolve) => {
      open.close(() => {
        resolve();
      });
    });
  }

  async #serve(listener: Listener): Promise<Server> {
    const http = await import("node:http");
    const server = http.createServer((request, response) => {
      void this.#answer(request, response);
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(listener, resolve);
    });
    for (const socket of this.#early) {
      server.emit("connection", socket);
      socket.resume();
    }
    this.#early.clear();
    return server;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const tell = (status: number, type: string, body: Uint8Array | string): void => {
      response.writeHead(status, { "content-type": type }).end(body);
    };
    try {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://door");
      const handler = Object.hasOwn(this.#options.handlers, pathname)
        ? this.#options.handlers[pathname]
        : undefined;
      if (!this.#mayAsk(request.headers.authorization)) {
        tell(401, "text/plain", "the secret is not that of this program");
        return;
      }
      if (handler === undefined || request.method !== "POST") {
        tell(404, "text/plain", "this program is not asked that; it is of another version");
        return;
      }
      const body = await readBody(request, this.#options.bodyBytesMax);
      if (body === undefined) {
        tell(413, "text/plain", "the question is too long");
        return;
      }
      const answer = await handler(body, searchParams);
      if (answer instanceof Uint8Array) tell(200, "application/octet-stream", answer);
      else if ("json" in answer) tell(200, "application/json", JSON.stringify(answer.json));
      else tell(422, "text/plain", answer.reason);
    } catch (failure) {
      this.#options.log.warn("door.question-failed", { reason: messageChain(failure) });
      if (!response.headersSent) tell(500, "text/plain", messageChain(failure));
      else response.destroy();
    }
  }

  #mayAsk(authorization: string | undefined): boolean {
    const given = Buffer.from(authorization ?? "");
    const right = Buffer.from(`Bearer ${this.#secret}`);
    return given.length === right.length && timingSafeEqual(given, right);
  }
}

async function readBody(
  request: IncomingMessage,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > bytesMax) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Whole or not at all, and for nobody else from its first moment on. */
function writeOwn(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const part = `${file}.part`;
  rmSync(part, { force: true });
  const handle = openSync(part, "wx", 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(part, file);
}
