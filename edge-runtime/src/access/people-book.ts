/**
 * The people of this gateway. Kept with the journal, so that a change and its audit entry are on disk together; PINs only
 * as hashes that say nothing without this gateway's secret.
 */
import type { Refused } from "@millwright/kit";

import type { EventBook, Role, SavedState } from "../hand-over.ts";
import type { PassKind } from "./pass-rules.ts";
import { refuse } from "./refuse.ts";
import { isRole } from "../roles.ts";
import type { SavedFailures } from "./throttle.ts";

/** Somebody who may sign in. Without a hash, only a one-time code lets the person choose a PIN. */
export interface Member {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly pass?: { readonly kind: PassKind; readonly hash: string };
  /** Of the badge, as `PassHasher.badge` makes it. */
  readonly badge?: string;
}

/** A plant's shift plan; a list that a person can still find a name in. */
const membersMax = 200;
const nameCharsMax = 60;
/** Of people who were removed: their ids stand in the audit book and are not given again. */
const retiredMax = 2_000;

interface Saved {
  readonly members: readonly Member[];
  readonly retired: readonly string[];
  readonly failures: SavedFailures;
}

const part = "access";

export class PeopleBook {
  readonly #book: EventBook;
  #saved: Saved;

  constructor(book: EventBook) {
    this.#book = book;
    this.#saved = parseSaved(book.state(part));
  }

  /** In the order of their names. */
  get members(): readonly Member[] {
    return this.#saved.members;
  }

  get failures(): SavedFailures {
    return this.#saved.failures;
  }

  /** Nobody can sign in: the first engineer is still to come. */
  get isNew(): boolean {
    return !this.members.some(({ role, pass }) => role === "engineer" && pass !== undefined);
  }

  byId(id: string): Member | undefined {
    return this.members.find((member) => member.id === id);
  }

  /** By id, or by the name in any case: as people type it. */
  byName(typed: string): Member | undefined {
    const low = typed.trim().toLowerCase();
    return this.members.find(({ id, name }) => id === low || name.toLowerCase() === low);
  }

  byBadge(badge: string): Member | undefined {
    return this.members.find((member) => member.badge === badge);
  }

  /** @returns the new member, without a PIN */
  add(typedName: string, role: Role): Member | Refused {
    const name = typedName.trim().replace(/\s+/g, " ");
    if (name === "" || name.length > nameCharsMax || /\p{C}/u.test(name)) {
      return refuse(`a name has 1 to ${nameCharsMax} characters that can be read`);
    }
    if (this.byName(name) !== undefined) return refuse(`${name} is here already`);
    if (this.members.length >= membersMax) {
      return refuse(`there are ${membersMax} people here, as many as there may be`);
    }
    const member: Member = { id: this.#freeId(name), name, role };
    this.#save({ members: [...this.members, member] });
    return member;
  }

  change(id: string, change: Partial<Omit<Member, "id">>): Member | undefined {
    const member = this.byId(id);
    if (member === undefined) return undefined;
    const changed = { ...member, ...change };
    this.#save({ members: this.members.map((one) => (one.id === id ? changed : one)) });
    return changed;
  }

  /** The person may sign in no more until a PIN is set anew. */
  takePass(id: string): void {
    this.#save({
      members: this.members.map((one) => {
        if (one.id !== id) return one;
        const { name, role } = one;
        return { id, name, role };
      }),
    });
  }

  remove(id: string): void {
    this.#save({
      members: this.members.filter((one) => one.id !== id),
      retired: [...this.#saved.retired, id].slice(-retiredMax),
    });
  }

  saveFailures(failures: SavedFailures): void {
    this.#save({ failures });
  }

  #save(change: Partial<Saved>): void {
    const members = (change.members ?? this.members).toSorted((a, b) =>
      a.name.localeCompare(b.name, "en"),
    );
    this.#saved = { ...this.#saved, ...change, members };
    this.#book.saveState(part, this.#saved as unknown as SavedState);
  }

  /** "anna-novak", or "anna-novak-2" when there was one. */
  #freeId(name: string): string {
    const plain = name
      .normalize("NFKD")
      .toLowerCase()
      .replace(/\p{M}/gu, "")
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "");
    const stem = plain === "" ? "person" : plain;
    const taken = new Set([...this.members.map((one) => one.id), ...this.#saved.retired]);
    let id = stem;
    for (let more = 2; taken.has(id); more++) id = `${stem}-${more}`;
    return id;
  }
}

/** What this program saved, or nothing at the first start. What does not hold is left out: nobody signs in by damage. */
function parseSaved(state: SavedState | undefined): Saved {
  const saved = isGroup(state) ? state : {};
  return {
    members: listIn(saved["members"]).flatMap(toMember),
    retired: listIn(saved["retired"]).filter((id) => typeof id === "string"),
    failures: listIn(saved["failures"]).flatMap((one) =>
      isGroup(one) && typeof one["key"] === "string" && typeof one["count"] === "number"
        ? [{ key: one["key"], count: one["count"] }]
        : [],
    ),
  };
}

function toMember(one: SavedState): readonly Member[] {
  if (!isGroup(one)) return [];
  const { id, name, role, pass, badge } = one;
  if (typeof id !== "string" || typeof name !== "string" || !isRole(role)) return [];
  const kind = isGroup(pass) ? pass["kind"] : undefined;
  const hash = isGroup(pass) ? pass["hash"] : undefined;
  return [
    {
      id,
      name,
      role,
      ...((kind === "pin" || kind === "passphrase") && typeof hash === "string"
        ? { pass: { kind, hash } }
        : {}),
      ...(typeof badge === "string" ? { badge } : {}),
    },
  ];
}

function isGroup(
  state: SavedState | undefined,
): state is { readonly [key: string]: SavedState } & object {
  return typeof state === "object" && state !== null && !Array.isArray(state);
}

function listIn(state: SavedState | undefined): readonly SavedState[] {
  return Array.isArray(state) ? (state as readonly SavedState[]) : [];
}
