import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { FaultsRefused } from "../faults/schedule.ts";
import type { ActiveFault } from "../faults/trouble.ts";
import { listenOn } from "../ports.ts";
import type { ReplayProgress } from "../replay/replay.ts";

/** What can be done to a plant from outside its process. */
export interface Controlled {
  inject(fault: unknown): void;
  clearFaults(id?: number): void;
  readonly activeFaults: readonly ActiveFault[];
  readonly machines: readonly { readonly id: string }[];
  produced(machine: string): ReadonlyMap<string, number>;
  playRecordings(): boolean;
  readonly replayProgress: ReplayProgress | undefined;
}

const bodyBytesMax = 65_536;

/**
 * A small HTTP server on loopback for tests and demonstrations: `POST /faults` brings a fault (JSON, as in the YAML
 * file), `GET /faults` lists the active ones, `DELETE /faults` and `DELETE /faults/7` end them, `GET /produced` tells
 * what each server handed out. `POST /replay` begins to play recordings that wait, `GET /replay` tells how far they are.
 */
export class ControlServer {
  readonly #plant: Controlled;
  readonly #host: string;
  readonly #server: Server;
  #port: number;

  constructor(plant: Controlled, host: string, port: number) {
    this.#plant = plant;
    this.#host = host;
    this.#port = port;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  get url(): string {
    return `http://${this.#host}:${this.#port}`;
  }

  async start(): Promise<void> {
    this.#port = await listenOn(this.#server, this.#host, this.#port);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, collection = "", id] = (request.url ?? "").split("/");
    const route = `${request.method ?? ""} ${collection}`;
    switch (route) {
      case "GET faults":
        reply(response, 200, this.#plant.activeFaults);
        return;
      case "GET produced":
        reply(response, 200, this.#produced());
        return;
      case "GET replay":
        reply(response, 200, this.#plant.replayProgress ?? {});
        return;
      case "POST replay":
        if (this.#plant.playRecordings()) reply(response, 202, { accepted: true });
        else reply(response, 404, { problems: ["this plant plays no recordings"] });
        return;
      case "POST faults":
        await this.#inject(request, response);
        return;
      case "DELETE faults":
        this.#plant.clearFaults(id === undefined || id === "" ? undefined : Number(id));
        reply(response, 200, { cleared: true });
        return;
      default:
        reply(response, 404, {
          problems: [`there is no ${request.method ?? ""} ${request.url ?? ""}`],
        });
    }
  }

  async #inject(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.#plant.inject(JSON.parse(await bodyOf(request)));
      reply(response, 202, { accepted: true });
    } catch (failure) {
      const problems =
        failure instanceof FaultsRefused
          ? failure.problems
          : [failure instanceof Error ? failure.message : String(failure)];
      reply(response, 400, { problems });
    }
  }

  #produced(): Readonly<Record<string, Readonly<Record<string, number>>>> {
    return Object.fromEntries(
      this.#plant.machines.map(({ id }) => [id, Object.fromEntries(this.#plant.produced(id))]),
    );
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > bodyBytesMax) throw new Error(`the body is longer than ${bodyBytesMax} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function reply(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(`${JSON.stringify(body)}\n`);
}
