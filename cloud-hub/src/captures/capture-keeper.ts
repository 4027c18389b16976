/**
 * Puts captures together from their pieces, checks their SHA-256, and only then says that they are safe: a gateway lets
 * nothing go that this hub has not read whole. Also lists them.
 */
import { createHash } from "node:crypto";

import { messageChain, type Clock, type Log, type Service } from "@millwright/kit";
import {
  decodeCapture,
  decodePiece,
  encodeCapture,
  parseFrame,
  type CapturePoint,
  type CaptureRecord,
  type CaptureView,
  type Epoch,
  type FrameHead,
  type GatewayId,
  type LaneMark,
} from "@millwright/wire-contract";
import type pg from "pg";

import { mayBeHeld } from "../database/held-epochs.ts";
import { poolConnections } from "../database/connections.ts";
import { openPool } from "../database/pool.ts";
import { inTransaction } from "../database/transaction.ts";
import type { SecondPlace } from "../hand-over.ts";
import { CaptureFiles } from "./capture-files.ts";
import {
  askAgain,
  framesOf,
  lanesToAssemble,
  noteDone,
  type CaptureLane,
} from "./capture-lanes.ts";
import { CaptureRetention } from "./capture-retention.ts";

export interface CaptureKeeperOptions {
  readonly databaseUrl: string;
  readonly folder: string;
  /** Where a second copy of each file is. */
  readonly second?: SecondPlace | undefined;
  /** Days that captures are kept. */
  readonly keepDays: number;
  readonly clock: Clock;
  readonly log: Log;
  /** For the test that shows what unread bytes would be worth. */
  readonly trustUnread?: boolean;
}

export interface CaptureQuery {
  readonly tag: string;
  readonly asset: string;
  readonly fromUs: number;
  readonly toUs: number;
  readonly max: number;
}

/** A capture is a minute old at most when it is on the page; a hub that has none asks the database nothing else. */
const lookEveryMs = 1_000;
const retainEveryMs = 600_000;
/** 8 MiB of pieces are in memory at a time. */
const framesAtOnce = 64;

/** What was gathered of one capture. */
class Gathering {
  readonly #chunks: Uint8Array[] = [];
  readonly sha256: string;
  length = 0;

  constructor(sha256: string) {
    this.sha256 = sha256;
  }

  add(data: Uint8Array): void {
    this.#chunks.push(data);
    this.length += data.length;
  }

  get bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }
}

