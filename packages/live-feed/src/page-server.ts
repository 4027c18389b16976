/**
 * What both page servers share: the headers that keep a page to its own origin, the built files, the live stream, and a
 * port that is closed with the process.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { getRequestListener } from "@hono/node-server";
import { serveStatic } from "@hono/node-server/serve-static";
import type { Clock, Service } from "@millwright/kit";
import { Fault } from "@millwright/kit";
import { Hono, type Context } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { streamSSE } from "hono/streaming";

import { liveEvents, type LiveSource } from "./live-events.ts";

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

/**
 * An application with the headers of a page that needs nobody else. Requests are answered only under a name of this
 * machine's loopback: until access control exists, a page elsewhere must not reach the plant through a browser that
 * was led to another address (DNS rebinding).
 */
function createPageApp(): Hono {
  const app = new Hono();
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", "data:"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
      // Plain HTTP on loopback: a promise of HTTPS would lock people out.
      strictTransportSecurity: false,
    }),
  );
  app.use(async (context, next) => {
    if (!isLoopbackName(context.req.header("host") ?? "")) {
      return context.text("This page answers only on this machine's loopback address.", 403);
    }
    await next();
    return undefined;
  });
  return app;
}

/** @param host the Host header, with or without a port */
function isLoopbackName(host: string): boolean {
  const name = host.replace(/:\d+$/, "");
  return name === "localhost" || name === "[::1]" || /^127(\.\d{1,3}){3}$/.test(name);
}

/** Serves a built page. Files with a hash in their name never change; the page itself is asked for anew. */
function servePage(app: Hono, folder: string): void {
  app.use("/assets/*", async (context, next) => {
    await next();
    if (context.res.ok) context.header("Cache-Control", "public, max-age=31536000, immutable");
  });
  app.use("/*", serveStatic({ root: folder, precompressed: true }));
  app.get("/", (context) => context.text("The page is not built yet. Run: make setup", 503));
}

/** Answers with the live stream of `source` for the tags named in the address. */
export function liveStream(context: Context, source: LiveSource, clock: Clock): Response {
  const tags = tagsOf(context.req.query("tags"));
  // A proxy that collects the stream would make every value old.
  context.header("X-Accel-Buffering", "no");
  return streamSSE(context, async (stream) => {
    const closed = new AbortController();
    stream.onAbort(() => {
      closed.abort();
    });
    for await (const event of liveEvents(source, tags, clock, closed.signal)) {
      await stream.writeSSE({
        event: event.event,
        id: String(event.data.seq),
        data: JSON.stringify(event.data),
      });
    }
  });
}

/** `a,b,c` as ids; none when absent. */
function tagsOf(query: string | undefined): readonly string[] {
  return query === undefined || query === "" ? [] : query.split(",");
}

interface Listening extends AsyncDisposable {
  readonly url: string;
}

/**
 * Listens until disposed. Open streams are cut at disposal: they never end by themselves.
 * Throws `PortTaken`.
 */
async function listen(app: Hono, host: string, port: number): Promise<Listening> {
  const answer = getRequestListener(app.fetch);
  const server: Server = createServer((request, response) => {
    void answer(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(new PortTaken(host, port, { cause }));
    });
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
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
}

/** A page and its API as a service: listens from start to stop. */
export class PageService implements Service {
  readonly name: string;
  // An HTTP server that listens does not break by itself.
  readonly broken: Promise<never> = new Promise<never>(() => undefined);
  readonly #options: PageServiceOptions;
  #listening: Listening | undefined;

  constructor(options: PageServiceOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Where the page is, once started; "" before. */
  get url(): string {
    return this.#listening?.url ?? "";
  }

  /** Throws `PortTaken`. */
  async start(): Promise<void> {
    const { host, port, folder, addRoutes } = this.#options;
    const app = createPageApp();
    addRoutes(app);
    servePage(app, folder);
    this.#listening = await listen(app, host, port);
  }

  async stop(): Promise<void> {
    await this.#listening?.[Symbol.asyncDispose]();
  }
}
