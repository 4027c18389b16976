/**
 * The store in memory, for simulations and tests on a played clock. It makes the same decisions as the one in
 * PostgreSQL (`prefix.ts`, `meet-gateway.ts`); one call is one transaction, because nothing runs in between.
 */
import type { Random } from "@millwright/kit";
import type {
  Beat,
  ClockRecord,
  Dictionary,
  Epoch,
  GatewayId,
  Hello,
  HelloAnswer,
  LaneMark,
  LedgerEntry,
  RoadLane,
} from "@millwright/wire-contract";
import { eventKinds, type EventLine, type EventsBody } from "@millwright/wire-contract/events";

import {
  unrankedEpoch,
  type EventsAsked,
  type HubEvent,
  type KnownGateway,
  type QuarantineRow,
  type StoredFrame,
} from "../hand-over.ts";
import { digestOf, newestAlarms } from "../database/event-rows.ts";
import type { AdmittedFrame, AdmittedVoid, LaneKey } from "./admission.ts";
import { answeredMarks, headsBelowMarks, type AskedHead } from "./answer-marks.ts";
import { stepTold, type ClockStep } from "./clock-steps.ts";
import { advance, type Completeness } from "./completeness.ts";
import { meetGateway, type ClockHeard, type KnownEpoch, type Meeting } from "./meet-gateway.ts";
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
  /** Those in quarantine by number and chain. They do not fit, and their samples count all the same (6.4). */
  readonly forks: Map<string, FrameRow | undefined>;
}

interface EpochRows {
  rank: number | undefined;
  parent: Epoch | undefined;
  startedUs: number;
  complete: Completeness | undefined;
  ended: boolean;
  fenced: boolean;
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
  running: Epoch | undefined;
  /** When the last hello came from one that is not the running one, µs; 0 when none did. */
  copyUs: number;
  readonly epochs: Map<Epoch, EpochRows>;
  readonly dictionaries: Map<bigint, DictionaryRow>;
  /** By journal, number and what they say. */
  readonly events: Map<string, HubEvent>;
}

interface DictionaryRow {
  readonly dictionary: Dictionary;
  readonly epoch: Epoch;
  readonly sealedUs: number;
}

type KeptRow = QuarantineRow & { readonly kind: "kept" | "rejected" };

/** What was stored at one moment. */
export interface MemoryBackup {
  readonly gateways: ReadonlyMap<GatewayId, GatewayRows>;
  readonly quarantine: readonly KeptRow[];
}

interface Decided {
  readonly key: LaneKey;
  readonly epoch: EpochRows;
  readonly lane: LaneRows;
  readonly decision: LaneDecision<AdmittedFrame, AdmittedVoid>;
}

