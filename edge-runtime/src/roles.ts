/** Who may do what at the gateway; each may all that those before it may (ux-guide section 6). */
export const roles = ["viewer", "technician", "supervisor", "engineer"] as const;

export type Role = (typeof roles)[number];

export function isRole(text: unknown): text is Role {
  return roles.some((role) => role === text);
}

/** Whether who has this role may do what needs that one. */
export function mayAct(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}
