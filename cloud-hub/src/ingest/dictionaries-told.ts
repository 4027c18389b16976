import { unrankedEpoch, type Commit } from "../hand-over.ts";
import type { AdmittedFrame } from "./admission.ts";
import type { Taken } from "./frame-store.ts";

/** The dictionaries of a commit, and of which of them the place in the life of their gateway is not known yet. */
export function dictionariesTold(
  frames: readonly AdmittedFrame[],
  { stored }: Pick<Taken, "stored">,
): Commit["dictionaries"] {
  const unranked = new Set(
    stored.flatMap(({ head, epochRank }) => (epochRank === unrankedEpoch ? [head] : [])),
  );
  return frames.flatMap(({ gateway, dictionary, head }) =>
    dictionary === undefined ? [] : [{ gateway, dictionary, unranked: unranked.has(head) }],
  );
}
