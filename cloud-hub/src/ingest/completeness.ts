/**
 * Up to when everything of an epoch is here (no-loss protocol 2, complete). Frames name, now and then, the heads of all
 * lanes and the time before which nothing is missing from them; when the marks have reached these heads, the time holds.
 */
import type { Complete, LaneMark } from "@millwright/wire-contract";

export interface Completeness {
  /** All samples of the epoch made before are stored, or their absence is explained, µs by the gateway's clock. */
  readonly upToUs: number;
  /** The head of the critical lane that was named with it: what comes later there is not accounted for by that time. */
  readonly criticalSeq: number;
  /**
   * Named and not reached yet: the nearest and the farthest. The nearest alone would be reached long ago when the next is
   * named, and the farthest alone never while one lane lags behind the others.
   */
  readonly waiting: readonly Complete[];
}

type Reached = Pick<LaneMark, "lane" | "storedSeq">;

/** @param marks of the lanes of the epoch */
export function advance(
  known: Completeness,
  named: readonly Complete[],
  marks: readonly Reached[],
): Completeness {
  const markOf = (lane: LaneMark["lane"]): number =>
    marks.find((mark) => mark.lane === lane)?.storedSeq ?? 0;
  const [critical, live, history] = [markOf("critical"), markOf("live"), markOf("history")];
  const waiting: Complete[] = [];
  let { upToUs, criticalSeq } = known;
  // In the order of the gateway's commits and not of time: its clock may have been set back.
  for (const one of [...known.waiting, ...named].toSorted((a, b) => heads(a) - heads(b))) {
    const reached = one.criticalSeq <= critical && one.liveSeq <= live && one.historySeq <= history;
    if (reached) ({ upToUs, criticalSeq } = one);
    else waiting.push(one);
  }
  const [nearest, farthest] = [waiting[0], waiting.at(-1)];
  if (nearest === undefined || farthest === undefined) return { upToUs, criticalSeq, waiting: [] };
  return { upToUs, criticalSeq, waiting: nearest === farthest ? [nearest] : [nearest, farthest] };
}

function heads({ criticalSeq, liveSeq, historySeq }: Complete): number {
  return criticalSeq + liveSeq + historySeq;
}
