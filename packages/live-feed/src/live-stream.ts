/** The live feed as server-sent events. */
import type { Clock } from "@millwright/kit";
import type { Context } from "hono";

import { liveEvents, type LiveSource } from "./live-events.ts";

/** Answers with the live stream of `source` for the tags named in the address. */
export async function liveStream(
  context: Context,
  source: LiveSource,
  clock: Clock,
): Promise<Response> {
  // Loaded when somebody looks, as all that serves the page.
  const { streamSSE } = await import("hono/streaming");
  const tags = tagsOf(context.req.query("tags"));
  // A proxy that collects the stream would make every value old.
  context.header("X-Accel-Buffering", "no");
  return streamSSE(context, async (stream) => {
    const closed = new AbortController();
    stream.onAbort(() => {
      closed.abort();
    });
    for await (const event of liveEvents(source, tags, clock, closed.signal)) {
      await stream.writeSSE({
        event: event.event,
        id: String(event.data.seq),
        data: JSON.stringify(event.data),
      });
    }
  });
}

/** `a,b,c` as ids; none when absent. */
function tagsOf(query: string | undefined): readonly string[] {
  return query === undefined || query === "" ? [] : query.split(",");
}
