/** The reading side of the store in PostgreSQL. */
import {
  lossReasons,
  parseFrame,
  readDictionary,
  type Beat,
  type ClockRecord,
  type Dictionary,
  type Epoch,
  type GatewayId,
  type Hello,
  type LedgerEntry,
} from "@millwright/wire-contract";
import type pg from "pg";

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
import { readClocks } from "../database/clock-rows.ts";
import { readAlarms, readEvents } from "../database/event-rows.ts";
import { framesOfRow, holdsSamples } from "../database/frame-runs.ts";
import { concerning, fromColumn, toColumn, toEntry, type EntryRow } from "../database/rows.ts";

export class PostgresReader implements FrameReader {
  protected readonly pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.pool = pool;
  }

  gateways(named?: readonly GatewayId[]): Promise<readonly KnownGateway[]> {
    return named === undefined
      ? this.#known("true", [])
      : this.#known("g.gateway = any($1::text[])", [named]);
  }

  async gateway(gateway: GatewayId): Promise<KnownGateway | undefined> {
    const [known] = await this.#known("g.gateway = $1", [gateway]);
    return known;
  }

  async dictionary(gateway: GatewayId, hash: bigint): Promise<Dictionary | undefined> {
    const found = await this.pool.query<{ body: Buffer }>(
      "select body from dictionaries where gateway = $1 and hash = $2",
      [gateway, toColumn(hash)],
    );
    return toDictionary(found.rows[0]?.body);
  }

  async newestDictionary(gateway: GatewayId): Promise<Dictionary | undefined> {
    const hash = (await this.newestDictionaries([gateway])).get(gateway);
    return hash === undefined ? undefined : this.dictionary(gateway, hash);
  }

  async newestDictionaries(
    gateways: readonly GatewayId[],
  ): Promise<ReadonlyMap<GatewayId, bigint>> {
    const found = await this.pool.query<{ gateway: GatewayId; hash: bigint }>(
      `select distinct on (gateway) gateway, dictionary as hash
       from epochs where gateway = any($1::text[]) and dictionary is not null
       order by gateway, coalesce(rank, ${unrankedEpoch}) desc, no desc`,
      [gateways],
    );
    return new Map(found.rows.map(({ gateway, hash }) => [gateway, fromColumn(hash)]));
  }

  events(asked: EventsAsked): Promise<readonly HubEvent[]> {
    return readEvents(this.pool, asked);
  }

  alarms(max: number, gateway?: string): Promise<readonly HubEvent[]> {
    return readAlarms(this.pool, max, gateway);
  }

  async samplesBetween(
    gateway: GatewayId,
    fromUs: number,
    toUs: number,
    framesMax: number,
  ): Promise<readonly StoredFrame[]> {
    const [from, to] = [Math.floor(fromUs), Math.ceil(toUs)];
    const frames = await this.#frames(
      `e.gateway = $1 and f.last_us >= $2 and f.first_us <= $3
       order by coalesce(e.rank, ${unrankedEpoch}) desc, f.sealed_us desc, f.seq desc limit $4`,
      [gateway, from, to, framesMax],
    );
    // Others of their run may lie outside.
    return frames
      .filter(({ head }) => head.lastUs >= from && head.firstUs <= to)
      .slice(0, framesMax)
      .toReversed();
  }

  async newestSamples(
    gateway: GatewayId,
    sinceUs: number,
    framesMax: number,
  ): Promise<readonly StoredFrame[]> {
    // Within a lane a later number came later, but for repeats: the newest of each lane hold the newest of all.
    const frames = await this.#frames(
      "e.gateway = $1 order by f.received_us desc, f.seq desc limit $3",
      [gateway, Math.floor(sinceUs), framesMax],
      `epochs e join marks m on m.epoch_no = e.no cross join lateral (
         select * from frames f where f.epoch_no = m.epoch_no and f.lane = m.lane and ${holdsSamples}
         and f.received_us > $2 order by f.seq desc limit $3) f`,
    );
    return frames.slice(0, framesMax);
  }

  async entriesBetween(
    gateway: GatewayId,
    fromUs: number,
    toUs: number,
    entriesMax: number,
    of?: EntriesOf,
  ): Promise<readonly LedgerEntry[]> {
    const asked = [gateway, Math.floor(fromUs), Math.ceil(toUs), entriesMax];
    const reasons = of?.reasons.map((reason) => lossReasons[reason]);
    // Chosen before they are counted: a thousand entries of other tags must not hide one of these.
    const chosen =
      of === undefined ? "" : `and ${concerning("$5", "$6")} and l.reason = any($7::int[])`;
    const found = await this.pool.query<EntryRow>(
      `select l.* from ledger_entries l join epochs e on e.no = l.epoch_no
       where e.gateway = $1 and l.to_us >= $2 and l.from_us <= $3 ${chosen}
       order by l.from_us desc, l.to_us desc, l.number desc limit $4`,
      of === undefined ? asked : [...asked, of.tags, of.devices, reasons],
    );
    return found.rows.map(toEntry).toReversed();
  }

  clockRecords(
    gateway: GatewayId,
    fromUs: number,
    toUs: number,
    recordsMax: number,
  ): Promise<readonly ClockRecord[]> {
    return readClocks(this.pool, gateway, fromUs, toUs, recordsMax);
  }

  async quarantine(rowsMax: number): Promise<readonly QuarantineRow[]> {
    const found = await this.pool.query<{
      gateway: string;
      epoch: Epoch | null;
      reason: string;
      received_us: bigint;
      byte_count: bigint;
    }>(
      "select gateway, epoch, reason, received_us, byte_count from quarantine order by id desc limit $1",
      [rowsMax],
    );
    return found.rows.map((row) => ({
      gateway: row.gateway,
      ...(row.epoch === null ? {} : { epoch: row.epoch }),
      reason: row.reason,
      receivedUs: Number(row.received_us),
      bytes: Number(row.byte_count),
    }));
  }

  /** In the order of their rows; those of a run from the last to the first, as both orders want it. */
  async #frames(
    where: string,
    values: readonly unknown[],
    from = "frames f join epochs e on e.no = f.epoch_no",
  ): Promise<StoredFrame[]> {
    const found = await this.pool.query<{
      rank: number | null;
      bytes: Buffer;
      run_from: bigint | null;
    }>(`select e.rank, f.bytes, f.run_from from ${from} where ${holdsSamples} and ${where}`, [
      ...values,
    ]);
    return found.rows.flatMap((row) =>
      framesOfRow(row.bytes, row.run_from)
        .flatMap((bytes) => {
          // Checked by its CRC once more: a disk that changed a byte must not draw a line.
          const parsed = parseFrame(bytes);
          return parsed.kind === "frame"
            ? [{ head: parsed.head, body: parsed.body, epochRank: row.rank ?? unrankedEpoch }]
            : [];
        })
        .toReversed(),
    );
  }

  async #known(where: string, values: readonly unknown[]): Promise<readonly KnownGateway[]> {
    const found = await this.pool.query<{
      gateway: GatewayId;
      hello: Hello | null;
      hello_us: bigint;
      beat: Beat | null;
      beat_us: bigint;
      quarantined: bigint;
    }>(
      `select g.*, (select count(*) from quarantine q where q.gateway = g.gateway) as quarantined
       from gateways g where ${where} order by g.gateway`,
      [...values],
    );
    const sums = await this.pool.query<{
      gateway: GatewayId;
      announced: bigint;
      stored: bigint;
      voided: bigint;
      unexplained: bigint;
    }>(
      `select e.gateway, sum(m.cum)::bigint as announced, sum(m.frame_samples)::bigint as stored,
         sum(m.void_samples)::bigint as voided,
         sum(abs(m.cum - m.frame_samples - m.void_samples))::bigint as unexplained
       from gateways g join epochs e using (gateway) join marks m on m.epoch_no = e.no where ${where} group by e.gateway`,
      [...values],
    );
    const balances = new Map(
      sums.rows.map((row): [GatewayId, SampleBalance] => [
        row.gateway,
        {
          announced: Number(row.announced),
          stored: Number(row.stored),
          voided: Number(row.voided),
          unexplained: Number(row.unexplained),
        },
      ]),
    );
    return found.rows.map((row) => ({
      gateway: row.gateway,
      ...(row.hello === null ? {} : { hello: row.hello }),
      helloUs: Number(row.hello_us),
      ...(row.beat === null ? {} : { lastBeat: row.beat }),
      lastBeatUs: Number(row.beat_us),
      quarantined: Number(row.quarantined),
      balance: balances.get(row.gateway) ?? nothingBalanced,
    }));
  }
}

function toDictionary(body: Uint8Array | undefined): Dictionary | undefined {
  if (body === undefined) return undefined;
  const dictionary = readDictionary(body);
  return "kind" in dictionary ? undefined : dictionary;
}
