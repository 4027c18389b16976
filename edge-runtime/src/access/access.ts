/** People at the gateway: who they are, what they may do, and the book of what they did. */
import { messageChain, type Clock, type Log, type Service } from "@millwright/kit";
import type { DoorHandlers } from "@millwright/local-door";

import type { AccessDoor, EventBook, PageRoute } from "../hand-over.ts";
import { accessFiles } from "./access-files.ts";
import { AuditBook } from "./audit-book.ts";
import { closedAccess } from "./closed-access.ts";
import { Codes } from "./codes.ts";
import { commandHandlers } from "./command-handlers.ts";
import { Door } from "./door.ts";
import { ensureHttpsCertificate, type HttpsCertificate } from "./https-certificate.ts";
import { passHasher } from "./pass-hash.ts";
import { PeopleBook } from "./people-book.ts";
import { accessRoutes } from "./routes.ts";
import { openSecret } from "./secret.ts";
import { Sessions } from "./sessions.ts";
import { SignIn } from "./sign-in.ts";

export interface AccessOptions {
  readonly gateway: string;
  /** Of the journal. */
  readonly folder: string;
  readonly book: EventBook;
  readonly hasHub: boolean;
  /** The HTTPS address: what its certificate names, and the port, once it is listened on. */
  readonly https: { readonly names: readonly string[]; readonly port: () => number } | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Access {
  readonly door: AccessDoor;
  readonly routes: readonly PageRoute[];
  /** What the command `access` asks. */
  readonly handlers: DoorHandlers;
  /** Of the HTTPS address. */
  readonly certificate: HttpsCertificate | undefined;
  /** Called with a certificate that takes the place of the one before. */
  onCertificate(listener: (certificate: HttpsCertificate) => void): void;
  /** A code for the first engineer; undefined when there is one already. */
  firstCode(): string | undefined;
  /** Verifies the audit book once a day, and keeps the certificate from ending. */
  readonly service: Service;
}

/** A certificate has weeks left when it is renewed; a clock that is set late makes it wrong from one hour to the next. */
const lookAtCertificateMs = 3_600_000;

/** Does not fail: without its files nobody signs in, and everything else goes on. */
export async function openAccess(options: AccessOptions): Promise<Access> {
  try {
    return await openFiles(options);
  } catch (failure) {
    const reason = messageChain(failure);
    options.log.error("access.unusable", { reason });
    const { folder } = accessFiles(options.folder);
    return closedAccess(`Nobody can sign in: ${reason}. See the files in ${folder}.`);
  }
}

async function openFiles(options: AccessOptions): Promise<Access> {
  const { book, hasHub, clock, log, https } = options;
  const files = accessFiles(options.folder);
  const secret = await openSecret(files.secret);
  const audit = await AuditBook.open({
    book,
    anchorFile: files.auditHead,
    secret,
    hasHub,
    clock,
    log,
  });
  const people = new PeopleBook(book);
  const sessions = new Sessions(options.gateway);
  const codes = new Codes();
  const hasher = passHasher(secret);
  const signIn = new SignIn({ people, sessions, codes, hasher, audit, clock });
  const door = new Door({ sessions, audit, clock, log, httpsPort: () => https?.port() });

  const certificateNow = async (): Promise<HttpsCertificate | undefined> =>
    https === undefined
      ? undefined
      : await ensureHttpsCertificate(files, https.names, clock.nowUs());
  let certificate = await certificateNow();
  const listeners: ((certificate: HttpsCertificate) => void)[] = [];
  const thumbprint = (): string | undefined => certificate?.thumbprint;

  const keepCertificate = async (signal: AbortSignal): Promise<void> => {
    for (;;) {
      await clock.sleep(lookAtCertificateMs, signal);
      let next: HttpsCertificate | undefined;
      try {
        next = await certificateNow();
      } catch (failure) {
        // There are weeks left to write it.
        log.warn("access.certificate-not-renewed", { reason: messageChain(failure) });
        continue;
      }
      if (next === undefined || next.thumbprint === certificate?.thumbprint) continue;
      certificate = next;
      log.info("access.certificate-renewed", { thumbprint: next.thumbprint });
      for (const listener of listeners) listener(next);
    }
  };

  return {
    door,
    routes: accessRoutes({ door, people, sessions, signIn, audit, thumbprint, clock }),
    handlers: commandHandlers({ people, sessions, codes, audit, thumbprint, clock }),
    get certificate() {
      return certificate;
    },
    onCertificate(listener) {
      listeners.push(listener);
    },
    firstCode: () =>
      people.isNew ? codes.make({ kind: "first" }, clock.monotonicMs()) : undefined,
    service: watching("access", [
      (signal) => audit.verifyDaily(signal),
      (signal) => audit.keepTrying(signal),
      keepCertificate,
    ]),
  };
}

/** Loops that reject with the reason of their signal when the service is stopped. One that breaks breaks the service. */
function watching(
  name: string,
  loops: readonly ((signal: AbortSignal) => Promise<void>)[],
): Service {
  const ending = new AbortController();
  let fail: (failure: unknown) => void = () => undefined;
  const broken = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  broken.catch(() => undefined);
  let running: Promise<unknown> = Promise.resolve();
  return {
    name,
    broken,
    start() {
      const { signal } = ending;
      const ended = (failure: unknown): void => {
        if (failure !== signal.reason) fail(failure);
      };
      running = Promise.all(loops.map((loop) => loop(signal).catch(ended)));
      return Promise.resolve();
    },
    async stop() {
      ending.abort(new Error("the gateway stops"));
      await running;
    },
  };
}
