/** Joins people and pages: the page over plain HTTP for looking and for this machine, the same over HTTPS for everybody. */
import { hostname } from "node:os";

import type { Clock, Log, Service } from "@millwright/kit";

import { openAccess, type Access } from "./access/access.ts";
import type { EventBook, PageRoute } from "./hand-over.ts";
import { HmiServer, type HmiViews } from "./serve/hmi-server.ts";
import { isEverywhere, pageNames } from "./settings/access-settings.ts";
import type { Settings } from "./settings/load-settings.ts";

export interface PeopleAndPages extends Pick<Access, "door" | "handlers"> {
  /** Of the page over HTTPS; undefined where there is none. */
  readonly certificateUntilUs: () => number | undefined;
  /** The pages, once the parts have said what they add. Sinks of everything else: they start before devices. */
  pages(
    views: HmiViews,
    routes: readonly PageRoute[],
  ): {
    readonly services: readonly Service[];
    /** All of them, those of signing in too. */
    readonly routes: readonly PageRoute[];
    /** Where the page is, once started. */
    readonly url: () => string;
    /** For the terminal: how the first engineer signs in; "" when there is one, or when nobody looks for it. */
    readonly firstSteps: () => string;
  };
}

export async function joinPeople(
  settings: Settings,
  book: EventBook,
  clock: Clock,
  log: Log,
): Promise<PeopleAndPages> {
  const { hmi, access: wanted } = settings;
  const names = pageNames(hmi);
  let secure: HmiServer | undefined;
  const access = await openAccess({
    gateway: settings.gateway.id,
    folder: settings.journal.folder,
    book,
    hasHub: settings.hub !== undefined,
    https:
      wanted === undefined
        ? undefined
        : {
            // Of this machine, too, so that somebody at it may look at the same address.
            names: [...new Set([...names, hostname().toLowerCase(), "localhost", "127.0.0.1"])],
            port: () => Number(new URL(secure?.url ?? "https://-").port),
          },
    clock,
    log,
  });
  return {
    door: access.door,
    handlers: access.handlers,
    certificateUntilUs: () => access.certificate?.validToUs,
    pages(views, others) {
      const routes = [...access.routes, ...others];
      const { host, port } = hmi;
      const common = { host, names: names.map(asHost), clock, views, routes, door: access.door };
      const plain = new HmiServer({ ...common, port });
      const { certificate } = access;
      if (wanted !== undefined && certificate !== undefined) {
        const server = new HmiServer({ ...common, port: wanted.httpsPort, certificate });
        access.onCertificate((next) => {
          server.renew(next).catch((failure: unknown) => {
            log.error("access.certificate-not-used", { error: failure });
          });
        });
        secure = server;
      }
      return {
        services: [plain, ...(secure === undefined ? [] : [secure]), access.service],
        routes,
        url: () => plain.url,
        firstSteps: () => {
          const url = new URL((secure ?? plain).url);
          // 0.0.0.0 is no address that a browser can open.
          if (isEverywhere(host)) url.hostname = names[0] ?? url.hostname;
          return firstSteps(access, url.href);
        },
      };
    },
  };
}

function firstSteps(access: Access, url: string): string {
  const code = access.firstCode();
  if (code === undefined) return "";
  return [
    "Nobody can sign in at this gateway yet. For the first engineer:",
    `  open ${url}, choose "Sign in", and type the code ${code}`,
    "It holds for 15 minutes; millwright access code makes another one.",
    ...(access.certificate === undefined
      ? []
      : [`  Thumbprint of the HTTPS certificate (SHA-256): ${access.certificate.thumbprint}`]),
    "",
  ].join("\n");
}

/** As a browser writes it in its `Host` header (RFC 3986, 3.2.2). */
function asHost(name: string): string {
  return name.includes(":") ? `[${name}]` : name;
}
