/**
 * Signing in: by name and PIN or passphrase, by a badge, by a one-time code. One is checked after the other, so that
 * nobody tries two at once past the throttle, and so that the memory of the hash is taken once.
 */
import { messageChain, type Clock, type Refused } from "@millwright/kit";

import type { Asked, AuditNote } from "../hand-over.ts";
import type { AuditBook } from "./audit-book.ts";
import type { CodePurpose, Codes } from "./codes.ts";
import { deviceOf } from "./door.ts";
import type { PassHasher } from "./pass-hash.ts";
import { checkPass, normalPass } from "./pass-rules.ts";
import type { Member, PeopleBook } from "./people-book.ts";
import { isRefused, refuse } from "./refuse.ts";
import type { Session, Sessions } from "./sessions.ts";
import { addressRule, personRule, Throttle, type ThrottleRule } from "./throttle.ts";

export interface SignInOptions {
  readonly people: PeopleBook;
  readonly sessions: Sessions;
  readonly codes: Codes;
  readonly hasher: PassHasher;
  readonly audit: AuditBook;
  readonly clock: Clock;
}

export type SignedIn =
  | { readonly kind: "signed-in"; readonly session: Session; readonly cookie: string }
  | { readonly kind: "wait"; readonly reason: string; readonly waitS: number }
  | Refused;

/** Who waits for the one before: a shift that comes in; more are told to try again. */
const waitingMax = 8;

/** Told in the same words whatever was wrong. */
const wrongPass = "Name and PIN do not fit. After some tries there is a wait that grows.";
const wrongBadge = "This badge belongs to nobody here.";
const wrongCode =
  "This code is not one, or not any more. At the gateway, millwright access makes a new one.";
/** Shorter is what a person at the keys types by mistake; longer is no badge. */
const badgeCharsMin = 6;
const badgeCharsMax = 128;

