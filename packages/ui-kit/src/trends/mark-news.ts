/** When a gateway tells of an alarm or an episode, the marks of its charts are asked for anew. */
import type { LiveStore } from "../live/live-store.ts";

/** What marks are made of, as the live feed names it. */
const topics = ["alarms", "episodes"] as const;

/**
 * From the first news until it is asked for, ms: in a storm of alarms one question in so long, of a gateway that needs some
 * 20 ms to answer the largest. What is told comes up to 50 ms before it is kept, and is kept by then.
 */
export const gatherMs = 2_000;

/** Calls once for all news that come within `gatherMs`. Returns what ends that. */
export function followMarkNews(
  stores: Iterable<Pick<LiveStore, "news">>,
  call: () => void,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ends = Array.from(stores, ({ news }) => {
    const count = (): number => topics.reduce((sum, topic) => sum + (news.value[topic] ?? 0), 0);
    let known: number | undefined;
    return news.subscribe(() => {
      const before = known;
      known = count();
      // What was told before belongs to what is shown already.
      if (before === undefined || before === known) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        call();
      }, gatherMs);
    });
  });
  return () => {
    clearTimeout(timer);
    for (const end of ends) end();
  };
}
