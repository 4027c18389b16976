/**
 * Captures in the journal: kept under a byte budget of their own, sealed for the road, let go when there is no room. What
 * goes first is what the hub has; only then what it has not, the oldest first, and that is told (field practice 55).
 */
import {
  encodeCapture,
  encodePieceHead,
  type CaptureRecord,
  type CaptureView,
  type TagId,
} from "@millwright/wire-contract";

import type { Loss } from "../../hand-over.ts";
import type { HeldFrames } from "../held-frames.ts";
import { keyOf, rankOf, seqOf } from "../lane-book.ts";
import type { Moment, Sealer } from "../sealing.ts";
import type { CaptureFiles } from "./capture-files.ts";
import {
  recordOf,
  type CaptureQuery,
  type CaptureRow,
  type CaptureTable,
} from "./capture-table.ts";

export interface CaptureLimits {
  /** Of the files of all captures together. */
  readonly bytesMax: number;
  /** Of the data of one piece. */
  readonly pieceBytes: number;
}

/** For journals that are opened without: what the settings of a gateway have as their defaults. */
export const captureLimits: CaptureLimits = { bytesMax: 512 * 2 ** 20, pieceBytes: 128 * 2 ** 10 };

/**
 * - `kept`: on disk and numbered, and the hub will have it.
 * - `known`: the same bytes of the same moment are here already: whoever brought them was not told that they were kept.
 * - `corrupt`: the file is not what its name says.
 * - `refused`: it cannot be kept, for a reason that a person can read.
 */
export type Kept =
  | { readonly kind: "kept" | "known" | "corrupt" }
  | { readonly kind: "refused"; readonly reason: string };

export class Captures {
  readonly #sealer: Sealer;
  readonly #held: HeldFrames;
  readonly #table: CaptureTable;
  readonly #files: CaptureFiles;
  readonly #limits: CaptureLimits;
  readonly #claim: (loss: Loss) => void;
  /** Whose files go once the transaction is kept. */
  #gone: string[] = [];

  constructor(parts: {
    readonly sealer: Sealer;
    readonly held: HeldFrames;
    readonly table: CaptureTable;
    readonly files: CaptureFiles;
    readonly limits: CaptureLimits;
    readonly claim: (loss: Loss) => void;
  }) {
    this.#sealer = parts.sealer;
    this.#held = parts.held;
    this.#table = parts.table;
    this.#files = parts.files;
    this.#limits = parts.limits;
    this.#claim = parts.claim;
  }

  /** Takes the files away that no record names. At the start, before anybody writes. */
  tidy(): void {
    this.#files.removeOthers((sha256) => this.#table.uses(sha256));
  }

