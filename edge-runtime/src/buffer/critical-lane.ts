import {
  encodeClock,
  encodeDictionary,
  encodeLedger,
  encodeStarts,
  type ClockRecord,
  type Dictionary,
  type StartRecord,
} from "@millwright/wire-contract";

import type { ClaimTable } from "./claim-table.ts";
import type { OpenClaim } from "./claims.ts";
import type { ClockTable } from "./clock-table.ts";
import type { FrameTable } from "./frame-table.ts";
import { keyOf } from "./lane-book.ts";
import type { Moment, Sealer } from "./sealing.ts";
import type { StartTable } from "./start-table.ts";
import type { TagTable } from "./tag-table.ts";

/** What the hub must know to read and to judge the samples: starts, clocks, dictionary, ledger. All inside a transaction. */

/** Ledger frames in one commit: 8,000 entries; the rest follows with the next. */
const ledgerFramesMax = 8;
/** Repeated to a hub that is new; more starts than this are a gateway in a crash loop. */
const startsToldMax = 1_000;

export class CriticalLane {
  readonly #sealer: Sealer;
  readonly #frames: FrameTable;
  readonly #starts: StartTable;
  readonly #clocks: ClockTable;
  readonly #tags: TagTable;
  readonly #claims: ClaimTable;

  constructor(parts: {
    readonly sealer: Sealer;
    readonly frames: FrameTable;
    readonly starts: StartTable;
    readonly clocks: ClockTable;
    readonly tags: TagTable;
    readonly claims: ClaimTable;
  }) {
    this.#sealer = parts.sealer;
    this.#frames = parts.frames;
    this.#starts = parts.starts;
    this.#clocks = parts.clocks;
    this.#tags = parts.tags;
    this.#claims = parts.claims;
  }

  tellStart(at: Moment, record: StartRecord): void {
    this.#put(at, "start", encodeStarts([record]));
  }

  /** All starts and clock segments that are known, oldest first: for a hub that is new (no-loss protocol 8.5). */
  tellStarts(at: Moment): void {
    const records = this.#starts.newest(startsToldMax).map(({ record }) => record);
    this.#put(at, "start", encodeStarts(records.toReversed()));
    for (const record of this.#clocks.all()) this.tellClock(at, record);
  }

  tellClock(at: Moment, record: ClockRecord): void {
    this.#put(at, "clock", encodeClock(record));
  }

  tellDictionary(at: Moment): void {
    const dictionary = this.#tags.current;
    if (dictionary.size === 0) return;
    this.#put(at, "dictionary", encodeDictionary(dictionary), dictionary.hash);
  }

  /** Every dictionary that a frame held here may use: for a hub that is new, or an epoch that goes on where another ended. */
  tellDictionaries(at: Moment): void {
    for (const dictionary of this.#tags.held()) {
      if (dictionary.hash === this.#tags.current.hash) continue;
      this.#put(at, "dictionary", encodeDictionary(dictionary), dictionary.hash);
    }
    // Last, so that the newest of the epoch is the one in use.
    this.tellDictionary(at);
  }

  /** One that frames of before were encoded with. */
  tellOldDictionary(at: Moment, dictionary: Dictionary): void {
    this.#put(at, "dictionary", encodeDictionary(dictionary), dictionary.hash);
    // Last, so that the newest of the epoch is the one in use.
    this.tellDictionary(at);
  }

  /** @returns the key of the frame */
  tellEvents(at: Moment, body: Uint8Array): number {
    return this.#put(at, "events", body);
  }

  /** Tells the claims that are due. @returns those told: no longer open once the transaction is kept */
  tellClaims(at: Moment, nowMs: number): OpenClaim[] {
    const told: OpenClaim[] = [];
    for (let frame = 0; frame < ledgerFramesMax; frame++) {
      const next = keyOf(at.rank, this.#sealer.heads.critical.seq + 1);
      const { claims, entries } = this.#claims.number(at.rank, next, nowMs, told);
      if (entries.length === 0) break;
      this.#put(at, "ledger", encodeLedger(entries));
      told.push(...claims);
    }
    return told;
  }

  #put(
    { rank, nowUs }: Moment,
    content: Parameters<Sealer["critical"]>[0],
    body: Uint8Array,
    dictionary?: bigint,
  ): number {
    const sealed = this.#sealer.critical(content, body, nowUs, dictionary);
    this.#frames.putCritical(rank, sealed);
    return keyOf(rank, sealed.head.seq);
  }
}
