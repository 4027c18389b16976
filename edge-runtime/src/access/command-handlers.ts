/**
 * What the command `millwright access` asks of the running gateway. It comes through the local door, whose secret only the
 * gateway's own user can read: people are changed here and on no other road; the hub has none.
 */
import type { Clock } from "@millwright/kit";
import type { DoorAnswer, DoorHandlers } from "@millwright/local-door";

import { roles, isRole } from "../roles.ts";
import type { AuditBook } from "./audit-book.ts";
import { codeValidMs, type CodePurpose, type Codes } from "./codes.ts";
import type { Member, PeopleBook } from "./people-book.ts";
import { isRefused, refuse } from "./refuse.ts";
import type { Sessions } from "./sessions.ts";

export interface CommandHandlersOptions {
  readonly people: PeopleBook;
  readonly sessions: Sessions;
  readonly codes: Codes;
  readonly audit: AuditBook;
  readonly thumbprint: () => string | undefined;
  readonly clock: Clock;
}

/** What the command is told of a code. */
export interface CodeAnswer {
  /** "K7Q2M-9ZXB4" */
  readonly code: string;
  readonly minutes: number;
  readonly name?: string;
  /** Of the HTTPS certificate. */
  readonly thumbprint?: string;
}

export interface ListedMember {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  /** "PIN", "passphrase, badge", "waits for a code" */
  readonly signsInWith: string;
}

export function commandHandlers(options: CommandHandlersOptions): DoorHandlers {
  const { people, sessions, codes, audit, clock } = options;

  const codeFor = (purpose: CodePurpose, member?: Member): DoorAnswer => {
    const thumbprint = options.thumbprint();
    const answer: CodeAnswer = {
      code: codes.make(purpose, clock.monotonicMs()),
      minutes: codeValidMs / 60_000,
      ...(member === undefined ? {} : { name: member.name }),
      ...(thumbprint === undefined ? {} : { thumbprint }),
    };
    return { json: answer };
  };
  const keep = async (
    act: string,
    object: string,
    change: { readonly before?: string; readonly after?: string } = {},
  ): Promise<void> => {
    await audit.add({
      person: "gateway",
      device: "command line",
      act,
      object,
      ...change,
      result: "done",
    });
  };
  const named = (query: URLSearchParams): Member | DoorAnswer => {
    const name = query.get("name") ?? "";
    return (
      people.byName(name) ?? refuse(`nobody here is called ${name}; see millwright access list`)
    );
  };

  return {
    "/access/code": async () => {
      if (!people.isNew) {
        return refuse(
          "an engineer can sign in already. For somebody else: millwright access add; for a forgotten PIN: millwright access reset",
        );
      }
      await keep("access.make-code", "first engineer");
      return codeFor({ kind: "first" });
    },
    "/access/list": () => ({ json: people.members.map(toListed) }),
    "/access/add": async (_body, query) => {
      const role = query.get("role");
      if (!isRole(role)) return refuse(`a role is one of ${roles.join(", ")}`);
      const member = people.add(query.get("name") ?? "", role);
      if (isRefused(member)) return member;
      await keep("access.add", member.name, { after: role });
      return codeFor({ kind: "person", id: member.id }, member);
    },
    "/access/role": async (_body, query) => {
      const member = named(query);
      if (!isMember(member)) return member;
      const role = query.get("role");
      if (!isRole(role)) return refuse(`a role is one of ${roles.join(", ")}`);
      people.change(member.id, { role });
      sessions.endAllOf(member.id);
      await keep("access.change-role", member.name, { before: member.role, after: role });
      return { json: { name: member.name } };
    },
    "/access/remove": async (_body, query) => {
      const member = named(query);
      if (!isMember(member)) return member;
      people.remove(member.id);
      codes.spend({ kind: "person", id: member.id });
      sessions.endAllOf(member.id);
      await keep("access.remove", member.name, { before: member.role });
      return { json: { name: member.name } };
    },
    "/access/reset": async (_body, query) => {
      const member = named(query);
      if (!isMember(member)) return member;
      people.takePass(member.id);
      sessions.endAllOf(member.id);
      await keep("access.reset-pin", member.name);
      return codeFor({ kind: "person", id: member.id }, member);
    },
    "/access/verify": async () => ({ json: await audit.verify(new AbortController().signal) }),
  };
}

function isMember(answer: Member | DoorAnswer): answer is Member {
  return "role" in answer;
}

function toListed({ id, name, role, pass, badge }: Member): ListedMember {
  const ways = [
    ...(pass === undefined ? [] : [pass.kind === "pin" ? "PIN" : "passphrase"]),
    ...(badge === undefined ? [] : ["badge"]),
  ];
  return { id, name, role, signsInWith: ways.length === 0 ? "waits for a code" : ways.join(", ") };
}