export class SignIn {
  readonly #options: SignInOptions;
  readonly #throttle: Throttle;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: SignInOptions) {
    this.#options = options;
    const { people, clock } = options;
    this.#throttle = new Throttle(people.failures, ruleOf, clock.monotonicMs());
  }

  withPass(asked: Asked, id: string, pass: string): Promise<SignedIn> {
    const { people, hasher } = this.#options;
    return this.#inTurn(async () => {
      const member = people.byId(id);
      // Whoever asks for people who are not here is one guesser, however many names it has.
      return await this.#tried(
        asked,
        [member?.id ?? "?"],
        "access.sign-in",
        wrongPass,
        async () => {
          if (member?.pass === undefined) return undefined;
          return (await hasher.verify(member.pass.hash, normalPass(pass))) ? member : undefined;
        },
      );
    });
  }

  withBadge(asked: Asked, badge: string): Promise<SignedIn> {
    const { people, hasher } = this.#options;
    return this.#inTurn(() =>
      this.#tried(asked, [], "access.sign-in", wrongBadge, async () => {
        if (checkBadge(badge) !== undefined) return undefined;
        return people.byBadge(await hasher.badge(badge));
      }),
    );
  }

  /**
   * Sets the PIN or passphrase of the person whose code it is, and signs in. The first code makes the first engineer.
   *
   * @param name of the first engineer; of others it is known
   */
  withCode(asked: Asked, code: string, name: string, pass: string): Promise<SignedIn> {
    const { codes, hasher, clock, people, sessions } = this.#options;
    return this.#inTurn(async () => {
      // What is chosen is looked at first, so that a PIN that may not be does not cost a try.
      const chosen = normalPass(pass);
      const kind = checkPass(chosen);
      if (isRefused(kind)) return kind;
      let refused: Refused | undefined;
      const answer = await this.#tried(asked, [], "access.set-pin", wrongCode, async () => {
        const purpose = codes.find(code, clock.monotonicMs());
        if (purpose === undefined) return undefined;
        const hash = await hasher.hash(chosen);
        const member = this.#memberFor(purpose, name);
        if (member === undefined) return undefined;
        if (isRefused(member)) {
          refused = member;
          return "refused";
        }
        codes.spend(purpose);
        sessions.endAllOf(member.id);
        return people.change(member.id, { pass: { kind, hash } });
      });
      return refused ?? answer;
    });
  }

  /** A person who is signed in shows the badge that is to sign in from now on. */
  async setBadge(id: string, badge: string): Promise<Refused | undefined> {
    const { people, hasher } = this.#options;
    const wrong = checkBadge(badge);
    if (wrong !== undefined) return wrong;
    const hash = await hasher.badge(badge);
    const other = people.byBadge(hash);
    if (other !== undefined && other.id !== id) {
      return refuse("This badge belongs to somebody else here.");
    }
    people.change(id, { badge: hash });
    return undefined;
  }

  #memberFor(purpose: CodePurpose, name: string): Member | Refused | undefined {
    const { people } = this.#options;
    if (purpose.kind === "person") return people.byId(purpose.id);
    const held = people.byName(name);
    // Somebody of that name without a PIN: after a restore, when no PIN can be checked any more.
    if (held !== undefined) {
      return held.role === "engineer"
        ? held
        : refuse(`${held.name} is here already as ${held.role}`);
    }
    return people.add(name, "engineer");
  }

  /** @param named whose tries are counted besides those of the address; nobody's, where nobody was named */
  async #tried(
    asked: Asked,
    named: readonly string[],
    act: string,
    wrong: string,
    check: () => Promise<Member | "refused" | undefined>,
  ): Promise<SignedIn> {
    const { people, sessions, clock } = this.#options;
    // Somebody on the network who fails on purpose keeps nobody from signing in at the machine.
    const keys = named.map((who) => `${asked.local ? "here" : "away"} ${who}`);
    const address = `address ${asked.address}`;
    const waitMs = this.#throttle.waitMs([...keys, address], clock.monotonicMs());
    if (waitMs > 0) {
      const waitS = Math.ceil(waitMs / 1_000);
      return { kind: "wait", waitS, reason: `Too many tries failed. Try again in ${waitS} s.` };
    }
    const member = await check();
    if (member === "refused") return refuse("");
    const nowMs = clock.monotonicMs();
    const device = deviceOf(asked);
    if (member === undefined) {
      for (const key of keys) this.#throttle.fail(key, personRule, nowMs);
      this.#throttle.fail(address, addressRule, nowMs);
      people.saveFailures(this.#throttle.saved());
      const note = { person: named[0] ?? "?", device, act, object: "", why: wrong };
      return (await this.#keep({ ...note, result: "refused" })) ?? refuse(wrong);
    }
    for (const key of keys) this.#throttle.clear(key);
    people.saveFailures(this.#throttle.saved());
    const { id: person, name, role } = member;
    const note = { person, device, act, object: name, after: role };
    const refused = await this.#keep({ ...note, result: "done" });
    if (refused !== undefined) return refused;
    return {
      kind: "signed-in",
      ...sessions.open(asked, { person, name, role, device }, clock.monotonicMs()),
    };
  }

  /** Without a record nobody signs in; a failure costs its wait all the same. */
  async #keep(note: AuditNote): Promise<Refused | undefined> {
    try {
      await this.#options.audit.add(note);
      return undefined;
    } catch (failure) {
      return refuse(
        `Nobody can sign in now, because no record of it can be kept: ${messageChain(failure)}`,
      );
    }
  }

  async #inTurn(check: () => Promise<SignedIn>): Promise<SignedIn> {
    if (this.#waiting >= waitingMax) {
      return { kind: "wait", waitS: 1, reason: "Others are signing in just now. Try again." };
    }
    this.#waiting++;
    const before = this.#turn;
    const mine = before.then(check, check);
    this.#turn = mine;
    try {
      return await mine;
    } finally {
      this.#waiting--;
    }
  }
}

function checkBadge(badge: string): Refused | undefined {
  return badge.length < badgeCharsMin || badge.length > badgeCharsMax
    ? refuse(`A badge reads as ${badgeCharsMin} to ${badgeCharsMax} characters.`)
    : undefined;
}

function ruleOf(key: string): ThrottleRule {
  return key.startsWith("address ") ? addressRule : personRule;
}
