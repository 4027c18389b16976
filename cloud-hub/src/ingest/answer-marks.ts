/** The marks of a hello's answer (no-loss protocol 8.2 and 6, at hello). */
import type { Epoch, Hello, LaneMark, RoadLane } from "@millwright/wire-contract";

import { markFinder } from "./find-mark.ts";

/** A head that the hub is asked about: does it lie in its prefix? */
export interface AskedHead {
  readonly epoch: Epoch;
  readonly lane: RoadLane;
  readonly seq: number;
  readonly chain: bigint;
}

/**
 * Heads of epochs that have ended, below the marks that stand: the journal is a copy, and another one has gone on there.
 * In the running epoch that cannot be, so there the mark itself is answered, and the gateway begins another epoch.
 */
export function headsBelowMarks(hello: Hello, marks: readonly LaneMark[]): readonly AskedHead[] {
  const markOf = markFinder(marks);
  return hello.epochs.slice(0, -1).flatMap(({ epoch, lanes }) =>
    lanes.flatMap(({ lane, headSeq, headChain }) => {
      const mark = markOf(epoch, lane);
      if (mark === undefined || mark.storedSeq <= headSeq) return [];
      return [{ epoch, lane, seq: headSeq, chain: BigInt(`0x${headChain}`) }];
    }),
  );
}

/** @param inPrefix those of the asked heads that the hub has, or that are the beginning of a lane */
export function answeredMarks(
  marks: readonly LaneMark[],
  inPrefix: readonly AskedHead[],
): readonly LaneMark[] {
  return marks.map((mark) => {
    const head = inPrefix.find(({ epoch, lane }) => epoch === mark.epoch && lane === mark.lane);
    if (head === undefined) return mark;
    const safeSeq = Math.min(mark.safeSeq, head.seq);
    const chain = head.chain.toString(16).padStart(16, "0");
    return { ...mark, storedSeq: head.seq, chain, safeSeq };
  });
}
