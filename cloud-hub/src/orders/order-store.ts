/** Orders as rows. No decisions are made here. */
import type {
  GatewayId,
  OrderReport,
  OrderSource,
  Resolution,
  TagId,
} from "@millwright/wire-contract";
import type pg from "pg";

import { concerning, toEntry, type EntryRow } from "../database/rows.ts";
import { inTransaction } from "../database/transaction.ts";
import type { OrderComparison, OrderKind, OrderOutcome } from "../order-views.ts";
import type { RepairedClaim } from "./charges.ts";
import type { ClaimedRange, Credit } from "./claims.ts";

/** What was stored of each claimed part of the range before the answer came. */
export interface Counted {
  readonly ranges: readonly ClaimedRange[];
  readonly before: readonly number[];
}

export interface OrderRow {
  readonly id: number;
  readonly gateway: GatewayId;
  readonly kind: OrderKind;
  readonly tags: readonly TagId[];
  readonly fromUs: number;
  readonly toUs: number;
  readonly resolution: Resolution;
  readonly source: OrderSource;
  readonly bytesPerSMax: number;
  readonly askedUs: number;
  readonly counted?: Counted;
  readonly report?: OrderReport;
  readonly outcome?: OrderOutcome;
  readonly endedUs?: number;
  readonly comparison?: OrderComparison;
  readonly healed: number;
}

interface Row {
  readonly id: bigint;
  readonly gateway: GatewayId;
  readonly kind: OrderKind;
  readonly tags: TagId[];
  readonly from_us: bigint;
  readonly to_us: bigint;
  readonly resolution: Resolution;
  readonly source: OrderSource;
  readonly bytes_per_s_max: number;
  readonly asked_us: bigint;
  readonly counted: Counted | null;
  readonly report: OrderReport | null;
  readonly outcome: OrderOutcome | null;
  readonly ended_us: bigint | null;
  readonly comparison: OrderComparison | null;
  readonly healed: bigint;
}

interface RepairedRow extends EntryRow {
  readonly epoch_no: number;
  readonly repaired: bigint;
}

const repairedOf = `coalesce((select sum(r.samples) from repaired r
  where r.epoch_no = l.epoch_no and r.number = l.number), 0)::bigint as repaired`;

/** Listed of a gateway: what a person looks through. */
const listedMax = 100;
/** Claims of a range that are credited apart: an hour each of more than a month. */
const claimsMax = 1_000;

const columns = `o.*, coalesce((select sum(r.samples) from repaired r where r.order_id = o.id), 0)::bigint as healed`;

export class OrderStore {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async add(order: Omit<OrderRow, "healed">): Promise<void> {
    if (!(await this.addOnce(order))) throw new Error(`order ${order.id} is there already`);
  }

