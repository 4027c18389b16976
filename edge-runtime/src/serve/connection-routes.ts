/** What people at the gateway may do about its way to the hub: have it tried. */
import type { ConnectionTest, PageRoute } from "../hand-over.ts";
import type { ConnectionAnswer } from "./page-answers.ts";

/**
 * POST /api/connection/test goes the way to the hub once, by a connection of its own, and says of each step how it went. It
 * answers in 12 s at most.
 *
 * @param test undefined where the settings name no hub
 */
export function connectionRoutes(test: ConnectionTest | undefined): readonly PageRoute[] {
  return [
    {
      kind: "act",
      path: "/api/connection/test",
      role: "technician",
      async act({ signal }) {
        const about = { act: "connection.test", object: test?.url ?? "" } as const;
        const found = (await test?.run(signal)) ?? noHub;
        if ("kind" in found) {
          const why = found.reason;
          const audit = { ...about, result: "refused", why } as const;
          return { status: 409, json: { reason: why }, audit };
        }
        const failed = found.steps.find(({ outcome }) => outcome === "failed");
        return {
          json: found satisfies ConnectionAnswer,
          audit:
            failed === undefined
              ? { ...about, result: "done" }
              : { ...about, result: "failed", why: `${failed.step}: ${failed.found}` },
        };
      },
    },
  ];
}

const noHub = { kind: "refused", reason: "the settings of this gateway name no hub" } as const;