  /**
   * Numbers the pieces and the record. The file is whole and on the medium already; it is read once more here, so that
   * what is promised is what lies there. Inside a transaction.
   */
  keep(at: Moment, record: CaptureRecord): Kept {
    const { sha256, byteCount } = record;
    if (this.#table.has(record)) return { kind: "known" };
    if (byteCount > this.#limits.bytesMax) {
      const budget = `${byteCount} bytes are more than all captures may have (${this.#limits.bytesMax})`;
      return { kind: "refused", reason: budget };
    }
    if (!this.#isWhole(record)) {
      this.#gone.push(sha256);
      return { kind: "corrupt" };
    }
    this.#makeRoom(at, this.#table.uses(sha256) ? 0 : byteCount);
    this.#put(at, record);
    return { kind: "kept" };
  }

  /** The newest first. */
  list(query: CaptureQuery): CaptureView[] {
    return this.#table.list(query).flatMap((row) => {
      const record = recordOf(row);
      return record === undefined ? [] : [{ ...record, atHub: this.#isSafe(row) }];
    });
  }

  /**
   * The first capture of an epoch that was left, above the number at which it ended, gets numbers of the running one (see
   * `SealAgain`). Inside a transaction.
   *
   * @returns whether there was one
   */
  sealAgain(at: Moment, rank: number, afterSeq: number): boolean {
    const row = this.#table.nextAfter(keyOf(rank, afterSeq), keyOf(rank + 1, 0));
    if (row === undefined) return false;
    this.#table.removeFrames(row.first_id, row.id);
    this.#table.remove(row.id);
    const record = recordOf(row);
    if (record === undefined || !this.#isWhole(record)) {
      this.#gone.push(row.sha256);
      this.#claimOne("frame corrupt", row);
    } else {
      this.#put(at, record);
    }
    return true;
  }

  /** One of its frames could not be read: a void stands for it already. Inside a transaction. */
  spoilt(row: CaptureRow): void {
    this.#forget(row);
    this.#claimOne("frame corrupt", row);
  }

  /** What was let go is on disk: nobody asks for its file any more. */
  committed(): void {
    for (const sha256 of this.#gone) {
      if (!this.#table.uses(sha256)) this.#files.remove(sha256);
    }
    this.#gone = [];
  }

  takenBack(): void {
    this.#gone = [];
  }

  /** Of all files together. */
  get bytes(): number {
    return this.#table.bytes;
  }

  #isWhole({ sha256, byteCount }: CaptureRecord): boolean {
    const pieces = this.#files.pieces(sha256, byteCount, this.#limits.pieceBytes);
    for (;;) {
      const next = pieces.next();
      if (next.done === true) return next.value;
    }
  }

  #put(at: Moment, record: CaptureRecord): void {
    const firstId = keyOf(at.rank, this.#sealer.heads.capture.seq + 1);
    this.#seal(at, record);
    this.#table.put(keyOf(at.rank, this.#sealer.heads.capture.seq), firstId, record);
  }

  #seal(at: Moment, record: CaptureRecord): void {
    const { sha256, byteCount, startUs } = record;
    for (const { at: atByte, data } of this.#files.pieces(
      sha256,
      byteCount,
      this.#limits.pieceBytes,
    )) {
      const head = encodePieceHead(sha256, atByte, data.length);
      const sealed = this.#sealer.capture("piece", Buffer.concat([head, data]), startUs, at.nowUs);
      const place = { head, sha256, at: atByte, bytes: data.length };
      this.#table.putFrame(keyOf(at.rank, sealed.head.seq), sealed, place);
    }
    const sealed = this.#sealer.capture("capture", encodeCapture(record), startUs, at.nowUs);
    this.#table.putFrame(keyOf(at.rank, sealed.head.seq), sealed);
  }

  #makeRoom(at: Moment, bytes: number): void {
    if (this.#table.bytes + bytes <= this.#limits.bytesMax) return;
    // Marks that are known and not written yet: what they prove can go without being missed.
    this.#held.release(at.rank);
    const rows = this.#table.oldest();
    const safe = rows.filter((row) => this.#isSafe(row));
    const others = rows.filter((row) => !safe.includes(row));
    for (const row of [...safe, ...others]) {
      if (this.#table.bytes + bytes <= this.#limits.bytesMax) return;
      if (this.#isSafe(row)) {
        this.#table.removeFrames(row.first_id, row.id);
      } else {
        this.#held.dropCapture(rankOf(row.id), seqOf(row.first_id), row, at.nowUs);
        this.#claimOne("evicted", row);
      }
      this.#forget(row);
    }
  }

  /** The hub has it, and has found its SHA-256 right: the safe mark of this lane says both. */
  #isSafe({ id }: CaptureRow): boolean {
    const lane = this.#held.book.of(rankOf(id), "capture");
    // A lane that is not held any more is safe to its end.
    return lane === undefined || seqOf(id) <= lane.base.seq;
  }

  #forget(row: CaptureRow): void {
    this.#table.remove(row.id);
    this.#gone.push(row.sha256);
  }

  #claimOne(reason: "evicted" | "frame corrupt", row: CaptureRow): void {
    this.#claim({
      reason,
      scope: { kind: "tag", tag: row.tag as TagId },
      fromUs: row.start_us,
      toUs: row.start_us,
      count: { kind: "exact", samples: 1 },
    });
  }
}