  /** One whose number says what it is about. @returns false when it was there already, over or not */
  async addOnce(order: Omit<OrderRow, "healed">): Promise<boolean> {
    const { id, gateway, kind, tags, fromUs, toUs, bytesPerSMax, askedUs, resolution, source } =
      order;
    const added = await this.#pool.query(
      `insert into orders (id, gateway, kind, tags, from_us, to_us, bytes_per_s_max, asked_us, resolution, source)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (id) do nothing`,
      [id, gateway, kind, tags, fromUs, toUs, bytesPerSMax, askedUs, resolution, source],
    );
    return (added.rowCount ?? 0) > 0;
  }

  /** All that are not over, the oldest first. */
  async open(): Promise<readonly OrderRow[]> {
    const found = await this.#pool.query<Row>(
      `select ${columns} from orders o where outcome is null order by asked_us, id`,
    );
    return found.rows.map(toOrder);
  }

  /** The newest first. */
  async list(gateway: string, kind: OrderKind): Promise<readonly OrderRow[]> {
    const found = await this.#pool.query<Row>(
      `select ${columns} from orders o where gateway = $1 and kind = $2 order by asked_us desc, id limit ${listedMax}`,
      [gateway, kind],
    );
    return found.rows.map(toOrder);
  }

  async count(id: number, counted: Counted): Promise<void> {
    await this.#pool.query(
      "update orders set counted = $2 where id = $1 and counted is null and outcome is null",
      [id, JSON.stringify(counted)],
    );
  }

  async keepReport(id: number, report: OrderReport): Promise<void> {
    await this.#pool.query("update orders set report = $2 where id = $1 and outcome is null", [
      id,
      JSON.stringify(report),
    ]);
  }

  /** @returns whether it was open, of this gateway and kind */
  async end(
    id: number,
    outcome: OrderOutcome,
    atUs: number,
    of?: { readonly gateway: string; readonly kind: OrderKind },
  ): Promise<boolean> {
    const ended = await this.#pool.query(
      `update orders set outcome = $2, ended_us = $3 where id = $1 and outcome is null
       and ($4::text is null or (gateway = $4 and kind = $5))`,
      [id, outcome, Math.round(atUs), of?.gateway ?? null, of?.kind ?? null],
    );
    return (ended.rowCount ?? 0) > 0;
  }

  /** The order is done; what it healed and that it is over are one transaction. */
  async finish(
    id: number,
    comparison: OrderComparison,
    credits: readonly Credit[],
    atUs: number,
  ): Promise<void> {
    await inTransaction(this.#pool, async (client) => {
      const ended = await client.query(
        `update orders set outcome = 'done', ended_us = $3, comparison = $2 where id = $1 and outcome is null`,
        [id, JSON.stringify(comparison), Math.round(atUs)],
      );
      // Another hub has done it meanwhile.
      if (ended.rowCount === 0) return;
      await client.query(
        `insert into repaired (epoch_no, number, order_id, samples)
         select k.epoch_no, k.number, $1, k.samples
         from unnest($2::int[], $3::bigint[], $4::bigint[]) k (epoch_no, number, samples)`,
        [
          id,
          credits.map(({ epochNo }) => epochNo),
          credits.map(({ number }) => number),
          credits.map(({ samples }) => samples),
        ],
      );
    });
  }

  /** Claims of a gateway that concern these tags or devices and touch a range, by their beginning; at most the newest thousand. */
  async claims(
    gateway: string,
    fromUs: number,
    toUs: number,
    { tags, devices }: { readonly tags: readonly string[]; readonly devices: readonly string[] },
  ): Promise<readonly RepairedClaim[]> {
    const found = await this.#pool.query<RepairedRow>(
      `select l.*, ${repairedOf}
       from ledger_entries l join epochs e on e.no = l.epoch_no
       where e.gateway = $1 and l.to_us >= $2 and l.from_us < $3 and ${concerning("$4", "$5")}
       order by l.from_us desc, l.number desc limit ${claimsMax}`,
      [gateway, Math.floor(fromUs), Math.ceil(toUs), tags, devices],
    );
    return found.rows.toReversed().map(toRepairedClaim);
  }

  /** All claims of a gateway that touch a range, in pages; within an epoch the oldest first. */
  async *claimPages(
    gateway: string,
    fromUs: number,
    toUs: number,
  ): AsyncIterable<readonly RepairedClaim[]> {
    const epochs = await this.#pool.query<{ no: number }>(
      "select no from epochs where gateway = $1 order by no",
      [gateway],
    );
    for (const { no } of epochs.rows) {
      let after = -1n;
      for (;;) {
        const found = await this.#pool.query<RepairedRow>(
          // Of one number there may be several: a page ends with all of its last one.
          `select l.*, ${repairedOf} from ledger_entries l
           where l.epoch_no = $1 and l.number > $2 and l.to_us >= $3 and l.from_us < $4
           order by l.number fetch first ${claimsMax} rows with ties`,
          [no, after, Math.floor(fromUs), Math.ceil(toUs)],
        );
        const last = found.rows.at(-1);
        if (last === undefined) break;
        yield found.rows.map(toRepairedClaim);
        after = last.number;
      }
    }
  }
}

function toRepairedClaim(row: RepairedRow): RepairedClaim {
  return { ...toEntry(row), epochNo: row.epoch_no, repaired: Number(row.repaired) };
}

function toOrder(row: Row): OrderRow {
  return {
    id: Number(row.id),
    gateway: row.gateway,
    kind: row.kind,
    tags: row.tags,
    fromUs: Number(row.from_us),
    toUs: Number(row.to_us),
    resolution: row.resolution,
    source: row.source,
    bytesPerSMax: row.bytes_per_s_max,
    askedUs: Number(row.asked_us),
    healed: Number(row.healed),
    ...(row.counted === null ? {} : { counted: row.counted }),
    ...(row.report === null ? {} : { report: row.report }),
    ...(row.outcome === null ? {} : { outcome: row.outcome }),
    ...(row.ended_us === null ? {} : { endedUs: Number(row.ended_us) }),
    ...(row.comparison === null ? {} : { comparison: row.comparison }),
  };
}
