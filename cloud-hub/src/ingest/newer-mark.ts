import type { LaneMark } from "@millwright/wire-contract";

/**
 * Keeps the mark of a lane that says more, and answers it. Writers commit side by side, so the older of two marks may be
 * heard of last; repeated from then on, it would hold the gateway's lane back for ever, because what the gateway sends
 * again is stored already and moves no mark. Marks of another database are not to be compared.
 */
export function keepNewer(marks: Map<string, LaneMark>, mark: LaneMark): LaneMark {
  const key = laneKey(mark);
  const known = marks.get(key);
  if (known !== undefined && known.storedSeq >= mark.storedSeq) return known;
  marks.set(key, mark);
  return mark;
}

export function laneKey({ epoch, lane }: LaneMark): string {
  return `${epoch}/${lane}`;
}
