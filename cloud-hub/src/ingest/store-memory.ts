/**
 * The store in memory, for simulations and tests on a played clock. It makes the same decisions as the one in
 * PostgreSQL (`prefix.ts`, `epoch-ranks.ts`); one call is one transaction, because nothing runs in between.
 */
import type { Random } from "@millwright/kit";
import type {
  Beat,
  Dictionary,
  Epoch,
  GatewayId,
  Hello,
  HelloAnswer,
  LaneMark,
  LedgerEntry,
  RoadLane,
} from "@millwright/wire-contract";

import {
  unrankedEpoch,
  type KnownGateway,
  type QuarantineRow,
  type StoredFrame,
} from "../hand-over.ts";
import type { AdmittedFrame, AdmittedVoid, LaneKey } from "./admission.ts";
import { rankEpochs } from "./epoch-ranks.ts";
import {
  byLane,
  IncarnationChanged,
  laneMarkOf,
  promisedMore,
  rejectedRowsMax,
  type FrameStore,
  type Intake,
  type Taken,
} from "./frame-store.ts";
import {
  decideLane,
  emptyPrefix,
  nothingReleased,
  type LaneDecision,
  type PrefixMark,
} from "./prefix.ts";

interface FrameRow {
  readonly frame: AdmittedFrame;
  readonly receivedUs: number;
  undecodable: boolean;
}

interface LaneRows {
  readonly lane: RoadLane;
  mark: PrefixMark;
  readonly frames: Map<number, FrameRow>;
  readonly voids: AdmittedVoid[];
  /** Number and chain of those in quarantine. */
  readonly forks: Set<string>;
}

interface EpochRows {
  rank: number | undefined;
  readonly lanes: Map<RoadLane, LaneRows>;
  /** By number and content: of two with one number both are kept (no-loss protocol 2). */
  readonly entries: Map<string, LedgerEntry>;
}

interface GatewayRows {
  session: number;
  hello: Hello | undefined;
  helloUs: number;
  beat: Beat | undefined;
  beatUs: number;
  readonly epochs: Map<Epoch, EpochRows>;
  readonly dictionaries: Map<bigint, DictionaryRow>;
}

interface DictionaryRow {
  readonly dictionary: Dictionary;
  readonly epoch: Epoch;
  readonly sealedUs: number;
}

interface Decided {
  readonly key: LaneKey;
  readonly epoch: EpochRows;
  readonly lane: LaneRows;
  readonly decision: LaneDecision<AdmittedFrame, AdmittedVoid>;
}

export class MemoryStore implements FrameStore {
  readonly #gateways = new Map<GatewayId, GatewayRows>();
  readonly #quarantine: (QuarantineRow & { readonly kind: "kept" | "rejected" })[] = [];
  readonly #random: Random;
  #incarnation: string;
  #told: string | undefined;

  constructor(random: Random) {
    this.#random = random;
    this.#incarnation = newIncarnation(random);
  }

  /** As when the database is started again: what is committed stays, the incarnation is another. */
  restart(): void {
    this.#incarnation = newIncarnation(this.#random);
  }

