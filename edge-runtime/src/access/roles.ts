import type { Role } from "../hand-over.ts";

/** Each may all that those before it may. */
export const roles = ["viewer", "technician", "supervisor", "engineer"] as const satisfies Role[];

export function isRole(text: unknown): text is Role {
  return roles.some((role) => role === text);
}

export function mayAct(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}
