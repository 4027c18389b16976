import type { Bench, Figures } from "./bench.ts";
import { measureHistory } from "./growth-history.ts";
import { measureTags } from "./growth-tags.ts";

/** What a hundred times as many tags cost a gateway, and what a year of history costs a hub. */
export const bench: Bench = {
  name: "growth",
  about:
    "a gateway (supervisor and runtime, default flags and heap) that polls 1 K, 10 K and 100 K registers over Modbus TCP at 1 Hz, commits of 1 s; two databases of a hub (PostgreSQL on the same machine), one with a day of samples, minutes and hours, the other with a year of minutes and hours before it, copied by SQL",
  async open(context) {
    return await Promise.resolve({
      async measure(): Promise<Figures> {
        const tags = await measureTags(context);
        context.say("a day and a year of history");
        return { ...tags, ...(await measureHistory(context)) };
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};
