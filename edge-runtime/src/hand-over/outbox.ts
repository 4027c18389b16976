/** Frames on their way to the hub. */
import type {
  EndOfRun,
  Epoch,
  JournalBirth,
  LaneMark,
  RoadLane,
  TagId,
} from "@millwright/wire-contract";

/** What sync needs of the journal. */
export interface Outbox {
  /**
   * Epochs oldest first, lanes in their order; held epochs only. After `agree` of another incarnation those of released
   * epochs, too, until the hub has said what it has of them.
   */
  lanes(): Promise<readonly OutboxLane[]>;
  /** Frames after `seq`, in order, until `bytesMax` is passed (at least one when there is one). */
  framesAfter(
    epoch: Epoch,
    lane: RoadLane,
    seq: number,
    bytesMax: number,
  ): Promise<readonly OutboxFrame[]>;
  /**
   * Takes a mark of the agreed incarnation. Frames at or below `safeSeq` are released with a later commit. `ignored`: it
   * says nothing that is new. `foreign`: its chain is not the journal's own at that number, or it lies above the last
   * number sealed, so another journal has gone on in this epoch.
   */
  take(mark: LaneMark): Promise<"taken" | "foreign" | "ignored">;
  /**
   * After a foreign mark: what is held of its lane above the last proven number is sealed again, in the running epoch; when
   * that is the one of the mark, a new one begins first, which has to be told with another hello.
   */
  leave(mark: LaneMark): Promise<void>;
  /**
   * At hello: when the hub stands below what was released, the lane goes back to its mark. Frames that are still here
   * are sent again; a void stands for the others. Answers whether the lane went back.
   */
  rewind(mark: LaneMark): Promise<boolean>;
  /** What the journal is known by: its first start. */
  birth(): JournalBirth;
  /** How the run before ended; undefined where it is not known, or did not end with the running epoch. */
  endBefore(): EndOfRun | undefined;
  /** Remembered with the journal: the database incarnation that both sides last agreed on. */
  incarnation(): string | undefined;
  agree(incarnation: string): Promise<void>;
  /** Waiting now: frames and samples above `stored`, age of the oldest in µs (0 when none waits). */
  waiting(): { readonly frames: number; readonly samples: number; readonly oldestSealedUs: number };
  /** Calls back after each commit that sealed something for the road. Returns what takes the call back. */
  onSealed(listener: () => void): () => void;
  /** The link is up: open ledger rows are sealed with the coming commits. */
  linkUp(up: boolean): void;
  /** Somebody looks at these tags for the next seconds (`watchedForMs`): they are told in full, with each commit. */
  watch(tags: readonly TagId[]): void;
}

/** One sealed frame on its way to the hub. */
export interface OutboxFrame {
  readonly epoch: Epoch;
  readonly lane: RoadLane;
  readonly seq: number;
  /** At its end. */
  readonly chain: bigint;
  readonly sampleCount: number;
  /** When it was sealed, µs; the age of the oldest waiting frame is how far the hub is behind. */
  readonly sealedUs: number;
  /** The whole frame. */
  readonly bytes: Uint8Array;
  /** It stands for frames that are gone. */
  readonly isVoid?: true;
}

/** A frame that was handed to the road; its bytes are the road's then. */
export type SentFrame = Omit<OutboxFrame, "bytes">;

/** Where one lane of one epoch stands. */
export interface OutboxLane {
  readonly epoch: Epoch;
  readonly parent?: Epoch;
  readonly startedUs: number;
  /** Last commit of the epoch before that is this journal's own, µs; 0 for the first. */
  readonly lastCommitUs: number;
  readonly lane: RoadLane;
  readonly baseSeq: number;
  readonly baseChain: bigint;
  readonly storedSeq: number;
  readonly headSeq: number;
  readonly headChain: bigint;
}
