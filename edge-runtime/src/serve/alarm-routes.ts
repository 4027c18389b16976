/** What the page asks of alarms, and what people do to them there. */
import { shiftEndUs, type ShiftPlan } from "@millwright/alarms";
import type { AlarmEvent } from "@millwright/wire-contract/events";
import * as z from "zod";

import type {
  AlarmAct,
  AlarmDesk,
  EventBook,
  PageRoute,
  Person,
  RouteAnswer,
  RouteCall,
} from "../hand-over.ts";
import type { AlarmHistoryAnswer, AlarmsAnswer } from "./page-answers.ts";
import { wrongWith } from "./wrong-body.ts";

export interface AlarmRoutesOptions {
  readonly desk: AlarmDesk;
  readonly book: EventBook;
  /** The gateway's clock, µs. */
  readonly nowUs: () => number;
  /** Alarms may be shelved to the end of a shift. */
  readonly shifts: ShiftPlan | undefined;
}

/** A page of history: more than a screen, and an answer in a few milliseconds. */
const historyMax = 200;
/** So many can be acknowledged at once: those that are visible, and no others (ux-guide 5). */
const visibleMax = 60;

export function alarmRoutes({
  desk,
  book,
  nowUs,
  shifts,
}: AlarmRoutesOptions): readonly PageRoute[] {
  return [
    {
      kind: "look",
      path: "/api/alarms",
      look({ query }) {
        const since = Number(query["since"] ?? 0);
        const { revision, rows } = desk.since(Number.isFinite(since) ? since : 0);
        const now = nowUs();
        const answer: AlarmsAnswer = {
          ...{ revision, rows, counts: desk.counts(), nowUs: now },
          ...(shifts === undefined ? {} : { shiftEndUs: shiftEndUs(shifts, now) }),
        };
        return { json: answer };
      },
    },
    { kind: "look", path: "/api/alarms/history", look: (call) => history(call, book) },
    {
      kind: "act",
      path: "/api/alarms/act",
      role: "technician",
      async act({ person, body }) {
        const asked = acts.safeParse(body);
        if (!asked.success) {
          return { status: 400, json: { reason: wrongWith(asked.error) }, audit: undefined };
        }
        return await actAll(asked.data.acts, person, desk);
      },
    },
  ];
}

async function actAll(
  all: readonly AlarmAct[],
  person: Person,
  desk: AlarmDesk,
): Promise<{
  readonly json: unknown;
  readonly audit: {
    readonly act: string;
    readonly object: string;
    readonly result: "done" | "refused";
    readonly reason?: string;
    readonly why?: string;
  };
}> {
  const supervisor = person.role === "supervisor" || person.role === "engineer";
  const actor = { person: person.name, supervisor };
  const results = await Promise.all(
    all.map(async (act) => ({ alarm: act.alarm, result: await desk.act(act, actor) })),
  );
  const refused = results.flatMap(({ alarm, result }) =>
    result.kind === "refused" ? [{ alarm, reason: result.reason }] : [],
  );
  const [first] = all;
  const reason =
    first !== undefined && "reason" in first
      ? first.reason
      : first?.act === "take-out-of-service"
        ? first.workOrder
        : first?.act === "note"
          ? first.text
          : undefined;
  return {
    json: { done: results.length - refused.length, refused },
    audit: {
      act: `alarm.${first?.act ?? "none"}`,
      object: all.map(({ alarm }) => alarm).join(", "),
      result: refused.length === results.length ? "refused" : "done",
      ...(reason === undefined ? {} : { reason }),
      ...(refused.length === 0
        ? {}
        : { why: refused.map((one) => `${one.alarm}: ${one.reason}`).join("; ") }),
    },
  };
}

/** Transitions, the newest first; `before` is the number of the last of the page before. */
async function history({ query }: RouteCall, book: EventBook): Promise<RouteAnswer> {
  const asked = historyQuery.safeParse(query);
  if (!asked.success) return { status: 400, json: { reason: "from, to and before are numbers" } };
  const { from, to, before, alarm, priority, text } = asked.data;
  const wanted = (text ?? "").toLowerCase();
  const found = await book.list({
    kind: "alarm",
    ...(alarm === undefined ? {} : { subject: alarm }),
    ...(from === undefined ? {} : { fromUs: from }),
    ...(to === undefined ? {} : { toUs: to }),
    ...(before === undefined ? {} : { before }),
    max: historyMax,
  });
  const events = found.flatMap((event) => {
    if (event.kind !== "alarm") return [];
    const { number, atUs, asset, subject, body } = event;
    const words =
      `${body.message} ${asset} ${subject} ${body.person ?? ""} ${noteWords(body)}`.toLowerCase();
    if (priority !== undefined && body.priority !== priority) return [];
    return words.includes(wanted) ? [{ number, atUs, asset, alarm: subject, ...body }] : [];
  });
  const last = found.at(-1);
  const next = found.length < historyMax ? undefined : last?.number;
  const answer: AlarmHistoryAnswer = { events, ...(next === undefined ? {} : { before: next }) };
  return { json: answer };
}

function noteWords({ note }: Pick<AlarmEvent, "note">): string {
  return note === undefined ? "" : `${note.text} ${note.author}`;
}

const historyQuery = z.object({
  from: z.coerce.number().optional(),
  to: z.coerce.number().optional(),
  before: z.coerce.number().optional(),
  priority: z.coerce.number().optional(),
  alarm: z.string().max(128).optional(),
  text: z.string().max(100).optional(),
});

const alarm = z.string().min(1).max(128);
// As long as what a person types into one line.
const words = z.string().max(200);
/** A few sentences. */
const noteMax = 500;

const acts: z.ZodType<{ readonly acts: readonly AlarmAct[] }> = z.strictObject({
  acts: z
    .array(
      z.discriminatedUnion("act", [
        z.strictObject({ act: z.literal("acknowledge"), alarm, raisedUs: z.number() }),
        z.strictObject({ act: z.literal("shelve"), alarm, minutes: z.number(), reason: words }),
        z.strictObject({
          ...{ act: z.literal("shelve-until"), alarm, untilUs: z.number(), reason: words },
        }),
        z.strictObject({ act: z.literal("shelve-until-clear"), alarm, reason: words }),
        z.strictObject({ act: z.enum(["unshelve", "reset", "return-to-service"]), alarm }),
        z.strictObject({ act: z.literal("take-out-of-service"), alarm, workOrder: words }),
        z.strictObject({ act: z.literal("note"), alarm, text: z.string().max(noteMax) }),
      ]),
    )
    .min(1)
    .max(visibleMax)
    // One kind of act at a time: that is what the audit entry says.
    .refine((all) => new Set(all.map(({ act }) => act)).size === 1, {
      error: "all acts of one request are of one kind",
    }),
});
