/** What the page asks about people: who may sign in, who is signed in, and what was done (ux-guide H8). */
import * as z from "zod";

import type { Asked, PageRoute, Role } from "../hand-over.ts";
import type { AccessAnswer, AuditAnswer } from "./answers.ts";
import type { AuditBook } from "./audit-book.ts";
import type { Door } from "./door.ts";
import type { PeopleBook } from "./people-book.ts";
import { isRefused } from "./refuse.ts";
import { mayAct } from "../roles.ts";
import type { Sessions } from "./sessions.ts";
import type { SignedIn, SignIn } from "./sign-in.ts";
import type { Clock } from "@millwright/kit";

export interface AccessRoutesOptions {
  readonly door: Door;
  readonly people: PeopleBook;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  readonly audit: AuditBook;
  /** Of the certificate of the HTTPS address, to be compared; undefined where there is none. */
  readonly thumbprint: () => string | undefined;
  readonly clock: Clock;
}

/** Who may read what others did. */
const readersRole: Role = "supervisor";
const listedMax = 50;
const textMax = 256;

const passBody = z.strictObject({
  person: z.string().max(textMax),
  pass: z.string().min(1).max(textMax),
});
const badgeBody = z.strictObject({ badge: z.string().min(1).max(textMax) });
const codeBody = z.strictObject({
  code: z.string().min(1).max(textMax),
  name: z.string().max(textMax).default(""),
  pass: z.string().min(1).max(textMax),
});

export function accessRoutes(options: AccessRoutesOptions): readonly PageRoute[] {
  const { door, people, sessions, signIn, audit, clock } = options;

  const sessionOf = (asked: Asked): Pick<AccessAnswer, "you"> => {
    const session =
      door.road(asked) === undefined ? sessions.find(asked, clock.monotonicMs()) : undefined;
    if (session === undefined) return {};
    const { name, role, proof } = session;
    const { lockInMs } = sessions.lasts(asked, clock.monotonicMs());
    return {
      you: { name, role, proof, lockInMs, badge: people.byId(session.person)?.badge !== undefined },
    };
  };

  return [
    {
      kind: "look",
      path: "/api/access",
      look({ asked }) {
        const refused = door.road(asked);
        const thumbprint = options.thumbprint();
        const { verified } = audit;
        const answer: AccessAnswer = {
          ...(refused === undefined
            ? {
                // Names are for those who may sign in here.
                people: people.members.flatMap(({ id, name, pass }) =>
                  pass === undefined ? [] : [{ id, name, pass: pass.kind }],
                ),
              }
            : {
                refused: {
                  reason: refused.reason,
                  ...(refused.https === undefined ? {} : { https: refused.https }),
                },
              }),
          ...sessionOf(asked),
          isNew: people.isNew,
          ...(thumbprint === undefined ? {} : { thumbprint }),
          ...(verified === undefined ? {} : { verified }),
        };
        return { json: answer };
      },
    },
    {
      kind: "look",
      path: "/api/access/audit",
      async look({ asked }) {
        const person = door.person(asked);
        if (person === undefined || !mayAct(person.role, readersRole)) {
          const reason = `The audit book is shown to those who sign in as ${readersRole}.`;
          return { json: { reason } satisfies AuditAnswer };
        }
        const entries = (await audit.list(listedMax)).map(({ atUs, body }) => ({ atUs, ...body }));
        return { json: { entries } satisfies AuditAnswer };
      },
    },
    {
      kind: "enter",
      path: "/api/access/sign-in",
      async enter(asked, body) {
        const refused = door.road(asked);
        if (refused !== undefined) return notHere(refused);
        const badge = badgeBody.safeParse(body);
        if (badge.success) return answerOf(await signIn.withBadge(asked, badge.data.badge));
        const pass = passBody.safeParse(body);
        if (!pass.success) return unclear;
        return answerOf(await signIn.withPass(asked, pass.data.person, pass.data.pass));
      },
    },
    {
      kind: "enter",
      path: "/api/access/code",
      async enter(asked, body) {
        const refused = door.road(asked);
        if (refused !== undefined) return notHere(refused);
        const parsed = codeBody.safeParse(body);
        if (!parsed.success) return unclear;
        const { code, name, pass } = parsed.data;
        return answerOf(await signIn.withCode(asked, code, name, pass));
      },
    },
    {
      // Not an act: locking is always possible, and only for oneself.
      kind: "enter",
      path: "/api/access/lock",
      enter: (asked) => Promise.resolve({ json: {}, cookie: sessions.end(asked) }),
    },
    {
      // The finger is on the screen: the page says so at most every 15 s.
      kind: "enter",
      path: "/api/access/touch",
      enter(asked) {
        const nowMs = clock.monotonicMs();
        const held = door.road(asked) === undefined ? sessions.prove(asked, nowMs) : undefined;
        if (held === undefined) return Promise.resolve({ status: 401, json: {} });
        return Promise.resolve({ json: { lockInMs: sessions.lasts(asked, nowMs).lockInMs } });
      },
    },
    {
      kind: "act",
      path: "/api/access/badge",
      role: "viewer",
      async act({ person, body }) {
        const parsed = badgeBody.safeParse(body);
        if (!parsed.success) return { status: 400, json: { reason: noSense }, audit: undefined };
        const refused = await signIn.setBadge(person.id, parsed.data.badge);
        const act = { act: "access.set-badge", object: person.name };
        return refused === undefined
          ? { json: {}, audit: { ...act, result: "done" } }
          : {
              status: 409,
              json: { reason: refused.reason },
              audit: { ...act, result: "refused", why: refused.reason },
            };
      },
    },
  ];
}

const noSense = "what was sent is not what this address takes";
const unclear = { status: 400, json: { reason: noSense } } as const;

function notHere({ reason, https }: { readonly reason: string; readonly https?: string }): {
  readonly status: 403;
  readonly json: object;
} {
  return { status: 403, json: { reason, ...(https === undefined ? {} : { https }) } };
}

function answerOf(answer: SignedIn): {
  readonly status: 200 | 401 | 429;
  readonly json: object;
  readonly cookie?: string;
} {
  if (isRefused(answer)) return { status: 401, json: { reason: answer.reason } };
  if (answer.kind === "wait") {
    return { status: 429, json: { reason: answer.reason, waitS: answer.waitS } };
  }
  const { name, role } = answer.session;
  return { status: 200, json: { name, role }, cookie: answer.cookie };
}
