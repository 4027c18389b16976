/** What answers for a page: headers that keep it to its own origin, and its built files. */
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";

import { getRequestListener } from "@hono/node-server";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";

import { hostIn, isLoopbackName } from "./page-names.ts";

/** What a page shows to prove who it is, and the key to it; both PEM. */
export interface PageCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** TLS 1.2 is what panel PCs of ten years ago speak; nothing older is safe (RFC 8996). */
const tlsVersionMin = "TLSv1.2";

/**
 * A server that does not listen yet.
 *
 * @param folder where the built page is
 * @param addRoutes adds what the page asks for besides its own files
 * @param names of hosts under which it answers besides those of loopback
 * @param own it speaks HTTPS with this
 */
export function createPageServer(
  folder: string,
  addRoutes: (app: Hono) => void,
  names: readonly string[] = [],
  own?: PageCertificate,
): Server | TlsServer {
  const app = createPageApp(names);
  addRoutes(app);
  servePage(app, folder);
  const answer = getRequestListener(app.fetch);
  const listener = (...asked: Parameters<typeof answer>): void => {
    void answer(...asked);
  };
  return own === undefined
    ? createServer(listener)
    : createTlsServer({ ...tlsOf(own), minVersion: tlsVersionMin }, listener);
}

/** Connections from now on are shown this certificate. */
export function renewCertificate(server: TlsServer, own: PageCertificate): void {
  server.setSecureContext({ ...tlsOf(own), minVersion: tlsVersionMin });
}

function tlsOf({ certificate, key }: PageCertificate): { readonly cert: string; key: string } {
  return { cert: certificate, key };
}

/**
 * An application with the headers of a page that needs nobody else. Requests are answered only under a name of this
 * machine's loopback, or one that the settings name: a page elsewhere must not reach the plant through a browser that
 * was led to another address (DNS rebinding).
 */
function createPageApp(names: readonly string[]): Hono {
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
      // The same names answer over plain HTTP, too, for looking: a promise of HTTPS would lock people out.
      strictTransportSecurity: false,
    }),
  );
  app.use(async (context, next) => {
    const host = hostIn(context.req.header("host"));
    if (!isLoopbackName(host) && !names.includes(host)) {
      return context.text(
        "This page answers only on this machine's loopback address and under the names in its settings.",
        403,
      );
    }
    await next();
    return undefined;
  });
  return app;
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
