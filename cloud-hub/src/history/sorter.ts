/**
 * Sorts stored frames by tag: samples of one tag become chunks, chunks become minutes and hours. A pass is one
 * transaction over a part of what waits, so a kill costs a pass that is done again, and nothing is done twice.
 */
import type { Clock, Log } from "@millwright/kit";
import { ruleOf } from "@millwright/aggregates";
import {
  decodeSamples,
  SampleScratch,
  type Dictionary,
  type FrameHead,
  type GatewayId,
  type LedgerEntry,
} from "@millwright/wire-contract";
import type pg from "pg";

import { toEntry, type EntryRow } from "../database/rows.ts";
import { inTransaction } from "../database/transaction.ts";
import { Arrivals } from "./arrivals.ts";
import { daysOfArrived, daysOfMoved, noteChangedDays } from "./changed-days.ts";
import {
  ClockCorrections,
  correctionsToApply,
  learnFromHeads,
  noteApplied,
  readCorrections,
  type ClockCorrection,
} from "./clock-corrections.ts";
import { moveChunks, rangesToMove, recomputeMoved } from "./correct-chunks.ts";
import { HistoryPartitions, type SampleRange } from "./history-partitions.ts";
import { takeTold, type ToldBucketsOfTag } from "./rollups/recompute.ts";
import { readStatement, type ToldStatement } from "./rollups/told-statement.ts";
import { SampleCounts } from "./sample-counts.ts";
import type { ReleasedSamples } from "./sample-reader.ts";
import type { Numbered, SeriesBook } from "./series-book.ts";
import { tryToSort } from "./sorter-lock.ts";
import { allGateways, isOfShare, type SorterShare } from "./sorter-share.ts";
import { backfillUs, hourUs, sortSeries, type ArrivedSeries } from "./sort-series.ts";
import { noForkYet, noteForks, readForks } from "./unsorted-forks.ts";
import {
  chooseParts,
  noFillingYet,
  noteSorted,
  noteUnreadable,
  readFilling,
  readParts,
  type ChosenPart,
  type DamagedFrame,
  type LanePart,
  type LanePlace,
  type UnsortedFrame,
} from "./unsorted-frames.ts";

export interface SorterOptions {
  readonly pool: pg.Pool;
  readonly book: SeriesBook;
  readonly clock: Clock;
  readonly log: Log;
  /** Days before today that have partitions of their own. */
  readonly hotDays: number;
  readonly released?: ReleasedSamples;
  /** Gateways that it sorts. Left out: all. */
  readonly share?: SorterShare;
}

/** What one pass did. In = `stored` + `repeats` (no-loss protocol 7, hub, samples). */
export interface SortedPass {
  readonly frames: number;
  readonly inFrames: number;
  readonly stored: number;
  readonly repeats: number;
  readonly conflicts: number;
}

/** What was done, if anything could be, and the last lane that has had its turn in this round. */
interface Turn {
  readonly pass?: SortedPass;
  readonly behind: LanePlace | undefined;
}

/** Samples of one pass: its columns take some 100 MB, and its transaction some seconds. */
const samplesPerPass = 2_000_000;
/** Series that are read, merged and written together. */
const seriesPerStep = 512;
/** Ledger entries of one gateway that a pass looks at. They merge on the gateway: more are the mark of a defect. */
const entriesMax = 10_000;

/** A frame of minutes or hours that a gateway told. */
interface ToldFrame extends ToldStatement {
  readonly head: FrameHead;
  readonly dictionary: Dictionary;
}

interface RangeOfGateway extends SampleRange {
  readonly gateway: GatewayId;
}

export class Sorter {
  readonly #options: SorterOptions;
  readonly #share: SorterShare;
  readonly #partitions: HistoryPartitions;
  readonly #arrivals = new Arrivals();
  readonly #scratch = new SampleScratch();
  /** The last frame in a void that was looked at. */
  #fillingBehind = noFillingYet;
  /** The last fork that was looked at. */
  #forksBehind = noForkYet;

  constructor(options: SorterOptions) {
    this.#options = options;
    this.#share = options.share ?? allGateways;
    this.#partitions = new HistoryPartitions(options.pool, options.clock, options.hotDays);
  }

