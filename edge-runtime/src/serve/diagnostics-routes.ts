/** What an engineer takes along for whoever helps. */
import type { DiagnosticsDesk, PageRoute } from "../hand-over.ts";
import type { DiagnosticsAnswer } from "./page-answers.ts";

/**
 * POST /api/diagnostics answers with the file. For engineers: it says how the gateway is set up, what its log says and who did
 * what, which is shown to nobody else at once.
 */
export function diagnosticsRoutes(desk: DiagnosticsDesk): readonly PageRoute[] {
  return [
    {
      kind: "act",
      path: "/api/diagnostics",
      role: "engineer",
      async act({ signal }) {
        const made = await desk.make(signal);
        const act = "diagnostics.export";
        if ("kind" in made) {
          const why = made.reason;
          const audit = { act, object: "", result: "refused", why } as const;
          return { status: 409, json: { reason: why }, audit };
        }
        return {
          json: made satisfies DiagnosticsAnswer,
          audit: { act, object: made.name, result: "done" },
        };
      },
    },
  ];
}
