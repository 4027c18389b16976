/**
 * Who is signed in at this page, and the one way in which it acts. The proof that goes with each act is held here, in
 * memory alone; the session itself is a cookie that no script can read.
 */
import { signal, type Signal } from "@preact/signals";

import type { AccessAnswer } from "../../hand-over.ts";
import { mayAct as mayRole, type Role } from "../../roles.ts";

/** What came of an act. 401: nobody is signed in any more; 403: another role is needed, or another road. */
export interface Acted {
  readonly ok: boolean;
  /** 0 when the gateway did not answer: it may or may not have been done. */
  readonly status: number;
  /** As the gateway answered; an empty object when it did not. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Why not, in words of the gateway; "" when it was done. */
  readonly reason: string;
}

/** Undefined until the gateway has answered first. */
export const peopleView: Signal<AccessAnswer | undefined> = signal<AccessAnswer | undefined>(
  undefined,
);

/** Longer than a write may take (ux-guide section 6): after that the page says that it does not know. */
const giveUpAfterMs = 15_000;
/** A finger that rests on the screen says so as often. */
const touchEveryMs = 15_000;

let lockTimer: ReturnType<typeof setTimeout> | undefined;
let asked = 0;

/** Whether whoever is signed in may do what needs this role; false when nobody is. Reads a signal. */
export function mayAct(needed: Role): boolean {
  const role = peopleView.value?.you?.role;
  return role !== undefined && mayRole(role, needed);
}

/** Posts what a person does. Never rejects, and never tries by itself a second time. */
export async function act(path: string, body: unknown): Promise<Acted> {
  const acted = await post(path, body);
  // Locked meanwhile, here or by the gateway: the header says so.
  if (acted.status === 401) await refreshPeople();
  return acted;
}

/** Asks the gateway who is signed in. What is known stays when it does not answer. */
export async function refreshPeople(): Promise<void> {
  const mine = ++asked;
  try {
    const answer = await fetch("/api/access", { signal: givenUp() });
    if (answer.ok) takeView((await answer.json()) as AccessAnswer, mine);
  } catch {
    // The link is shown as lost elsewhere; a session that ended meanwhile is refused by the gateway.
  }
}

/** By name and PIN, by badge, or by a one-time code. */
export async function signIn(body: unknown): Promise<Acted> {
  const acted = await post("/api/access/sign-in", body);
  if (acted.ok) await refreshPeople();
  return acted;
}

export async function useCode(code: string, name: string, pass: string): Promise<Acted> {
  const acted = await post("/api/access/code", { code, name, pass });
  if (acted.ok) await refreshPeople();
  return acted;
}

export async function lock(): Promise<void> {
  await post("/api/access/lock", {});
  await refreshPeople();
}

/** Asks once, and tells the gateway of touches from then on. */
export function startPeople(): void {
  void refreshPeople();
  let touchedMs = -touchEveryMs;
  const touch = (): void => {
    const nowMs = performance.now();
    if (peopleView.value?.you === undefined || nowMs - touchedMs < touchEveryMs) return;
    touchedMs = nowMs;
    void post("/api/access/touch", {}).then(({ ok, status, json }) => {
      const { lockInMs } = json;
      if (ok && typeof lockInMs === "number") lockIn(lockInMs);
      else if (status === 401) void refreshPeople();
    });
  };
  for (const event of ["pointerdown", "keydown"]) {
    addEventListener(event, touch, { capture: true, passive: true });
  }
}

function takeView(view: AccessAnswer, mine: number): void {
  // An answer that was overtaken says what was.
  if (mine !== asked) return;
  peopleView.value = view;
  lockIn(view.you?.lockInMs ?? 0);
}

function lockIn(ms: number): void {
  clearTimeout(lockTimer);
  lockTimer = ms > 0 ? setTimeout(() => void refreshPeople(), ms + 500) : undefined;
}

async function post(path: string, body: unknown): Promise<Acted> {
  const proof = peopleView.value?.you?.proof;
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(proof === undefined ? {} : { "x-millwright-proof": proof }),
      },
      body: JSON.stringify(body),
      signal: givenUp(),
    });
    const json = (await answer.json().catch(() => ({}))) as Readonly<Record<string, unknown>>;
    const { reason } = json;
    return {
      ok: answer.ok,
      status: answer.status,
      json,
      reason: answer.ok ? "" : typeof reason === "string" ? reason : `HTTP ${answer.status}`,
    };
  } catch {
    return { ok: false, status: 0, json: {}, reason: "" };
  }
}

/** `AbortSignal.timeout` is younger than many panels. */
function givenUp(): AbortSignal {
  const given = new AbortController();
  setTimeout(() => {
    given.abort();
  }, giveUpAfterMs);
  return given.signal;
}
