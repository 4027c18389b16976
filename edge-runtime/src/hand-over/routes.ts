/** Questions of a page, and who may ask which. */
import type { Role } from "../roles.ts";
import type { Asked, AuditNote, Person } from "./people.ts";

/** What parts give the page to ask for, besides what it always has. */
export type PageRoute = LookingRoute | ActingRoute | EnteringRoute;

/** GET: anybody may look. */
export interface LookingRoute {
  readonly kind: "look";
  /** "/api/alarms" */
  readonly path: string;
  look(call: RouteCall): RouteAnswer | Promise<RouteAnswer>;
}

/** POST, with a JSON body: a person of at least this role does something, and it is audited. */
export interface ActingRoute {
  readonly kind: "act";
  readonly path: string;
  readonly role: Role;
  act(
    call: RouteCall & {
      readonly person: Person;
      /** As it was sent: for a parser. */
      readonly body: unknown;
    },
  ): Promise<
    RouteAnswer & {
      /** Kept before the page is answered; person and device are added. A wrong question (400) needs none. */
      readonly audit: Omit<AuditNote, "person" | "device"> | undefined;
    }
  >;
}

/** POST, with a JSON body, of somebody who is nobody yet. Only signing in and out are such. */
export interface EnteringRoute {
  readonly kind: "enter";
  readonly path: string;
  enter(
    asked: Asked,
    body: unknown,
  ): Promise<{
    /** 429: not now; `json` says for how long. */
    readonly status?: 200 | 400 | 401 | 403 | 409 | 429;
    readonly json: unknown;
    /** A `Set-Cookie` header. */
    readonly cookie?: string;
  }>;
}

/** A question that a page asks. */
export interface RouteCall {
  readonly asked: Asked;
  /** By the names in the path: `/api/alarms/:id` gives `id`. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Aborts when the page does not wait any more. */
  readonly signal: AbortSignal;
}

/** JSON for the page. 400: the question was wrong; 404: there is no such thing; 409: the world has changed meanwhile. */
export interface RouteAnswer {
  readonly status?: 200 | 400 | 404 | 409;
  readonly json: unknown;
}