  /**
   * One round: every lane has its turn once, until it is sorted as far as it was stored then. Ends before, when another
   * sorter is at work on these gateways or `signal` aborts. What comes behind a turn waits for the next round: frames of a fleet never stop
   * coming, and each visit of a lane writes rows of all its tags anew, for however few samples.
   */
  async sortAll(signal: AbortSignal): Promise<readonly SortedPass[]> {
    const passes: SortedPass[] = [];
    let behind: LanePlace | undefined;
    while (!signal.aborted) {
      const turn = await this.#sort(behind);
      if (turn === undefined) break;
      if (turn.pass !== undefined) passes.push(turn.pass);
      behind = turn.behind;
    }
    return passes;
  }

  readonly #isOurs = (gateway: GatewayId): boolean => isOfShare(this.#share, gateway);

  /** One pass. Undefined when nothing waits that can be sorted, or another sorter is at work on these gateways. */
  async sortSome(): Promise<SortedPass | undefined> {
    return (await this.#sort(undefined))?.pass;
  }

  /** Undefined when the round is over. */
  #sort(behind: LanePlace | undefined): Promise<Turn | undefined> {
    return inTransaction(
      this.#options.pool,
      async (client) => {
        // Frames are on the disk. What a power cut takes of a pass is sorted again, so nobody waits for a disk here; whoever lets
        // go of what is sorted does (retention), and the log is written in order.
        await client.query("set local synchronous_commit = off");
        return (await tryToSort(client, this.#share)) ? this.#pass(client, behind) : undefined;
      },
      // A frame that is stored meanwhile must not be noted as sorted.
      "begin isolation level repeatable read",
    );
  }

  async #pass(client: pg.PoolClient, before: LanePlace | undefined): Promise<Turn | undefined> {
    const chosen = await chooseParts(client, samplesPerPass, before, this.#isOurs);
    const unreadable: DamagedFrame[] = [];
    const noteDamaged = (frame: DamagedFrame): void => {
      const { epochNo, lane, seq } = frame;
      this.#options.log.error("history.frame-damaged", { epochNo, lane, seq });
      unreadable.push(frame);
    };
    const filling = await readFilling(client, noteDamaged, this.#isOurs, this.#fillingBehind);
    this.#fillingBehind = filling.behind;
    const inParts = await readParts(client, chosen, noteDamaged);
    this.#arrivals.clear();
    const { aggregates, parts, filled } = await this.#withDictionaries(
      filling.frames,
      inParts,
      chosen,
      unreadable,
    );
    const statements = await this.#statements(client, aggregates);
    const forks = await this.#takeForks(client);
    const heads = this.#arrivals.frames.map(({ head }) => head);
    await learnFromHeads(client, heads);
    const late = (await correctionsToApply(client)).filter(({ gateway }) => this.#isOurs(gateway));
    const behind = lastBehind(chosen, parts) ?? before;
    const found = [parts, filled, forks, unreadable];
    const idle = found.every((some) => some.length === 0);
    // Lanes that wait for their dictionaries have had their turn: those after them do not wait as well.
    if (idle && late.length === 0) return chosen.length === 0 ? undefined : { behind };
    const gateways = [...new Set(heads.map(({ gateway }) => gateway))];
    const clocks = new ClockCorrections(await readCorrections(client, gateways));
    const arrived = this.#arrivals.finish(clocks);
    await this.#partitions.ensureForSamples([
      ...rangesOf(arrived),
      // Asked of another connection: this one must not have touched the table when a partition is made.
      ...(late.length === 0 ? [] : await rangesToMove(this.#options.pool, late)),
    ]);
    await this.#correct(client, late);

    const entries = await this.#entries(client, rangesOf(arrived));
    const counts = new SampleCounts();
    for (const { head, sampleCount } of this.#arrivals.frames) {
      counts.add(head.gateway, "inFrames", sampleCount);
    }
    for (let at = 0; at < arrived.length; at += seriesPerStep) {
      const step = arrived.slice(at, at + seriesPerStep);
      const { repeats, conflicts } = await sortSeries(
        client,
        this.#options.book,
        step,
        entries,
        this.#options.released,
      );
      for (const [gateway, count] of repeats) counts.add(gateway, "repeats", count);
      for (const [gateway, count] of conflicts) counts.add(gateway, "conflicts", count);
    }
    for (let at = 0; at < statements.length; at += seriesPerStep) {
      await takeTold(client, statements.slice(at, at + seriesPerStep));
    }
    await noteSorted(client, parts, filled);
    await noteUnreadable(client, unreadable);
    await noteForks(client, forks);
    await noteChangedDays(client, daysOfArrived(arrived), this.#options.clock.nowUs());
    await counts.write(client);
    return { pass: { frames: this.#arrivals.frames.length, ...counts.sum() }, behind };
  }

  /** Before anything is merged into chunks of these segments: a chunk has one offset. */
  async #correct(client: pg.PoolClient, late: readonly ClockCorrection[]): Promise<void> {
    if (late.length === 0) return;
    const { book, released, clock, log } = this.#options;
    const moved = await moveChunks(client, book, late);
    await recomputeMoved(client, book, moved, await this.#entries(client, moved), released);
    await noteChangedDays(client, daysOfMoved(moved), clock.nowUs());
    await noteApplied(client, late);
    for (const { gateway, offsetUs } of late)
      log.info("history.clock-corrected", { gateway, offsetUs });
  }

  /** Takes the samples of forks whose dictionary is here; answers which of them need not be looked at again. */
  async #takeForks(client: pg.PoolClient): Promise<readonly bigint[]> {
    const { pool, book } = this.#options;
    const { forks, broken, behind } = await readForks(client, this.#isOurs, this.#forksBehind);
    this.#forksBehind = behind;
    const done = [...broken];
    for (const { id, head, body } of forks) {
      const dictionary = await book.dictionary(pool, head.gateway, head.dictionary);
      if (dictionary === undefined) continue;
      done.push(id);
      const numbers = await book.numbers(pool, head.gateway, dictionary);
      const samples = decodeSamples(body, dictionary, this.#scratch);
      if (!("kind" in samples)) this.#arrivals.add(head, dictionary, numbers, samples);
    }
    return done;
  }

  /**
   * Takes the samples of frames. One whose dictionary is still on its way ends its part: what is sorted has no holes. One that
   * fills a void waits alone.
   */
  async #withDictionaries(
    filling: readonly UnsortedFrame[],
    inParts: readonly UnsortedFrame[],
    chosen: readonly LanePart[],
    unreadable: DamagedFrame[],
  ): Promise<{
    readonly aggregates: readonly ToldFrame[];
    readonly parts: readonly LanePart[];
    /** Of those that fill voids, those that did not wait. */
    readonly filled: readonly UnsortedFrame[];
  }> {
    const { pool, book, log } = this.#options;
    const frames = [...filling, ...inParts];
    await book.fetch(
      pool,
      frames.map(({ head }) => ({ gateway: head.gateway, hash: head.dictionary })),
    );
    const waiting = new Map<string, number>();
    const aggregates: ToldFrame[] = [];
    const filled: UnsortedFrame[] = [];
    let before: (Numbered & { readonly gateway: GatewayId; readonly hash: bigint }) | undefined;
    for (const [at, frame] of frames.entries()) {
      const { epochNo, lane, head, body, rowSeq } = frame;
      const fills = at < filling.length;
      const key = `${epochNo}/${lane}`;
      if (!fills && head.seq >= (waiting.get(key) ?? Infinity)) continue;
      const { gateway, seq } = head;
      // Frames of a lane come one after the other, and nearly all with the dictionary of the one before.
      if (gateway !== before?.gateway || head.dictionary !== before.hash) {
        const numbered = await this.#numbered(gateway, head.dictionary);
        before = numbered && { gateway, hash: head.dictionary, ...numbered };
      }
      if (before === undefined) {
        if (!fills) waiting.set(key, seq);
        continue;
      }
      if (fills) filled.push(frame);
      const { dictionary, numbers } = before;
      const read =
        head.content === "aggregates"
          ? readStatement(body, dictionary)
          : decodeSamples(body, dictionary, this.#scratch);
      if ("kind" in read) {
        log.error("history.frame-undecodable", { gateway, lane, seq, reason: read.reason });
        unreadable.push({ epochNo, lane, seq: rowSeq });
      } else if ("told" in read) {
        aggregates.push({ head, dictionary, ...read });
      } else {
        this.#arrivals.add(head, dictionary, numbers, read);
      }
    }
    const parts = chosen.flatMap((part) => {
      const until = waiting.get(`${part.epochNo}/${part.lane}`);
      if (until === undefined) return [part];
      const toSeq = until - 1;
      return toSeq > part.afterSeq ? [{ ...part, toSeq }] : [];
    });
    return { aggregates, parts, filled };
  }

  /** Undefined when the hub has never heard of the dictionary. */
  async #numbered(gateway: GatewayId, hash: bigint): Promise<Numbered | undefined> {
    const { pool, book } = this.#options;
    const atHand = book.atHand(gateway, hash);
    if (atHand !== undefined) return atHand;
    const dictionary = await book.dictionary(pool, gateway, hash);
    if (dictionary === undefined) return undefined;
    return { dictionary, numbers: await book.numbers(pool, gateway, dictionary) };
  }

  /** What was told of each tag, and partitions for it, made before the transaction touches their tables. */
  async #statements(
    client: pg.PoolClient,
    frames: readonly ToldFrame[],
  ): Promise<readonly ToldBucketsOfTag[]> {
    const { pool, book } = this.#options;
    const told: ToldBucketsOfTag[] = [];
    const gateways = new Set(frames.map(({ head }) => head.gateway));
    const clocks = new ClockCorrections(await readCorrections(client, [...gateways]));
    for (const { head, dictionary, tier, slot, revision, told: tags } of frames) {
      const numbers = await book.numbers(pool, head.gateway, dictionary);
      // They were reckoned by stamps that are read at another time: what is computed here is nearer to the truth.
      const isMoved = clocks.of(head) !== 0;
      for (const { tag, buckets } of tags) {
        const definition = dictionary.byIndex(tag);
        if (definition === undefined) throw new Error(`tag ${tag} is not in its dictionary`);
        if (isMoved && definition.clock === "gateway") continue;
        const series = numbers[tag] ?? -1;
        told.push({ series, rule: ruleOf(definition), tier, slot, buckets, revision });
      }
    }
    await this.#partitions.ensureForTold(frames.map(({ tier, slot }) => slot * tier.slotUs));
    return told;
  }

  async #entries(
    client: pg.ClientBase,
    touched: readonly RangeOfGateway[],
  ): Promise<ReadonlyMap<GatewayId, readonly LedgerEntry[]>> {
    const ranges = new Map<GatewayId, { fromUs: number; toUs: number }>();
    for (const { gateway, firstUs, lastUs } of touched) {
      const range = ranges.get(gateway) ?? { fromUs: Infinity, toUs: -Infinity };
      range.fromUs = Math.min(range.fromUs, firstUs);
      range.toUs = Math.max(range.toUs, lastUs);
      ranges.set(gateway, range);
    }
    const asked = [...ranges];
    const rows = await client.query<EntryRow & { readonly gateway: GatewayId }>(
      `select k.gateway, l.* from unnest($1::text[], $2::bigint[], $3::bigint[]) k (gateway, from_us, to_us)
       cross join lateral (
         select l.* from ledger_entries l join epochs e on e.no = l.epoch_no
         where e.gateway = k.gateway and l.to_us >= k.from_us and l.from_us <= k.to_us
         order by l.from_us desc limit ${entriesMax}) l`,
      [
        asked.map(([gateway]) => gateway),
        // What holds at the begin of the range was measured before it.
        asked.map(([, { fromUs }]) => Math.floor(fromUs) - backfillUs),
        asked.map(([, { toUs }]) => Math.ceil(toUs) + hourUs),
      ],
    );
    const found = new Map<GatewayId, LedgerEntry[]>();
    for (const row of rows.rows) {
      const entries = found.get(row.gateway) ?? [];
      entries.push(toEntry(row));
      found.set(row.gateway, entries);
    }
    return found;
  }
}

/** A lane that is longer than a pass goes on with the next one, unless it waits for a dictionary. */
function lastBehind(
  chosen: readonly ChosenPart[],
  taken: readonly LanePart[],
): LanePlace | undefined {
  const last = chosen.at(-1);
  const goesOn = last !== undefined && last.toSeq < last.markSeq && taken.includes(last);
  return goesOn ? chosen.at(-2) : last;
}

/** As they are read. */
function rangesOf(arrived: readonly ArrivedSeries[]): readonly RangeOfGateway[] {
  return arrived.map(({ gateway, firstUs, lastUs, offsetUs }) => ({
    gateway,
    firstUs: firstUs + offsetUs,
    lastUs: lastUs + offsetUs,
  }));
}
