/** Which models run on this gateway, for its page. */
import type { ModelsState, PageRoute } from "../hand-over.ts";
import type { ModelsAnswer } from "./page-answers.ts";

/** GET /api/models: `models` is empty and nothing else is there where no bundle is configured. */
export function modelRoutes(desk: { state(): ModelsState } | undefined): readonly PageRoute[] {
  return [
    {
      kind: "look",
      path: "/api/models",
      look: () => ({ json: (desk?.state() ?? { models: [] }) satisfies ModelsAnswer }),
    },
  ];
}
