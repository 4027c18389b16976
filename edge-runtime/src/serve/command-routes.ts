/** What the page asks of writing, and how a person has something written. */
import type { Scalar, TagId } from "@millwright/wire-contract";
import { toJsonScalar, type CommandEvent } from "@millwright/wire-contract/events";
import * as z from "zod";

import type { AuditNote, Command, CommandDesk, PageRoute, Role } from "../hand-over.ts";
import { mayAct } from "../roles.ts";
import type { CommandsAnswer } from "./page-answers.ts";
import { wrongWith } from "./wrong-body.ts";

export interface CommandRoutesOptions {
  readonly desk: CommandDesk;
  readonly tags: ReadonlyMap<TagId, CommandTag>;
  readonly auditOf: (event: CommandEvent) => AuditNote;
  /** Belong to the safety controller. */
  readonly safetyTags: readonly TagId[];
}

/** What the page says of a tag that is written or looked at for writing. */
export interface CommandTag {
  readonly name: string;
  readonly unit: string;
  /** 64-bit integers travel as text in JSON. */
  readonly wide: boolean;
}

/** As many as a page shows below the setpoints. */
const recentMax = 20;

export function commandRoutes(options: CommandRoutesOptions): readonly PageRoute[] {
  const { desk, tags, auditOf } = options;
  return [
    { kind: "look", path: "/api/commands", look: () => ({ json: viewOf(options) }) },
    // Asked just before a command is sent, so that it carries how old it is by the gateway's own clock.
    {
      kind: "look",
      path: "/api/commands/ticket",
      look: () => ({ json: { ticket: desk.ticket() } }),
    },
    {
      kind: "act",
      path: "/api/commands/write",
      role: "technician",
      async act({ person, body }) {
        const asked = commandBody.safeParse(body);
        if (!asked.success) {
          return { status: 400, json: { reason: wrongWith(asked.error) }, audit: undefined };
        }
        const { key, tag, value, seen, ticket, expiresInMs, reason } = asked.data;
        const of = tags.get(tag as TagId);
        const command: Command = {
          key: `hmi/${key}`,
          tag: tag as TagId,
          value: toScalar(value, of),
          seen: toScalar(seen, of),
          ticket,
          expiresInMs,
          origin: { kind: "hmi", who: person.name },
          ...(reason === undefined ? {} : { reason }),
        };
        const grant = desk.grants().find((each) => each.grant.tag === tag)?.grant;
        const event =
          grant !== undefined && !mayAct(person.role, grant.role)
            ? refusedFor(command, grant.role)
            : await desk.submit(command);
        return { json: { key, event }, audit: auditOf(event) };
      },
    },
  ];
}

const jsonScalar = z.union([z.number(), z.boolean(), z.string().max(1_024)]);

const commandBody = z.strictObject({
  // Made by the page, once for each command.
  key: z.string().regex(/^[A-Za-z0-9-]{16,64}$/),
  tag: z.string().min(1),
  value: jsonScalar,
  seen: jsonScalar,
  ticket: z.string().max(64),
  // ux-guide 6: five seconds; a minute is the most that the desk takes.
  expiresInMs: z.int().min(100).max(60_000).default(5_000),
  reason: z.string().max(200).optional(),
});

function viewOf({ desk, tags, safetyTags }: CommandRoutesOptions): CommandsAnswer {
  const nameOf = (tag: TagId): string => tags.get(tag)?.name ?? tag;
  return {
    grants: desk.grants().map(({ grant, ...now }) => ({
      tag: grant.tag,
      origins: grant.origins,
      ...(grant.rule === undefined ? {} : { rule: grant.rule }),
      role: grant.role,
      low: finiteOrNull(grant.low),
      high: finiteOrNull(grant.high),
      stepMax: finiteOrNull(grant.stepMax),
      changePerMinuteMax: finiteOrNull(grant.changePerMinuteMax),
      ...(grant.mode === undefined ? {} : { mode: grant.mode.words }),
      readBack: grant.readBack.kind,
      dryRun: grant.dryRun,
      ...now,
    })),
    interlocks: desk.interlocks().map((view) => ({
      ...view,
      blocks: view.blocks.map(nameOf),
    })),
    safetyTags,
    recent: desk.recent(recentMax).map(({ key, ...change }) => ({
      ...change,
      key: key.replace(/^hmi\//, ""),
      name: nameOf(change.event.tag as TagId),
      unit: tags.get(change.event.tag as TagId)?.unit ?? "",
    })),
  };
}

/** JSON has no Infinity: null is "no bound of its own". */
function finiteOrNull(number: number): number | null {
  return Number.isFinite(number) ? number : null;
}

/** Pages have 64-bit integers as text. */
function toScalar(value: number | boolean | string, of: CommandTag | undefined): Scalar {
  const wide = typeof value === "string" && of?.wide === true && /^-?\d{1,20}n?$/.test(value);
  return wide ? BigInt(value.replace("n", "")) : value;
}

function refusedFor({ tag, value, origin }: Command, role: Role): CommandEvent {
  return {
    outcome: "refused",
    tag,
    value: toJsonScalar(value),
    origin,
    reason: `this needs a ${role}`,
  };
}
