/** Types only: what the page is told of people. */
import type { AuditEntry } from "@millwright/wire-contract/events";

import type { Role } from "../roles.ts";
import type { Verified } from "./audit-book.ts";

/** `GET /api/access`. */
export interface AccessAnswer {
  /** Who may sign in here; absent where nobody may. */
  readonly people?: readonly {
    readonly id: string;
    readonly name: string;
    readonly pass: "pin" | "passphrase";
  }[];
  /** Why nobody may sign in on this road, and where. */
  readonly refused?: { readonly reason: string; readonly https?: string };
  readonly you?: SignedInHere;
  /** The first engineer is still to come. */
  readonly isNew: boolean;
  /** SHA-256 of the HTTPS certificate; absent where there is none. */
  readonly thumbprint?: string;
  /** Absent until the audit book was read through for the first time. */
  readonly verified?: Verified;
}

/** Who is signed in at the page that asks. */
export interface SignedInHere {
  readonly name: string;
  readonly role: Role;
  /** Goes with each act. */
  readonly proof: string;
  /** Without a touch the gateway locks after so long, ms. */
  readonly lockInMs: number;
  /** Whether a badge signs in as this person. */
  readonly badge: boolean;
}

/** `GET /api/access/audit`: the newest first, or why they are not shown. */
export type AuditAnswer =
  | { readonly entries: readonly AuditLine[] }
  | { readonly reason: string; readonly entries?: undefined };

export interface AuditLine extends AuditEntry {
  readonly atUs: number;
}
