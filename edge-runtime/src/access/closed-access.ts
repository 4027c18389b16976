import { refuse } from "./refuse.ts";
import type { Access } from "./access.ts";
import type { AccessAnswer } from "./answers.ts";

/**
 * What is left when a file of the access folder cannot be used: nobody signs in and nothing is done, and values go on being
 * acquired, kept and shown.
 */
export function closedAccess(reason: string): Access {
  const refused = { kind: "refused", status: 403, reason } as const;
  const handlers = ["code", "list", "add", "role", "remove", "reset", "verify"].map((verb) => [
    `/access/${verb}`,
    () => refuse(reason),
  ]);
  return {
    door: {
      person: () => undefined,
      require: () => refused,
      audit: () => Promise.reject(new Error(reason)),
    },
    routes: [
      {
        kind: "look",
        path: "/api/access",
        look: () => ({ json: { refused: { reason }, isNew: false } satisfies AccessAnswer }),
      },
    ],
    handlers: Object.fromEntries(handlers) as Access["handlers"],
    certificate: undefined,
    onCertificate: () => undefined,
    firstCode: () => undefined,
    service: {
      name: "access",
      broken: new Promise<never>(() => undefined),
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
    },
  };
}
