import type { ReleaseRule } from "@millwright/edge-runtime/parts";
import { parseFrame } from "@millwright/wire-contract";

/** For controls: takes the broker's word for the hub's. What the broker then forgets is nowhere. */
export const releaseOnAck: ReleaseRule = (evidence) => {
  if (evidence.kind === "mark") return undefined;
  const { epoch, lane, seq, bytes } = evidence.frame;
  const parsed = parseFrame(bytes);
  if (parsed.kind === "corrupt") return undefined;
  const chain = parsed.head.chain.toString(16).padStart(16, "0");
  return { epoch, lane, storedSeq: seq, safeSeq: seq, chain };
};
