/** The one place that says who may act. */
import { messageChain, type Clock, type Log } from "@millwright/kit";

import type { AccessDoor, Asked, AuditNote, NotAllowed, Person, Role } from "../hand-over.ts";
import type { AuditBook } from "./audit-book.ts";
import { deviceKind } from "./device-kind.ts";
import { roadRefusal } from "./road.ts";
import { mayAct } from "../roles.ts";
import type { Session, Sessions } from "./sessions.ts";

export interface DoorOptions {
  readonly sessions: Sessions;
  readonly audit: AuditBook;
  /** Where HTTPS is spoken; undefined where it is not. */
  readonly httpsPort: () => number | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export class Door implements AccessDoor {
  readonly #options: DoorOptions;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  person(asked: Asked): Person | undefined {
    if (this.road(asked) !== undefined) return undefined;
    const { sessions, clock } = this.#options;
    const session = sessions.find(asked, clock.monotonicMs());
    return session === undefined ? undefined : toPerson(session);
  }

  require(asked: Asked, role: Role): Person | NotAllowed {
    const { sessions, clock, audit } = this.#options;
    const road = this.road(asked);
    if (road !== undefined) return road;
    const session = sessions.prove(asked, clock.monotonicMs());
    if (session === undefined) return refusal(401, "Nobody is signed in here. Sign in first.");
    if (!mayAct(session.role, role)) {
      return refusal(
        403,
        `This needs the role ${role}; ${session.name} is ${session.role}. An engineer gives roles at the gateway: millwright access`,
      );
    }
    // What people do without a record was never done by anybody (IEC 62443-3-3, SR 2.10).
    if (audit.failed !== undefined) {
      return refusal(
        403,
        `Nothing can be done now, because no record of it can be kept: ${audit.failed}`,
      );
    }
    return toPerson(session);
  }

  async audit(note: AuditNote): Promise<void> {
    const { audit, log } = this.#options;
    try {
      await audit.add(note);
    } catch (failure) {
      // It has been done, so the page is told what came of it; the next act is refused.
      log.error("access.audit-not-kept", { act: note.act, reason: messageChain(failure) });
    }
  }

  /** Why nobody may sign in or act on this road; undefined where people may. */
  road(asked: Asked): NotAllowed | undefined {
    return roadRefusal(asked, this.#options.httpsPort());
  }
}

/** "192.168.4.20, Firefox on Windows" */
export function deviceOf(asked: Asked): string {
  return `${asked.address}, ${deviceKind(asked.header("user-agent") ?? "")}`;
}

function toPerson({ person, name, role, device }: Session): Person {
  return { id: person, name, role, device };
}

function refusal(status: 401 | 403, reason: string): NotAllowed {
  return { kind: "refused", status, reason };
}
