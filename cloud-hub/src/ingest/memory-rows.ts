/** The rows of the store in memory, and how those that nobody has written yet come to be. */
import type {
  Beat,
  Dictionary,
  Epoch,
  GatewayId,
  Hello,
  LaneMark,
  LedgerEntry,
  RoadLane,
} from "@millwright/wire-contract";

import {
  unrankedEpoch,
  type HubEvent,
  type QuarantineRow,
  type StoredFrame,
} from "../hand-over.ts";
import type { AdmittedFrame, AdmittedVoid } from "./admission.ts";
import type { Completeness } from "./completeness.ts";
import { laneMarkOf } from "./frame-store.ts";
import { emptyPrefix, type PrefixMark } from "./prefix.ts";

export interface FrameRow {
  readonly frame: AdmittedFrame;
  readonly receivedUs: number;
  undecodable: boolean;
}

export interface LaneRows {
  readonly lane: RoadLane;
  mark: PrefixMark;
  readonly frames: Map<number, FrameRow>;
  readonly voids: AdmittedVoid[];
  /** Those in quarantine by number and chain. They do not fit, and their samples count all the same (6.4). */
  readonly forks: Map<string, FrameRow | undefined>;
}

export interface EpochRows {
  rank: number | undefined;
  parent: Epoch | undefined;
  startedUs: number;
  complete: Completeness | undefined;
  ended: boolean;
  fenced: boolean;
  /** The last that came of it, by its number in the critical lane. */
  dictionary: { readonly hash: bigint; readonly seq: number } | undefined;
  readonly lanes: Map<RoadLane, LaneRows>;
  /** By number and content: of two with one number both are kept (no-loss protocol 2). */
  readonly entries: Map<string, LedgerEntry>;
}

export interface GatewayRows {
  session: number;
  hello: Hello | undefined;
  helloUs: number;
  beat: Beat | undefined;
  beatUs: number;
  running: Epoch | undefined;
  /** When the last hello came from one that is not the running one, µs; 0 when none did. */
  copyUs: number;
  readonly epochs: Map<Epoch, EpochRows>;
  readonly dictionaries: Map<bigint, Dictionary>;
  /** By journal, number and what they say. */
  readonly events: Map<string, HubEvent>;
}

export type KeptRow = QuarantineRow & { readonly kind: "kept" | "rejected" };

/** All that is stored. */
export interface MemoryRows {
  readonly gateways: Map<GatewayId, GatewayRows>;
  readonly quarantine: KeptRow[];
  /** Number of the event that came last. */
  lastEvent: number;
}

export function rowsOf({ gateways }: MemoryRows, gateway: GatewayId): GatewayRows {
  let rows = gateways.get(gateway);
  if (rows === undefined) {
    rows = {
      session: 0,
      hello: undefined,
      helloUs: 0,
      beat: undefined,
      beatUs: 0,
      running: undefined,
      copyUs: 0,
      epochs: new Map(),
      dictionaries: new Map(),
      events: new Map(),
    };
    gateways.set(gateway, rows);
  }
  return rows;
}

export function epochRows({ epochs }: GatewayRows, epoch: Epoch): EpochRows {
  let rows = epochs.get(epoch);
  if (rows === undefined) {
    rows = {
      rank: undefined,
      parent: undefined,
      startedUs: 0,
      complete: undefined,
      ended: false,
      fenced: false,
      dictionary: undefined,
      lanes: new Map(),
      entries: new Map(),
    };
    epochs.set(epoch, rows);
  }
  return rows;
}

export function laneRows({ lanes }: EpochRows, lane: RoadLane): LaneRows {
  let rows = lanes.get(lane);
  if (rows === undefined) {
    rows = { lane, mark: emptyPrefix, frames: new Map(), voids: [], forks: new Map() };
    lanes.set(lane, rows);
  }
  return rows;
}

export function forksOf({ forks }: LaneRows): readonly FrameRow[] {
  return [...forks.values()].filter((row) => row !== undefined);
}

export function reachedIn(row: EpochRows): readonly { lane: RoadLane; storedSeq: number }[] {
  return [...row.lanes.values()].map(({ lane, mark }) => ({ lane, storedSeq: mark.seq }));
}

/** In the order in which the epochs were begun, as far as it is known. */
export function marksOf(rows: GatewayRows): readonly LaneMark[] {
  const epochs = [...rows.epochs].toSorted(
    ([, a], [, b]) => (a.rank ?? unrankedEpoch) - (b.rank ?? unrankedEpoch),
  );
  return epochs.flatMap(([epoch, { lanes }]) =>
    [...lanes.values()].map(({ lane, mark }) => laneMarkOf({ epoch, lane }, mark)),
  );
}

export function toStored(
  frame: Pick<AdmittedFrame, "head" | "body" | "samples">,
  epochRank: number | undefined,
): StoredFrame {
  const { head, body, samples } = frame;
  return {
    head,
    body,
    epochRank: epochRank ?? unrankedEpoch,
    ...(samples === undefined ? {} : { samples }),
  };
}

/** Down to what changes: frames, voids and marks never do. */
export function copyOf(gateways: ReadonlyMap<GatewayId, GatewayRows>): Map<GatewayId, GatewayRows> {
  const copyLane = (lane: LaneRows): LaneRows => ({
    ...lane,
    frames: new Map([...lane.frames].map(([seq, row]) => [seq, { ...row }])),
    voids: [...lane.voids],
    forks: new Map(lane.forks),
  });
  const copyEpoch = (epoch: EpochRows): EpochRows => ({
    ...epoch,
    lanes: new Map([...epoch.lanes].map(([lane, rows]) => [lane, copyLane(rows)])),
    entries: new Map(epoch.entries),
  });
  return new Map(
    [...gateways].map(([gateway, rows]) => [
      gateway,
      {
        ...rows,
        epochs: new Map([...rows.epochs].map(([epoch, row]) => [epoch, copyEpoch(row)])),
        dictionaries: new Map(rows.dictionaries),
        events: new Map(rows.events),
      },
    ]),
  );
}
