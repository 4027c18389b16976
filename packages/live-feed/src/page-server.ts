/**
 * What both page servers share: the headers that keep a page to its own origin, the built files, the live stream, and a
 * port that is closed with the process.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { getRequestListener } from "@hono/node-server";
import { serveStatic } from "@hono/node-server/serve-static";
import type { Clock } from "@millwright/kit";
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
export function createPageApp(): Hono {
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
export function isLoopbackName(host: string): boolean {
  const name = host.replace(/:\d+$/, "");
  return name === "localhost" || name === "[::1]" || /^127(\.\d{1,3}){3}$/.test(name);
}

/** Serves a built page. Files with a hash in their name never change; the page itself is asked for anew. */
export function servePage(app: Hono, folder: string): void {
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

/** The body of a history answer: n times in µs, then n values, little endian; NaN is a gap. */
export function historyBody(times: Float64Array, values: Float64Array): ArrayBuffer {
  const body = new Float64Array(times.length + values.length);
  body.set(times, 0);
  body.set(values, times.length);
  return body.buffer;
}

/**
 * A range of time in the address: `from` and `to` in µs, `columns` 1 to 4,096 (the widest screens; more could not be
 * seen). An answer in words when it cannot be understood.
 */
export function parseRange(
  context: Context,
): { readonly fromUs: number; readonly toUs: number; readonly columns: number } | string {
  const fromUs = Number(context.req.query("from"));
  const toUs = Number(context.req.query("to"));
  const columns = Number(context.req.query("columns") ?? 1_200);
  if (!Number.isFinite(fromUs) || !Number.isFinite(toUs) || fromUs >= toUs) {
    return "from and to must be times in µs since 1970 UTC, from before to";
  }
  if (!Number.isInteger(columns) || columns < 1 || columns > 4_096) {
    return "columns must be a whole number from 1 to 4096";
  }
  return { fromUs, toUs, columns };
}

export interface Listening extends AsyncDisposable {
  readonly url: string;
}

/**
 * Listens until disposed. Open streams are cut at disposal: they never end by themselves.
 * Throws `PortTaken`.
 */
export async function listen(app: Hono, host: string, port: number): Promise<Listening> {
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