export class MemoryStore implements FrameStore {
  readonly #gateways = new Map<GatewayId, GatewayRows>();
  readonly #quarantine: KeptRow[] = [];
  readonly #random: Random;
  #incarnation: string;
  #told: string | undefined;
  #lastEvent = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#incarnation = newIncarnation(random);
  }

  /** As when the database is started again: what is committed stays, the incarnation is another. */
  restart(): void {
    this.#incarnation = newIncarnation(this.#random);
  }

  /** All that is stored, as it is now. */
  backUp(): MemoryBackup {
    return { gateways: copyOf(this.#gateways), quarantine: [...this.#quarantine] };
  }

  /** As when a backup takes the place of what is stored; it may be restored several times. */
  restore(backup: MemoryBackup): void {
    this.#gateways.clear();
    for (const [gateway, rows] of copyOf(backup.gateways)) this.#gateways.set(gateway, rows);
    this.#quarantine.splice(0, this.#quarantine.length, ...backup.quarantine);
    this.restart();
  }

  /** As it is, whether or not anybody has asked for it. */
  get current(): string {
    return this.#incarnation;
  }

  incarnation(): Promise<string> {
    this.#told = this.#incarnation;
    return Promise.resolve(this.#told);
  }

  isTheSame(): Promise<boolean> {
    return Promise.resolve(this.#told === undefined || this.#told === this.#incarnation);
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
    const stored = marksOf(rows);
    // It once held more than it does: it was put back to an older state without a restart that we would have seen.
    if (hello.incarnation === this.#incarnation && promisedMore(hello, stored)) this.restart();
    this.#told = this.#incarnation;
    const below = headsBelowMarks(hello, stored);
    const inPrefix = below.filter((asked) => holds(rows, asked));
    const putBack = new Set(below.map(({ epoch }) => epoch));
    const marks = answeredMarks(stored, inPrefix);
    const sameHub = hello.incarnation === this.#incarnation;
    const known = knownEpochs(rows);
    const met = meetGateway(known, rows.running, hello, marks, putBack, sameHub, nowUs);
    keepMeeting(rows, hello, met);
    if (met.fenced) {
      rows.copyUs = nowUs;
    } else {
      rows.hello = hello;
      rows.helloUs = nowUs;
    }
    return Promise.resolve({
      version: 1,
      session: rows.session,
      incarnation: this.#incarnation,
      hubNowUs: nowUs,
      marks,
      ...(met.fenced ? { fenced: true } : {}),
      ...(met.running === undefined ? {} : { running: met.running }),
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

  gateways(named?: readonly GatewayId[]): Promise<readonly KnownGateway[]> {
    const ids = [...(named ?? this.#gateways.keys())].toSorted();
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

  clockRecords(
    gateway: GatewayId,
    fromUs: number,
    toUs: number,
    recordsMax: number,
  ): Promise<readonly ClockRecord[]> {
    const epochs = [...(this.#gateways.get(gateway)?.epochs.values() ?? [])];
    const lanes = epochs.flatMap(({ lanes }) => [...lanes.values()]);
    const records = lanes
      .flatMap((lane) => [...lane.frames.values(), ...forksOf(lane)])
      .flatMap(({ frame: { clock } }) => clock ?? [])
      .filter(({ atUs }) => atUs >= fromUs && atUs <= toUs)
      .map((record) => [JSON.stringify(record), record] as const);
    // Told again to a hub that is new, a record says what it said.
    const distinct = [...new Map(records).values()].toSorted((a, b) => a.atUs - b.atUs);
    return Promise.resolve(distinct.slice(Math.max(0, distinct.length - recordsMax)));
  }

  events(asked: EventsAsked): Promise<readonly HubEvent[]> {
    const { gateways, after, max } = asked;
    const found = [...this.#gateways.values()]
      .flatMap(({ events }) => [...events.values()])
      .filter(({ gateway, line }) => (gateways?.includes(gateway) ?? true) && isAsked(line, asked))
      .toSorted(newestFirst)
      .filter((event) => after === undefined || comesAfter(event, after));
    return Promise.resolve(found.slice(0, max));
  }

  alarms(max: number, gateway?: string): Promise<readonly HubEvent[]> {
    const newest = [...this.#gateways].flatMap(([id, { events }]) => {
      if (gateway !== undefined && id !== gateway) return [];
      const byJournal = Map.groupBy(events.values(), ({ journalUs }) => journalUs);
      const found = new Map<string, { readonly event: HubEvent; readonly state: string }>();
      for (const journalUs of [...byJournal.keys()].toSorted((a, b) => a - b)) {
        const ofOne = byJournal.get(journalUs) ?? [];
        for (const { line, state } of newestAlarms(ofOne.map((event) => event.line))) {
          const event = ofOne.find((one) => one.line === line);
          if (event !== undefined) found.set(line.subject, { event: { ...event, id: 0 }, state });
        }
      }
      return [...found.values()];
    });
    const shown = newest.filter(({ state }) => state !== "normal").map(({ event }) => event);
    return Promise.resolve(shown.slice(0, max));
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
        running: undefined,
        copyUs: 0,
        epochs: new Map(),
        dictionaries: new Map(),
        events: new Map(),
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
    for (const frame of intake.frames) this.#noteComplete(frame);
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
    const isNews = (seq: number, chain: bigint, row?: FrameRow): boolean => {
      const known = lane.forks.has(`${seq}/${chain}`);
      if (!known) lane.forks.set(`${seq}/${chain}`, row);
      return !known;
    };
    const keepSaid = (frame: AdmittedFrame): void => {
      if (frame.dictionary !== undefined) this.#putDictionary(frame, frame.dictionary);
      if (frame.events !== undefined) this.#putEvents(frame.gateway, frame.events);
      for (const entry of frame.entries ?? []) epoch.entries.set(JSON.stringify(entry), entry);
    };
    for (const seq of decision.unfit) {
      const row = lane.frames.get(seq);
      if (row !== undefined && isNews(seq, row.frame.chain, row)) {
        keep("does not fit the chain before it", row.frame.bytes.length);
      }
      lane.frames.delete(seq);
    }
    for (const frame of decision.store) {
      const undecodable = frame.undecodable !== undefined;
      lane.frames.set(frame.seq, { frame, receivedUs, undecodable });
      if (undecodable) keep(frame.undecodable, frame.bytes.length);
      keepSaid(frame);
    }
    lane.voids.push(...decision.storeVoids);
    for (const frame of decision.forks) {
      const undecodable = frame.undecodable !== undefined;
      if (!isNews(frame.seq, frame.chain, { frame, receivedUs, undecodable })) continue;
      keep("another frame has its number or its chain", frame.bytes.length);
      keepSaid(frame);
    }
    for (const { toSeq, chainAt, bytes } of decision.voidForks) {
      if (isNews(toSeq, chainAt)) keep("a void that does not fit the chain", bytes.length);
    }
    lane.mark = decision.mark;
  }

  #putEvents(gateway: GatewayId, { journalUs, lines }: EventsBody): void {
    const { events } = this.#rowsOf(gateway);
    for (const line of lines) {
      const key = `${journalUs}/${line.number}/${digestOf(line)}`;
      if (!events.has(key)) events.set(key, { id: ++this.#lastEvent, gateway, journalUs, line });
    }
  }

  #putDictionary(frame: AdmittedFrame, dictionary: Dictionary): void {
    const { dictionaries } = this.#rowsOf(frame.gateway);
    const row = { dictionary, epoch: frame.epoch, sealedUs: frame.head.sealedUs };
    dictionaries.set(dictionary.hash, row);
  }

  #noteComplete({ gateway, epoch, head: { complete } }: AdmittedFrame): void {
    const row = this.#rowsOf(gateway).epochs.get(epoch);
    if (row?.complete === undefined || complete === undefined) return;
    row.complete = advance(row.complete, [complete], reachedIn(row));
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
        [...lane.frames.values(), ...forksOf(lane)].flatMap(({ frame, receivedUs, undecodable }) =>
          frame.head.content === "samples" && !undecodable
            ? [{ ...toStored({ head: frame.head, body: frame.body }, epoch.rank), receivedUs }]
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
    epoch = newEpochRows();
    rows.epochs.set(key.epoch, epoch);
  }
  let lane = epoch.lanes.get(key.lane);
  if (lane === undefined) {
    lane = { lane: key.lane, mark: emptyPrefix, frames: new Map(), voids: [], forks: new Map() };
    epoch.lanes.set(key.lane, lane);
  }
  return { epoch, lane };
}

/** Down to what changes: frames, voids and marks never do. */
function copyOf(gateways: ReadonlyMap<GatewayId, GatewayRows>): Map<GatewayId, GatewayRows> {
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

function newEpochRows(): EpochRows {
  return {
    rank: undefined,
    parent: undefined,
    startedUs: 0,
    complete: undefined,
    ended: false,
    fenced: false,
    lanes: new Map(),
    entries: new Map(),
  };
}

function isAsked(line: EventLine, asked: EventsAsked): boolean {
  const { kind, asset, subject, fromUs = -Infinity, toUs = Infinity } = asked;
  return (
    (kind === undefined || line.kind === eventKinds[kind]) &&
    (asset === undefined || line.asset === asset) &&
    (subject === undefined || line.subject === subject) &&
    line.atUs >= fromUs &&
    line.atUs <= toUs
  );
}

function newestFirst(a: HubEvent, b: HubEvent): number {
  return b.line.atUs - a.line.atUs || b.id - a.id;
}

function comesAfter({ id, line }: HubEvent, after: NonNullable<EventsAsked["after"]>): boolean {
  return line.atUs < after.atUs || (line.atUs === after.atUs && id < after.id);
}

function forksOf({ forks }: LaneRows): readonly FrameRow[] {
  return [...forks.values()].filter((row) => row !== undefined);
}

function knownEpochs(rows: GatewayRows): readonly KnownEpoch[] {
  return [...rows.epochs].map(([epoch, row]) => {
    if (row.complete !== undefined) row.complete = advance(row.complete, [], reachedIn(row));
    const { rank, parent, startedUs, ended, fenced } = row;
    const completeUs = row.complete?.upToUs;
    const heard = newestIn(row);
    const steps = stepsIn(row);
    return { epoch, rank, parent, startedUs, completeUs, ended, fenced, heard, steps };
  });
}

/** Moves of the clock that it has told since it was complete. */
function stepsIn({ lanes, complete }: EpochRows): readonly ClockStep[] {
  const frames = [...(lanes.get("critical")?.frames.values() ?? [])].map(({ frame }) => frame);
  return frames
    .filter(({ seq }) => seq > (complete?.criticalSeq ?? 0))
    .flatMap(({ head, clock }) => (clock === undefined ? [] : (stepTold(head, clock) ?? [])));
}

/** What its clock said in the newest frame that has come of it. */
function newestIn({ lanes }: EpochRows): ClockHeard | undefined {
  const newest = [...lanes.values()].flatMap(
    ({ frames }) => frames.get(Math.max(...frames.keys())) ?? [],
  );
  const last = newest.toSorted((a, b) => a.receivedUs - b.receivedUs).at(-1);
  return last === undefined
    ? undefined
    : { saidUs: last.frame.head.sealedUs, atUs: last.receivedUs };
}

function keepMeeting(rows: GatewayRows, hello: Hello, met: Meeting): void {
  const rowOf = (epoch: Epoch): EpochRows => {
    const row = rows.epochs.get(epoch) ?? newEpochRows();
    rows.epochs.set(epoch, row);
    return row;
  };
  for (const [epoch, upToUs] of met.covered) {
    const row = rowOf(epoch);
    const criticalSeq = row.lanes.get("critical")?.mark.seq ?? 0;
    row.complete = { upToUs, criticalSeq, waiting: row.complete?.waiting ?? [] };
  }
  const birth = hello.journal?.epoch ?? hello.epochs[0]?.epoch;
  if (birth !== undefined) {
    for (const claim of met.claims) rowOf(birth).entries.set(JSON.stringify(claim), claim);
  }
  for (const { epoch, parent, startedUs } of hello.epochs) {
    const row = rowOf(epoch);
    row.rank ??= met.ranks.get(epoch);
    row.parent = parent;
    row.startedUs = startedUs;
    const beginUs = met.begins.get(epoch);
    if (beginUs !== undefined) row.complete = { upToUs: beginUs, criticalSeq: 0, waiting: [] };
  }
  for (const epoch of met.ended) rowOf(epoch).ended = true;
  const own = hello.epochs.at(-1)?.epoch;
  if (met.fenced && own !== undefined) rowOf(own).fenced = true;
  rows.running = met.running;
}

function reachedIn(row: EpochRows): readonly { lane: RoadLane; storedSeq: number }[] {
  return [...row.lanes.values()].map(({ lane, mark }) => ({ lane, storedSeq: mark.seq }));
}

/** Does this frame or void lie in the prefix? The beginning of a lane always does. */
function holds(rows: GatewayRows, { epoch, lane, seq, chain }: AskedHead): boolean {
  if (seq === 0) return true;
  const row = rows.epochs.get(epoch)?.lanes.get(lane);
  if (row === undefined || row.mark.seq < seq) return false;
  const has = row.voids.some(({ toSeq, chainAt }) => toSeq === seq && chainAt === chain);
  return row.frames.get(seq)?.frame.chain === chain || has;
}

function marksOf(rows: GatewayRows): readonly LaneMark[] {
  const epochs = [...rows.epochs].toSorted(
    ([, a], [, b]) => (a.rank ?? unrankedEpoch) - (b.rank ?? unrankedEpoch),
  );
  return epochs.flatMap(([epoch, { lanes }]) =>
    [...lanes.values()].map(({ lane, mark }) => laneMarkOf({ epoch, lane }, mark)),
  );
}

function toStored(
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

function sameMark(a: PrefixMark, b: PrefixMark): boolean {
  return a.seq === b.seq && a.frameSamples === b.frameSamples && a.voidSamples === b.voidSamples;
}