export class CaptureKeeper implements Service {
  readonly name = "captures";
  readonly broken: Promise<never> = new Promise<never>(() => undefined);
  readonly #options: CaptureKeeperOptions;
  readonly #pool: pg.Pool;
  readonly #files: CaptureFiles;
  readonly #retention: CaptureRetention;
  readonly #stopping = new AbortController();
  /** By gateway and epoch: what was copied to begin another gateway has the epochs of the first. */
  readonly #safe = new Map<string, number>();
  /** Of which a mark was asked and nothing was known: one that had ended is named again by a gateway that was put back. */
  readonly #unknown = new Map<string, EpochOfGateway>();
  readonly #points = new Map<GatewayId, Map<string, CapturePoint>>();
  /** Asked for a second time; what then is still not whole never will be. */
  readonly #asked = new Set<string>();
  #retainedMs = -Infinity;
  #troubled = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: CaptureKeeperOptions) {
    this.#options = options;
    const { databaseUrl: url, log } = options;
    this.#pool = openPool({
      url,
      connectionsMax: poolConnections.captures,
      statementMs: 60_000,
      log,
    });
    this.#files = new CaptureFiles(options.folder, options.second);
    const { keepDays, clock } = options;
    this.#retention = new CaptureRetention({
      pool: this.#pool,
      files: this.#files,
      keepDays,
      clock,
      log,
    });
  }

  async start(): Promise<void> {
    await this.reload();
    this.#running = this.#work(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#pool.end();
  }

  /** In the capture lane only what was read whole is safe. */
  lower(gateway: GatewayId, mark: LaneMark): LaneMark {
    if (mark.lane !== "capture") return mark;
    const { epoch } = mark;
    const key = keyOf({ gateway, epoch });
    const known = this.#safe.get(key);
    if (known === undefined) this.#unknown.set(key, { gateway, epoch });
    const doneSeq = known ?? 0;
    return mark.safeSeq <= doneSeq ? mark : { ...mark, safeSeq: doneSeq };
  }

  async reload(): Promise<void> {
    this.#safe.clear();
    await this.#readSafe(mayBeHeld, []);
    const points = await this.#pool.query<{ gateway: GatewayId; record: Buffer }>(
      "select distinct on (gateway, tag) gateway, record from captures order by gateway, tag, start_us desc",
    );
    this.#points.clear();
    for (const { gateway, record } of points.rows) {
      const read = decodeCapture(record);
      if (!("kind" in read)) this.#notePoint(gateway, read);
    }
  }

  async #readSafe(where: string, values: readonly unknown[]): Promise<void> {
    const done = await this.#pool.query<EpochOfGateway & { readonly seq: bigint }>(
      `select e.gateway, e.epoch, c.seq from capture_marks c join epochs e on e.no = c.epoch_no where ${where}`,
      [...values],
    );
    for (const row of done.rows) this.#safe.set(keyOf(row), Number(row.seq));
  }

  /** Gateways are told their marks again and again: the next time what is safe of these is among them. */
  async #readUnknown(): Promise<void> {
    if (this.#unknown.size === 0) return;
    const asked = [...this.#unknown];
    await this.#readSafe("(e.gateway, e.epoch) in (select * from unnest($1::text[], $2::text[]))", [
      asked.map(([, { gateway }]) => gateway),
      asked.map(([, { epoch }]) => epoch),
    ]);
    for (const [key] of asked) {
      // Nothing of it is safe yet, and it need not be looked for again: what is put together is noted.
      if (!this.#safe.has(key)) this.#safe.set(key, 0);
      this.#unknown.delete(key);
    }
  }

  /** What this gateway has captured, for its page. */
  points(gateway: string): readonly CapturePoint[] {
    return [...(this.#points.get(gateway as GatewayId)?.values() ?? [])];
  }

  /** The newest first. */
  async list(gateway: string, query: CaptureQuery): Promise<readonly CaptureView[]> {
    const { tag, asset, fromUs, toUs, max } = query;
    const found = await this.#pool.query<{ record: Buffer }>(
      `select record from captures where gateway = $1 and state = 'stored' and ($2 = '' or tag = $2)
         and ($3 = '' or asset = $3) and start_us between $4 and $5 order by start_us desc, id desc limit $6`,
      [gateway, tag, asset, Math.floor(fromUs), Math.ceil(toUs), max],
    );
    return found.rows.flatMap(({ record }) => {
      const read = decodeCapture(record);
      return "kind" in read ? [] : [{ ...read, atHub: true }];
    });
  }

  /** Where the bytes of a capture of this gateway lie. */
  async file(gateway: string, sha256: string): Promise<string | undefined> {
    const found = await this.#pool.query(
      "select from captures where gateway = $1 and sha256 = $2 and state = 'stored' limit 1",
      [gateway, sha256],
    );
    return found.rows.length === 0 ? undefined : this.#files.whole(sha256);
  }

  /** Puts together what can be. Each capture is a transaction: what a kill leaves is done the next time. */
  async assembleDue(): Promise<void> {
    for (const lane of await lanesToAssemble(this.#pool)) await this.#assemble(lane);
  }

  /** What is due for those that are stored. */
  retain(): Promise<void> {
    return this.#retention.run();
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!hasAborted(signal)) {
      try {
        await this.#readUnknown();
        await this.assembleDue();
        if (clock.monotonicMs() - this.#retainedMs >= retainEveryMs) {
          this.#retainedMs = clock.monotonicMs();
          await this.#retention.run();
        }
        if (this.#troubled) log.info("captures.assembled-again", {});
        this.#troubled = false;
      } catch (failure) {
        if (!this.#troubled) log.error("captures.not-assembled", { reason: messageChain(failure) });
        this.#troubled = true;
      }
      await clock.sleep(lookEveryMs, signal).catch(() => undefined);
    }
  }

  async #assemble(lane: CaptureLane): Promise<void> {
    let afterSeq = lane.doneSeq;
    let gathering: Gathering | undefined;
    for (;;) {
      const rows = await framesOf(this.#pool, lane, afterSeq, framesAtOnce);
      if (rows.length === 0) return;
      for (const { seq, bytes } of rows) {
        afterSeq = seq;
        const parsed = parseFrame(bytes);
        // A disk that changed a byte is found by the SHA-256 of the whole.
        if (parsed.kind === "corrupt") continue;
        if (parsed.head.content === "piece") {
          const piece = decodePiece(parsed.body);
          if ("kind" in piece) continue;
          if (piece.at === 0) gathering = new Gathering(piece.sha256);
          if (gathering?.sha256 === piece.sha256 && gathering.length === piece.at) {
            gathering.add(piece.data);
          }
        } else if (parsed.head.content === "capture") {
          const record = decodeCapture(parsed.body);
          if ("kind" in record) continue;
          if (!(await this.#finish(lane, parsed.head, record, gathering))) return;
          gathering = undefined;
        }
      }
    }
  }

  /** False when what came was asked for again. */
  async #finish(
    lane: CaptureLane,
    head: FrameHead,
    record: CaptureRecord,
    gathering: Gathering | undefined,
  ): Promise<boolean> {
    const { log } = this.#options;
    const bytes = gathering?.sha256 === record.sha256 ? gathering.bytes : new Uint8Array(0);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const whole = sha256 === record.sha256 || this.#options.trustUnread === true;
    const key = `${keyOf(lane)}/${head.seq}`;
    const { gateway } = lane;
    const { tag } = record;
    if (!whole && !this.#asked.has(key)) {
      this.#asked.add(key);
      log.warn("captures.asked-again", { gateway, tag, listed: record.sha256, found: sha256 });
      await askAgain(this.#pool, lane);
      return false;
    }
    if (whole) await this.#files.keep(record.sha256, bytes);
    else log.error("captures.damaged", { gateway, tag, listed: record.sha256, found: sha256 });
    await inTransaction(this.#pool, async (client) => {
      await client.query(
        `insert into captures (gateway, tag, asset, start_us, sha256, byte_count, state, record, stored_us)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`,
        [
          gateway,
          tag,
          record.asset,
          record.startUs,
          record.sha256,
          record.byteCount,
          whole ? "stored" : "damaged",
          Buffer.from(encodeCapture(record)),
          Math.round(this.#options.clock.nowUs()),
        ],
      );
      await noteDone(client, lane.epochNo, head);
    });
    this.#asked.delete(key);
    this.#safe.set(keyOf(lane), head.seq);
    this.#notePoint(gateway, record);
    return true;
  }

  #notePoint(gateway: GatewayId, { tag, name, asset }: CaptureRecord): void {
    const points = this.#points.get(gateway) ?? new Map<string, CapturePoint>();
    points.set(tag, { tag, name, asset });
    this.#points.set(gateway, points);
  }
}

interface EpochOfGateway {
  readonly gateway: GatewayId;
  readonly epoch: Epoch;
}

function keyOf({ gateway, epoch }: EpochOfGateway): string {
  return `${gateway}/${epoch}`;
}

/** A call, because a compiler that has seen `aborted` false once believes that it stays so across a wait. */
function hasAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
