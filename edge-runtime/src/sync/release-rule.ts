import type { LaneMark } from "@millwright/wire-contract";

import type { SentFrame } from "../hand-over.ts";

/** What may speak for letting frames go. */
export type ReleaseEvidence =
  | { readonly kind: "mark"; readonly mark: LaneMark }
  | { readonly kind: "acked"; readonly frame: SentFrame };

/** Says which mark, if any, the journal is to take because of this evidence. */
export type ReleaseRule = (evidence: ReleaseEvidence) => LaneMark | undefined;

/**
 * Only the hub's mark counts: it has committed the frame. An ack of the broker does not: its store was lost in power
 * cuts four times of four (reliability, rule 3). A rule of its own so that a test can show what the other one loses.
 */
export const releaseOnMark: ReleaseRule = (evidence) =>
  evidence.kind === "mark" ? evidence.mark : undefined;
