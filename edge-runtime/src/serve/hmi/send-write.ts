/**
 * How this page has something written. The number that the command carries is asked for just before it is sent, so that a
 * command which is held up on its way is too old when it comes. Nothing is kept for later: without an answer it is unknown.
 */
import { loadJson, type WriteAnswer, type WriteOrder } from "@millwright/ui-kit";
import type { CommandEvent, JsonScalar } from "@millwright/wire-contract/events";

import type { RecentWrite } from "../page-answers.ts";
import { sayControl } from "./control-messages.ts";
import { act } from "./people.ts";

/** A loopback or a plant network answers this small question at once, or not at all. */
const ticketWithinMs = 3_000;

/** The same body for the same order, however often it is sent: it is one command. */
const bodies = new Map<string, object>();

export async function sendWrite(
  tag: string,
  order: WriteOrder,
  shown: (value: JsonScalar) => string,
): Promise<WriteAnswer | undefined> {
  let body = bodies.get(order.key);
  if (body === undefined) {
    const ticket = await askTicket();
    if (ticket === undefined) {
      return { outcome: "refused", final: true, reason: sayControl("not-sent") };
    }
    body = { key: order.key, tag, value: order.value, seen: order.seen, ticket };
    // One at a time is written from a page; what came before has its answer or is too old.
    bodies.clear();
    bodies.set(order.key, body);
  }
  const { ok, status, json, reason } = await act("/api/commands/write", body);
  if (status === 0) return undefined;
  const { event } = json as { readonly event?: CommandEvent };
  if (!ok || event === undefined) return { outcome: "refused", final: true, reason };
  return answerOf(event, true, shown);
}

/** What the stream says of a command of this page. */
export function heardOf(
  recent: RecentWrite,
  shown: (value: JsonScalar) => string,
): { readonly key: string; readonly answer: WriteAnswer } {
  return { key: recent.key, answer: answerOf(recent.event, recent.final, shown) };
}

function answerOf(
  { outcome, reason, readBack }: CommandEvent,
  final: boolean,
  shown: (value: JsonScalar) => string,
): WriteAnswer {
  return {
    outcome,
    final,
    ...(reason === undefined ? {} : { reason }),
    ...(readBack === undefined ? {} : { readBack: shown(readBack) }),
  };
}

async function askTicket(): Promise<string | undefined> {
  const given = new AbortController();
  const timer = setTimeout(() => given.abort(), ticketWithinMs);
  try {
    const { ticket } = await loadJson<{ readonly ticket: string }>(
      "/api/commands/ticket",
      given.signal,
    );
    return ticket;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** Unlike any other of this browser and of others; needs no secure context (ux-guide 11). */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
