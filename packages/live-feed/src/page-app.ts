/** What answers for a page: headers that keep it to its own origin, and its built files. */
import { createServer, type Server } from "node:http";

import { getRequestListener } from "@hono/node-server";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";

/**
 * A server that does not listen yet.
 *
 * @param folder where the built page is
 * @param addRoutes adds what the page asks for besides its own files
 * @param names of hosts under which it answers besides those of loopback
 */
export function createPageServer(
  folder: string,
  addRoutes: (app: Hono) => void,
  names: readonly string[] = [],
): Server {
  const app = createPageApp(names);
  addRoutes(app);
  servePage(app, folder);
  const answer = getRequestListener(app.fetch);
  return createServer((request, response) => {
    void answer(request, response);
  });
}

/**
 * An application with the headers of a page that needs nobody else. Requests are answered only under a name of this
 * machine's loopback, or one that the settings name: until access control exists, a page elsewhere must not reach the
 * plant through a browser that was led to another address (DNS rebinding).
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
      // Plain HTTP on loopback: a promise of HTTPS would lock people out.
      strictTransportSecurity: false,
    }),
  );
  app.use(async (context, next) => {
    const host = (context.req.header("host") ?? "").replace(/:\d+$/, "");
    if (!isLoopbackName(host) && !names.includes(host)) {
      return context.text("This page answers only on this machine's loopback address.", 403);
    }
    await next();
    return undefined;
  });
  return app;
}

function isLoopbackName(name: string): boolean {
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
