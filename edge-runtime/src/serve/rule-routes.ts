/** The rules of this gateway for its page: each in a sentence, what it says now, and why it fired. */
import * as z from "zod";

import type { PageRoute, RouteAnswer, RuleActDone, RuleDesk } from "../hand-over.ts";
import type { RulesAnswer } from "./page-answers.ts";

const pauseBody = z.strictObject({
  minutes: z.number(),
  reason: z.string().max(300),
});

/** GET /api/rules; POST /api/rules/:id/pause, /resume and /reset. */
export function ruleRoutes(rules: RuleDesk): readonly PageRoute[] {
  return [
    {
      kind: "look",
      path: "/api/rules",
      look: () => ({ json: { rules: rules.list() } satisfies RulesAnswer }),
    },
    {
      kind: "act",
      path: "/api/rules/:id/pause",
      // Which technician may pause which rule is a matter of the rule; a viewer may none.
      role: "technician",
      async act({ params, person, body }) {
        const id = params["id"] ?? "";
        const asked = pauseBody.safeParse(body);
        const rule = rules.row(id);
        if (!asked.success || rule === undefined) {
          const reason = rule === undefined ? `there is no rule ${id}` : "say minutes and reason";
          return {
            status: rule === undefined ? 404 : 400,
            json: { reason },
            audit: undefined,
          };
        }
        const { minutes, reason } = asked.data;
        const before = rule.paused === undefined ? "runs" : "paused";
        const done: RuleActDone =
          rule.pausedBy === "supervisor" && person.role === "technician"
            ? { kind: "refused", reason: `rule ${id} is paused by a supervisor; ask one` }
            : await rules.pause(id, minutes, person.id, reason);
        return {
          ...answerOf(rules, id, done),
          audit: {
            ...{
              act: "rule.pause",
              object: id,
              before,
              after: `paused for ${minutes} min`,
              reason,
            },
            ...resultOf(done),
          },
        };
      },
    },
    simple("resume", "rule.resume", rules, (id, person) => rules.resume(id, person)),
    simple("reset", "rule.reset", rules, (id, person) => rules.reset(id, person)),
  ];
}

function simple(
  verb: string,
  act: string,
  rules: RuleDesk,
  does: (id: string, person: string) => Promise<RuleActDone>,
): PageRoute {
  return {
    kind: "act",
    path: `/api/rules/:id/${verb}`,
    role: "technician",
    async act({ params, person }) {
      const id = params["id"] ?? "";
      if (rules.row(id) === undefined) {
        return { status: 404, json: { reason: `there is no rule ${id}` }, audit: undefined };
      }
      const done = await does(id, person.id);
      return { ...answerOf(rules, id, done), audit: { act, object: id, ...resultOf(done) } };
    },
  };
}

function answerOf(rules: RuleDesk, id: string, done: RuleActDone): RouteAnswer {
  return done.kind === "done"
    ? { json: { rule: rules.row(id) } }
    : { status: 409, json: { reason: done.reason } };
}

function resultOf(
  done: RuleActDone,
): { readonly result: "done" } | { readonly result: "refused"; readonly why: string } {
  return done.kind === "done" ? { result: "done" } : { result: "refused", why: done.reason };
}
