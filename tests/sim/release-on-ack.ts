import type { ReleaseRule } from "@millwright/edge-runtime/parts";

/** For controls: takes the broker's word for the hub's. What the broker then forgets is nowhere. */
export const releaseOnAck: ReleaseRule = (evidence) => {
  if (evidence.kind === "mark") return undefined;
  const { epoch, lane, seq, chain } = evidence.frame;
  return { epoch, lane, storedSeq: seq, safeSeq: seq, chain: chain.toString(16).padStart(16, "0") };
};
