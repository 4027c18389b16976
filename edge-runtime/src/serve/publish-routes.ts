/** What of the gateway's samples is told to others than the hub, for its page. */
import type { PageRoute, PublishState } from "../hand-over.ts";
import type { PublishAnswer } from "./page-answers.ts";

/** GET /api/publish: `sparkplug` is there where the gateway is a Sparkplug node. */
export function publishRoutes(node: { state(): PublishState } | undefined): readonly PageRoute[] {
  return [
    {
      kind: "look",
      path: "/api/publish",
      look: () => ({
        json: (node === undefined ? {} : { sparkplug: node.state() }) satisfies PublishAnswer,
      }),
    },
  ];
}
