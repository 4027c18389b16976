import type {
  Beat,
  GatewayId,
  Hello,
  HelloAnswer,
  LaneMark,
  RoadLane,
} from "@millwright/wire-contract";
import { Fault } from "@millwright/kit";

import type { FrameReader, StoredFrame } from "../hand-over.ts";
import type { AdmittedFrame, AdmittedVoid, LaneKey } from "./admission.ts";
import { markFinder } from "./find-mark.ts";
import type { PrefixMark } from "./prefix.ts";

/** Bytes that are not stored as a frame, and why. Kept for a person; they count as nothing. */
export interface Rejected {
  readonly gateway: GatewayId;
  readonly lane: RoadLane;
  readonly reason: string;
  readonly bytes: Uint8Array;
}

/** What one transaction takes in. */
export interface Intake {
  readonly receivedUs: number;
  readonly frames: readonly AdmittedFrame[];
  readonly voids: readonly AdmittedVoid[];
  readonly rejected: readonly Rejected[];
}

export interface Taken {
  /** Frames that were not stored before. */
  readonly stored: readonly StoredFrame[];
  readonly repeats: number;
  /** Rows that went to quarantine: rejected, forks, undecodable. */
  readonly quarantined: number;
  /** Marks that moved. */
  readonly marks: readonly { readonly gateway: GatewayId; readonly mark: LaneMark }[];
}

/**
 * Where frames and marks are kept. Two of them, in PostgreSQL and in memory, are held to one contract suite. All
 * methods may be called at the same time, also by other processes.
 */
export interface FrameStore extends FrameReader {
  /** Changes with every start, failover or restore of the database (no-loss protocol 6.7). */
  incarnation(): Promise<string>;
  /** Whether the database is still the one that `incarnation` last told. */
  isTheSame(): Promise<boolean>;
  /**
   * All of it or nothing, on disk when it resolves. Throws `IncarnationChanged` when the database is another than the
   * one that `incarnation` last told, and has then taken nothing.
   */
  takeIn(intake: Intake): Promise<Taken>;
  /** Ranks epochs, counts the session, answers with the marks (no-loss protocol 8). */
  hello(hello: Hello, nowUs: number): Promise<HelloAnswer>;
  marks(gateway: GatewayId): Promise<readonly LaneMark[]>;
  /** A stored frame turned out not to be decodable, once its dictionary had come. */
  noteUndecodable(frame: StoredFrame, reason: string, nowUs: number): Promise<void>;
  /** The last beat of each gateway, so that a hub that starts knows who has been silent since when. */
  keepBeats(beats: ReadonlyMap<GatewayId, { beat: Beat; receivedUs: number }>): Promise<void>;
}

/** The database was restarted, restored or has failed over: what is in flight is dropped and comes again. */
export class IncarnationChanged extends Fault {
  override readonly name = "IncarnationChanged";
  readonly code = "ingest.incarnation-changed";
  readonly retry = "soon";
  readonly hint = "Nothing to do: gateways say hello and send what is missing.";

  constructor(was: string, is: string) {
    super(`the database is another one than before (${is}, was ${was})`);
  }
}

/** Rows of frames that were not stored are for a person to look at; the newest thousand of a gateway tell enough. */
export const rejectedRowsMax = 1_000;
/** Enough bytes to recognise what was sent; a forger must not fill the disk. */
export const rejectedBytesMax = 1_024;

/** As gateways want it: until there are backups `safe` is what is stored, which the settings chose in words. */
export function laneMarkOf(key: Omit<LaneKey, "gateway">, mark: PrefixMark): LaneMark {
  return {
    epoch: key.epoch,
    lane: key.lane,
    storedSeq: mark.seq,
    chain: mark.chain.toString(16).padStart(16, "0"),
    safeSeq: mark.seq,
  };
}

export function laneKeyText(key: LaneKey): string {
  return `${key.gateway}/${key.epoch}/${key.lane}`;
}

/** Frames and voids of one lane each, in the order of keys: the order in which locks are taken. */
export function byLane(
  intake: Pick<Intake, "frames" | "voids">,
): readonly { key: LaneKey; frames: AdmittedFrame[]; voids: AdmittedVoid[] }[] {
  const lanes = new Map<string, { key: LaneKey; frames: AdmittedFrame[]; voids: AdmittedVoid[] }>();
  const laneOf = (key: LaneKey): { frames: AdmittedFrame[]; voids: AdmittedVoid[] } => {
    const text = laneKeyText(key);
    let lane = lanes.get(text);
    if (lane === undefined) {
      lane = {
        key: { gateway: key.gateway, epoch: key.epoch, lane: key.lane },
        frames: [],
        voids: [],
      };
      lanes.set(text, lane);
    }
    return lane;
  };
  for (const frame of intake.frames) laneOf(frame).frames.push(frame);
  for (const gap of intake.voids) laneOf(gap).voids.push(gap);
  return [...lanes].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, lane]) => lane);
}

/** True when the gateway knows a mark of ours that lies above the one we have. */
export function promisedMore(hello: Hello, marks: readonly LaneMark[]): boolean {
  const markOf = markFinder(marks);
  return hello.epochs.some(({ epoch, lanes }) =>
    lanes.some(({ lane, storedSeq }) => storedSeq > (markOf(epoch, lane)?.storedSeq ?? 0)),
  );
}
