/** The reading side of the store in memory. */
import type { ClockRecord, Dictionary, GatewayId, LedgerEntry } from "@millwright/wire-contract";
import { eventKinds, type EventLine } from "@millwright/wire-contract/events";

import { newestAlarms } from "../database/event-rows.ts";
import {
  nothingBalanced,
  unrankedEpoch,
  type EntriesOf,
  type EventsAsked,
  type FrameReader,
  type HubEvent,
  type KnownGateway,
  type QuarantineRow,
  type SampleBalance,
  type StoredFrame,
} from "../hand-over.ts";
import { forksOf, toStored, type GatewayRows, type MemoryRows } from "./memory-rows.ts";

export class MemoryReader implements FrameReader {
  protected readonly rows: MemoryRows;

  constructor(rows: MemoryRows) {
    this.rows = rows;
  }

  gateways(named?: readonly GatewayId[]): Promise<readonly KnownGateway[]> {
    const ids = [...(named ?? this.rows.gateways.keys())].toSorted();
    return Promise.resolve(ids.flatMap((id) => this.#known(id) ?? []));
  }

  gateway(gateway: GatewayId): Promise<KnownGateway | undefined> {
    return Promise.resolve(this.#known(gateway));
  }

  dictionary(gateway: GatewayId, hash: bigint): Promise<Dictionary | undefined> {
    return Promise.resolve(this.rows.gateways.get(gateway)?.dictionaries.get(hash));
  }

  newestDictionary(gateway: GatewayId): Promise<Dictionary | undefined> {
    return Promise.resolve(this.#newestDictionary(gateway));
  }

  newestDictionaries(gateways: readonly GatewayId[]): Promise<ReadonlyMap<GatewayId, bigint>> {
    const hashes = new Map<GatewayId, bigint>();
    for (const gateway of gateways) {
      const newest = this.#newestDictionary(gateway);
      if (newest !== undefined) hashes.set(gateway, newest.hash);
    }
    return Promise.resolve(hashes);
  }

  #newestDictionary(gateway: GatewayId): Dictionary | undefined {
    const rows = this.rows.gateways.get(gateway);
    if (rows === undefined) return undefined;
    // Those that came last first, as long as no hello has ranked them.
    const newest = [...rows.epochs.values()]
      .toReversed()
      .filter(({ dictionary }) => dictionary !== undefined)
      .toSorted((a, b) => (b.rank ?? unrankedEpoch) - (a.rank ?? unrankedEpoch))
      .at(0);
    return newest?.dictionary && rows.dictionaries.get(newest.dictionary.hash);
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
    of?: EntriesOf,
  ): Promise<readonly LedgerEntry[]> {
    const entries = [...(this.rows.gateways.get(gateway)?.epochs.values() ?? [])]
      .flatMap((epoch) => [...epoch.entries.values()])
      .filter((entry) => entry.toUs >= fromUs && entry.fromUs <= toUs)
      .filter((entry) => of === undefined || isOf(entry, of))
      .toSorted((a, b) => a.fromUs - b.fromUs);
    return Promise.resolve(entries.slice(Math.max(0, entries.length - entriesMax)));
  }

  clockRecords(
    gateway: GatewayId,
    fromUs: number,
    toUs: number,
    recordsMax: number,
  ): Promise<readonly ClockRecord[]> {
    const epochs = [...(this.rows.gateways.get(gateway)?.epochs.values() ?? [])];
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
    const found = [...this.rows.gateways.values()]
      .flatMap(({ events }) => [...events.values()])
      .filter(({ gateway, line }) => (gateways?.includes(gateway) ?? true) && isAsked(line, asked))
      .toSorted(newestFirst)
      .filter((event) => after === undefined || comesAfter(event, after));
    return Promise.resolve(found.slice(0, max));
  }

  alarms(max: number, gateway?: string): Promise<readonly HubEvent[]> {
    const newest = [...this.rows.gateways].flatMap(([id, { events }]) => {
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
      this.rows.quarantine
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

  #samples(gateway: GatewayId): readonly (StoredFrame & { readonly receivedUs: number })[] {
    const epochs = [...(this.rows.gateways.get(gateway)?.epochs.values() ?? [])];
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
    const rows = this.rows.gateways.get(gateway);
    if (rows === undefined) return undefined;
    return {
      gateway,
      ...(rows.hello === undefined ? {} : { hello: rows.hello }),
      helloUs: rows.helloUs,
      ...(rows.beat === undefined ? {} : { lastBeat: rows.beat }),
      lastBeatUs: rows.beatUs,
      quarantined: this.rows.quarantine.filter((row) => row.gateway === gateway).length,
      balance: balanceOf(rows),
    };
  }
}

function balanceOf({ epochs }: GatewayRows): SampleBalance {
  let { announced, stored, voided, unexplained } = nothingBalanced;
  for (const { lanes } of epochs.values()) {
    for (const { mark } of lanes.values()) {
      announced += mark.cum;
      stored += mark.frameSamples;
      voided += mark.voidSamples;
      unexplained += Math.abs(mark.cum - mark.frameSamples - mark.voidSamples);
    }
  }
  return { announced, stored, voided, unexplained };
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

function isOf({ scope, reason }: LedgerEntry, of: EntriesOf): boolean {
  if (!of.reasons.includes(reason)) return false;
  if (scope.kind === "gateway") return true;
  return scope.kind === "tag" ? of.tags.includes(scope.tag) : of.devices.includes(scope.device);
}
