/** The likely reason of a silence in words, with what it is concluded from. */
import { countWords, sinceWords } from "@millwright/ui-kit";

import type { Silence, SilenceClue } from "../../silence-views.ts";
import { saySilence, saySilenceCount } from "./silence-messages.ts";

/** `Likely reason: network or power, at Brno as a whole` */
export function titleWords({ likely, where, plant }: Silence): string {
  if (likely.length === 0) return saySilence("title.none");
  const causes = likely
    .map((cause) => saySilence(`cause.${cause}`))
    .reduce((one, other) => saySilence("or", { one, other }));
  // Of the rest the cause itself says where it is.
  const isWay = likely.includes("network");
  if (isWay && where === "its plant") return saySilence("title.plant", { causes, plant });
  if (isWay && where === "this gateway") return saySilence("title.here", { causes });
  return saySilence("title.known", { causes });
}

/** What to do first. */
export function toDoWords({ likely, where, plant }: Silence): string {
  const [first] = likely;
  if (first === undefined) return saySilence("do.unknown");
  if (first !== "network" && first !== "power") return saySilence(`do.${first}`);
  return where === "its plant" ? saySilence("do.plant", { plant }) : saySilence("do.here");
}

export function clueWords(clue: SilenceClue, plant: string, nowUs: number): string {
  const at = (us: number): string => sinceWords(us, nowUs);
  switch (clue.kind) {
    case "said that it stops":
    case "hub cut off":
    case "hub listens since":
      return saySilence(`clue.${clue.kind}`, { time: at(clue.atUs) });
    case "refused": {
      const { count, reason, address } = clue;
      return saySilenceCount("clue.refused", count, { time: at(clue.atUs), reason, address });
    }
    case "not encrypted":
    case "said nothing":
    case "nameless": {
      const { kind, count, address } = clue;
      return saySilenceCount(`clue.${kind}`, count, { time: at(clue.atUs), address });
    }
    case "let in":
    case "open":
    case "given up":
    case "closed":
    case "broken off":
      return saySilence(`clue.${clue.kind}`, { time: at(clue.atUs), address: clue.address });
    case "ended by the broker":
      return saySilence("clue.ended by the broker", { time: at(clue.atUs), reason: clue.reason });
    case "together": {
      const { count, of } = clue;
      const id = count === of ? "clue.together.all" : "clue.together";
      return saySilenceCount(id, count, { plant, of: countWords(of) });
    }
    case "others heard":
      return saySilenceCount("clue.others heard", clue.count, { plant });
    case "no others":
      return plant === ""
        ? saySilence("clue.no others.no plant")
        : saySilence("clue.no others", { plant });
    case "all together": {
      const [count, plants] = [countWords(clue.count), countWords(clue.plants)];
      return saySilence("clue.all together", { count, plants });
    }
    case "never heard":
      return saySilence("clue.never heard");
    case "broker not asked":
      return saySilence("clue.broker not asked", { why: clue.why });
    case "no connection known":
      return saySilence("clue.no connection known");
  }
}
