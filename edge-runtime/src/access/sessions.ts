/**
 * Who is signed in. In memory alone: after a restart everybody signs in again. A token is a random text in a cookie, kept
 * here as its hash; it is worth nothing on another road, from another address, without the second token that only the page
 * itself can send (cross-site request forgery), or after five minutes without a touch.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

import type { Asked, Role } from "../hand-over.ts";

/** Locked after so long without a touch (ux-guide section 6). */
export const lockAfterMs = 5 * 60_000;
/** A shift with its handing over: then the person says again who it is, however busy the panel was. */
export const endAfterMs = 12 * 3_600_000;
/** Panels and tablets of one gateway; beyond it the one that was touched longest ago ends. */
const sessionsMax = 64;
const tokenBytes = 32;
/** The header with the second token. */
export const proofHeader = "x-millwright-proof";

export interface Session {
  readonly person: string;
  readonly name: string;
  readonly role: Role;
  /** "192.168.4.20, Firefox on Windows" */
  readonly device: string;
  /** The page sends it with all that acts. */
  readonly proof: string;
}

interface Held extends Session {
  readonly address: string;
  readonly secure: boolean;
  readonly endsMs: number;
  touchedMs: number;
}

export class Sessions {
  readonly #held = new Map<string, Held>();
  readonly #gateway: string;

  /** @param gateway in the name of the cookie: gateways on one machine share its cookies */
  constructor(gateway: string) {
    this.#gateway = gateway;
  }

  /** @returns the session, and the cookie that carries its token */
  open(
    asked: Asked,
    who: Pick<Session, "person" | "name" | "role" | "device">,
    nowMs: number,
  ): { readonly session: Session; readonly cookie: string } {
    this.#forget(nowMs);
    const token = randomBytes(tokenBytes).toString("base64url");
    const session: Held = {
      ...who,
      proof: randomBytes(tokenBytes).toString("base64url"),
      address: asked.address,
      secure: asked.secure,
      endsMs: nowMs + endAfterMs,
      touchedMs: nowMs,
    };
    this.#held.set(hashOf(token), session);
    if (this.#held.size > sessionsMax) {
      const [idle] = Array.from(this.#held).sort(([, a], [, b]) => a.touchedMs - b.touchedMs);
      if (idle !== undefined) this.#held.delete(idle[0]);
    }
    return { session, cookie: this.#cookie(asked, token, endAfterMs / 1_000) };
  }

  find(asked: Asked, nowMs: number): Session | undefined {
    return this.#find(asked, nowMs);
  }

  /** The session, if the page has sent its proof; that counts as a touch. */
  prove(asked: Asked, nowMs: number): Session | undefined {
    const held = this.#find(asked, nowMs);
    if (held === undefined || !isEqual(held.proof, asked.header(proofHeader) ?? "")) {
      return undefined;
    }
    held.touchedMs = nowMs;
    return held;
  }

  /** How long the session lasts without a touch, and at most, ms. */
  lasts(asked: Asked, nowMs: number): { readonly lockInMs: number; readonly endInMs: number } {
    const held = this.#find(asked, nowMs);
    if (held === undefined) return { lockInMs: 0, endInMs: 0 };
    const endInMs = held.endsMs - nowMs;
    return { lockInMs: Math.min(endInMs, held.touchedMs + lockAfterMs - nowMs), endInMs };
  }

  /** @returns a cookie that takes the token away */
  end(asked: Asked): string {
    const token = this.#tokenIn(asked);
    if (token !== undefined) this.#held.delete(hashOf(token));
    return this.#cookie(asked, "", 0);
  }

  /** All sessions of a person: after another role, another PIN, or a removal. */
  endAllOf(person: string): void {
    for (const [key, held] of this.#held) if (held.person === person) this.#held.delete(key);
  }

  #find(asked: Asked, nowMs: number): Held | undefined {
    const token = this.#tokenIn(asked);
    if (token === undefined) return undefined;
    const key = hashOf(token);
    const held = this.#held.get(key);
    if (held === undefined) return undefined;
    if (hasEnded(held, nowMs)) {
      this.#held.delete(key);
      return undefined;
    }
    return held.address === asked.address && held.secure === asked.secure ? held : undefined;
  }

  #forget(nowMs: number): void {
    for (const [key, held] of this.#held) if (hasEnded(held, nowMs)) this.#held.delete(key);
  }

  /** With `__Host-` a browser takes it over TLS only, and for no other host (RFC 6265bis, 4.1.3.2). */
  #nameOn(asked: Asked): string {
    return `${asked.secure ? "__Host-" : ""}millwright-${this.#gateway}`;
  }

  #tokenIn(asked: Asked): string | undefined {
    const name = `${this.#nameOn(asked)}=`;
    for (const each of (asked.header("cookie") ?? "").split(";")) {
      const cookie = each.trim();
      if (cookie.startsWith(name)) return cookie.slice(name.length);
    }
    return undefined;
  }

  #cookie(asked: Asked, token: string, maxAgeS: number): string {
    const secure = asked.secure ? "; Secure" : "";
    return `${this.#nameOn(asked)}=${token}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict${secure}`;
  }
}

function hasEnded(held: Held, nowMs: number): boolean {
  return nowMs >= held.endsMs || nowMs - held.touchedMs >= lockAfterMs;
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}

function isEqual(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