  incarnation(): Promise<string> {
    this.#told = this.#incarnation;
    return Promise.resolve(this.#told);
  }

  takeIn(intake: Intake): Promise<Taken> {
    const was = this.#told;
    const is = this.#incarnation;
    if (was !== undefined && was !== is) return Promise.reject(new IncarnationChanged(was, is));
    return Promise.resolve(this.#write(intake));
  }

  hello(hello: Hello, nowUs: number): Promise<HelloAnswer> {
    const rows = this.#rowsOf(hello.gateway);
    rows.session++;
    rows.hello = hello;
    rows.helloUs = nowUs;
    rank(rows, hello);
    const marks = marksOf(rows);
    // It once held more than it does: it was put back to an older state without a restart that we would have seen.
    if (hello.incarnation === this.#incarnation && promisedMore(hello, marks)) this.restart();
    this.#told = this.#incarnation;
    return Promise.resolve({
      version: 1,
      session: rows.session,
      incarnation: this.#incarnation,
      hubNowUs: nowUs,
      marks,
    });
  }

  marks(gateway: GatewayId): Promise<readonly LaneMark[]> {
    const rows = this.#gateways.get(gateway);
    return Promise.resolve(rows === undefined ? [] : marksOf(rows));
  }

  noteUndecodable(frame: StoredFrame, reason: string, nowUs: number): Promise<void> {
    const { gateway, epoch, lane, seq } = frame.head;
    const row = this.#gateways
      .get(gateway)
      ?.epochs.get(epoch)
      ?.lanes.get(lane as RoadLane);
    const stored = row?.frames.get(seq);
    if (stored !== undefined) stored.undecodable = true;
    const bytes = stored?.frame.bytes.length ?? 0;
    this.#quarantine.push({ kind: "kept", gateway, epoch, reason, receivedUs: nowUs, bytes });
    return Promise.resolve();
  }

  keepBeats(beats: ReadonlyMap<GatewayId, { beat: Beat; receivedUs: number }>): Promise<void> {
    for (const [gateway, { beat, receivedUs }] of beats) {
      const rows = this.#rowsOf(gateway);
      rows.beat = beat;
      rows.beatUs = receivedUs;
    }
    return Promise.resolve();
  }

  gateways(): Promise<readonly KnownGateway[]> {
    const ids = [...this.#gateways.keys()].toSorted();
    return Promise.resolve(ids.flatMap((id) => this.#known(id) ?? []));
  }

  gateway(gateway: GatewayId): Promise<KnownGateway | undefined> {
    return Promise.resolve(this.#known(gateway));
  }

  dictionary(gateway: GatewayId, hash: bigint): Promise<Dictionary | undefined> {
    return Promise.resolve(this.#gateways.get(gateway)?.dictionaries.get(hash)?.dictionary);
  }

  newestDictionary(gateway: GatewayId): Promise<Dictionary | undefined> {
    const rows = this.#gateways.get(gateway);
    const rankOf = (row: DictionaryRow): number =>
      rows?.epochs.get(row.epoch)?.rank ?? unrankedEpoch;
    const [newest] = [...(rows?.dictionaries.values() ?? [])].toSorted(
      (a, b) => rankOf(b) - rankOf(a) || b.sealedUs - a.sealedUs,
    );
    return Promise.resolve(newest?.dictionary);
  }

  samplesBetween(
    gateway: GatewayId,
    fromUs: number,
    toUs: number,
    framesMax: number,
  ): Promise<readonly StoredFrame[]> {
    const found = this.#samples(gateway)
      .filter(({ head }) => head.lastUs >= fromUs && head.firstUs <= toUs)
      .toSorted(
        (a, b) =>
          a.epochRank - b.epochRank || a.head.sealedUs - b.head.sealedUs || a.head.seq - b.head.seq,
      );
    return Promise.resolve(found.slice(Math.max(0, found.length - framesMax)));
  }

  newestSamples(
    gateway: GatewayId,
    sinceUs: number,
    framesMax: number,
  ): Promise<readonly StoredFrame[]> {
    const found = this.#samples(gateway)
      .filter(({ receivedUs }) => receivedUs > sinceUs)
      .toSorted((a, b) => b.receivedUs - a.receivedUs || b.head.seq - a.head.seq);
    return Promise.resolve(found.slice(0, framesMax));
  }

  entriesBetween(
    gateway: GatewayId,
    fromUs: number,
    toUs: number,
    entriesMax: number,
  ): Promise<readonly LedgerEntry[]> {
    const entries = [...(this.#gateways.get(gateway)?.epochs.values() ?? [])]
      .flatMap((epoch) => [...epoch.entries.values()])
      .filter((entry) => entry.toUs >= fromUs && entry.fromUs <= toUs)
      .toSorted((a, b) => a.fromUs - b.fromUs);
    return Promise.resolve(entries.slice(Math.max(0, entries.length - entriesMax)));
  }

  quarantine(rowsMax: number): Promise<readonly QuarantineRow[]> {
    return Promise.resolve(
      this.#quarantine
        .slice(-rowsMax)
        .toReversed()
        .map(({ gateway, epoch, reason, receivedUs, bytes }) => ({
          gateway,
          ...(epoch === undefined ? {} : { epoch }),
          reason,
          receivedUs,
          bytes,
        })),
    );
  }

  #rowsOf(gateway: GatewayId): GatewayRows {
    let rows = this.#gateways.get(gateway);
    if (rows === undefined) {
      rows = {
        session: 0,
        hello: undefined,
        helloUs: 0,
        beat: undefined,
        beatUs: 0,
        epochs: new Map(),
        dictionaries: new Map(),
      };
      this.#gateways.set(gateway, rows);
    }
    return rows;
  }

  #write(intake: Intake): Taken {
    const before = this.#quarantine.length;
    const decided = byLane(intake).map(({ key, frames, voids }): Decided => {
      const { epoch, lane } = laneRows(this.#rowsOf(key.gateway), key);
      const known = {
        mark: lane.mark,
        frames: [...lane.frames.values()].map((row) => row.frame),
        voids: lane.voids,
        released: nothingReleased,
      };
      return { key, epoch, lane, decision: decideLane(known, frames, voids) };
    });
    const marks = decided.flatMap(({ key, lane, decision }) =>
      sameMark(lane.mark, decision.mark)
        ? []
        : [{ gateway: key.gateway, mark: laneMarkOf(key, decision.mark) }],
    );
    for (const one of decided) this.#apply(one, intake.receivedUs);
    this.#reject(intake);
    return {
      stored: decided.flatMap(({ epoch, decision }) =>
        decision.store.map((frame) => toStored(frame, epoch.rank)),
      ),
      repeats: decided.reduce((sum, { decision }) => sum + decision.repeats, 0),
      quarantined: this.#quarantine.length - before,
      marks,
    };
  }

  #apply({ key, epoch, lane, decision }: Decided, receivedUs: number): void {
    const { gateway } = key;
    const keep = (reason: string, bytes: number): void => {
      this.#quarantine.push({ kind: "kept", gateway, epoch: key.epoch, reason, receivedUs, bytes });
    };
    // A fork that comes again says nothing new.
    const isNews = (seq: number, chain: bigint): boolean => {
      const known = lane.forks.has(`${seq}/${chain}`);
      lane.forks.add(`${seq}/${chain}`);
      return !known;
    };
    for (const seq of decision.unfit) {
      keep("does not fit the chain before it", lane.frames.get(seq)?.frame.bytes.length ?? 0);
      lane.frames.delete(seq);
    }
    for (const frame of decision.store) {
      const undecodable = frame.undecodable !== undefined;
      lane.frames.set(frame.seq, { frame, receivedUs, undecodable });
      if (undecodable) keep(frame.undecodable, frame.bytes.length);
      if (frame.dictionary !== undefined) this.#putDictionary(frame, frame.dictionary);
      for (const entry of frame.entries ?? []) epoch.entries.set(JSON.stringify(entry), entry);
    }
    lane.voids.push(...decision.storeVoids);
    for (const { seq, chain, bytes } of decision.forks) {
      if (isNews(seq, chain)) keep("another frame has its number or its chain", bytes.length);
    }
    for (const { toSeq, chainAt, bytes } of decision.voidForks) {
      if (isNews(toSeq, chainAt)) keep("a void that does not fit the chain", bytes.length);
    }
    lane.mark = decision.mark;
  }

  #putDictionary(frame: AdmittedFrame, dictionary: Dictionary): void {
    const { dictionaries } = this.#rowsOf(frame.gateway);
    const row = { dictionary, epoch: frame.epoch, sealedUs: frame.head.sealedUs };
    dictionaries.set(dictionary.hash, row);
  }

  #reject({ rejected, receivedUs }: Intake): void {
    for (const { gateway, reason, bytes } of rejected) {
      const rows = this.#quarantine.filter(
        (row) => row.kind === "rejected" && row.gateway === gateway,
      );
      if (rows.length >= rejectedRowsMax && rows[0] !== undefined) {
        this.#quarantine.splice(this.#quarantine.indexOf(rows[0]), 1);
      }
      this.#quarantine.push({
        kind: "rejected",
        gateway,
        reason,
        receivedUs,
        bytes: bytes.length,
      });
    }
  }

  #samples(gateway: GatewayId): readonly (StoredFrame & { readonly receivedUs: number })[] {
    const epochs = [...(this.#gateways.get(gateway)?.epochs.values() ?? [])];
    return epochs.flatMap((epoch) =>
      [...epoch.lanes.values()].flatMap((lane) =>
        [...lane.frames.values()].flatMap(({ frame, receivedUs, undecodable }) =>
          frame.head.content === "samples" && !undecodable
            ? [{ ...toStored(frame, epoch.rank), receivedUs }]
            : [],
        ),
      ),
    );
  }

  #known(gateway: GatewayId): KnownGateway | undefined {
    const rows = this.#gateways.get(gateway);
    if (rows === undefined) return undefined;
    return {
      gateway,
      ...(rows.hello === undefined ? {} : { hello: rows.hello }),
      helloUs: rows.helloUs,
      ...(rows.beat === undefined ? {} : { lastBeat: rows.beat }),
      lastBeatUs: rows.beatUs,
      quarantined: this.#quarantine.filter((row) => row.gateway === gateway).length,
      balances: [...rows.epochs].flatMap(([epoch, { lanes }]) =>
        [...lanes.values()].map(({ lane, mark }) => ({
          mark: laneMarkOf({ epoch, lane }, mark),
          announced: mark.cum,
          stored: mark.frameSamples,
          voided: mark.voidSamples,
        })),
      ),
    };
  }
}

function newIncarnation(random: Random): string {
  return Array.from({ length: 4 }, () =>
    random
      .int(2 ** 32)
      .toString(16)
      .padStart(8, "0"),
  ).join("");
}

function laneRows(rows: GatewayRows, key: LaneKey): { epoch: EpochRows; lane: LaneRows } {
  let epoch = rows.epochs.get(key.epoch);
  if (epoch === undefined) {
    epoch = { rank: undefined, lanes: new Map(), entries: new Map() };
    rows.epochs.set(key.epoch, epoch);
  }
  let lane = epoch.lanes.get(key.lane);
  if (lane === undefined) {
    lane = { lane: key.lane, mark: emptyPrefix, frames: new Map(), voids: [], forks: new Set() };
    epoch.lanes.set(key.lane, lane);
  }
  return { epoch, lane };
}

function rank(rows: GatewayRows, hello: Hello): void {
  const known = new Map<Epoch, number>();
  for (const [epoch, { rank: given }] of rows.epochs) {
    if (given !== undefined) known.set(epoch, given);
  }
  const named = hello.epochs.map(({ epoch }) => epoch);
  for (const [epoch, given] of rankEpochs(named, known, Math.max(0, ...known.values()))) {
    const row = rows.epochs.get(epoch);
    if (row === undefined) {
      rows.epochs.set(epoch, { rank: given, lanes: new Map(), entries: new Map() });
    } else {
      row.rank = given;
    }
  }
}

function marksOf(rows: GatewayRows): readonly LaneMark[] {
  const epochs = [...rows.epochs].toSorted(
    ([, a], [, b]) => (a.rank ?? unrankedEpoch) - (b.rank ?? unrankedEpoch),
  );
  return epochs.flatMap(([epoch, { lanes }]) =>
    [...lanes.values()].map(({ lane, mark }) => laneMarkOf({ epoch, lane }, mark)),
  );
}

function toStored(frame: AdmittedFrame, epochRank: number | undefined): StoredFrame {
  const { head, body, samples } = frame;
  return {
    head,
    body,
    epochRank: epochRank ?? unrankedEpoch,
    ...(samples === undefined ? {} : { samples }),
  };
}

function sameMark(a: PrefixMark, b: PrefixMark): boolean {
  return a.seq === b.seq && a.frameSamples === b.frameSamples && a.voidSamples === b.voidSamples;
}
