/** Who acts at the gateway, what they may, and how it stands in the audit book. */
import type { AuditEntry } from "@millwright/wire-contract/events";

import type { Role } from "../roles.ts";

/** What a route that acts needs to know of people. */
export interface AccessDoor {
  /** Who is signed in; a session that is locked is nobody. Counts as no touch. */
  person(asked: Asked): Person | undefined;
  /** The person, if the request comes over a road on which acting is allowed, with its token, from one of at least this role. */
  require(asked: Asked, role: Role): Person | NotAllowed;
  /** On disk, and chained to all entries before it, when it resolves. */
  audit(note: AuditNote): Promise<void>;
}

/** Somebody who has signed in, and from where. */
export interface Person {
  /** Permanent: as audit entries and alarms name the person. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Address and kind of the device: "192.168.4.20, Firefox on Windows". */
  readonly device: string;
}

/** What is known of a request before anybody is. */
export interface Asked {
  /** In lower case; undefined when it was not sent. */
  header(name: string): string | undefined;
  /** Of the other end of the connection, as the socket has it. */
  readonly address: string;
  /** It came over TLS. */
  readonly secure: boolean;
  /** It came from this machine, under a name of its loopback. */
  readonly local: boolean;
}

/** Why somebody may not act, in words for the page. 401: sign in; 403: another role, or another road. */
export interface NotAllowed {
  readonly kind: "refused";
  readonly status: 401 | 403;
  readonly reason: string;
  /** Where acting is possible, when it is not here. */
  readonly https?: string;
}

/** An audit entry before it is chained. Rules and the hub are persons here, too: "rule R-7", "hub". */
export type AuditNote = Omit<AuditEntry, "index" | "chain">;
