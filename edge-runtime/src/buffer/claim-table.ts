import type Database from "better-sqlite3";
import type {
  DeviceId,
  LedgerEntry,
  LossCount,
  LossReason,
  TagId,
} from "@millwright/wire-contract";

import type { Loss } from "../hand-over.ts";
import { countOf, nameOf, OpenClaims, samplesOf, scopeOf, type OpenClaim } from "./claims.ts";

/** Claims on disk: open ones, so that a crash forgets none, and sealed ones, so that a chart can explain its holes. */

interface ClaimRow {
  readonly id: number;
  readonly number: number | null;
  readonly reason: LossReason;
  readonly scope: string;
  readonly name: string;
  readonly from_us: number;
  readonly to_us: number;
  readonly kind: LossCount["kind"];
  readonly samples: number;
}

/** What a transaction has done with a claim, so that it can be put back when the transaction is. */
interface Touched {
  readonly claim: OpenClaim;
  readonly how: "added" | "grown" | "reopened";
}

/** A frame of so many entries is about 40 kB; more wait for the next frame. */
const entriesMax = 1_000;
/** A chart asks for one tag and some hours; more holes than this are not legible anyway. */
const gapsMax = 1_000;

export class ClaimTable {
  readonly open = new OpenClaims();
  readonly #db;
  readonly #insert;
  readonly #update;
  readonly #seal;
  readonly #reopen;
  readonly #reopenOne;
  readonly #touching;
  readonly #prune;
  #lastNumber = 0;
  /** By the transaction that is under way. */
  #touched: Touched[] = [];

  constructor(db: Database.Database) {
    this.#db = db;
    this.#insert = db.prepare(
      `insert into claim (reason, scope, name, from_us, to_us, kind, samples) values (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#update = db.prepare("update claim set from_us = ?, to_us = ?, samples = ? where id = ?");
    this.#seal = db.prepare("update claim set rank = ?, number = ?, frame = ? where id = ?");
    this.#reopen = db.prepare(
      "update claim set rank = null, number = null, frame = null where rank = ?",
    );
    this.#reopenOne = db.prepare(
      "update claim set rank = null, number = null, frame = null where rank = ? and number = ?",
    );
    this.#touching = db.prepare<[number, number, string, string, number], ClaimRow>(
      `select id, number, reason, scope, name, from_us, to_us, kind, samples from claim
       where to_us >= ? and from_us <= ? and reason not in ('told within bound', 'thinned')
         and (scope = 'gateway' or (scope = 'device' and name = ?) or (scope = 'tag' and name = ?))
       order by from_us, id limit ?`,
    );
    this.#prune = db.prepare(
      `delete from claim where to_us < ? and number is not null
       and frame < coalesce((select min(id) from critical_frame), frame + 1)`,
    );
    this.#load(db);
    this.kept();
  }

  add(loss: Loss, nowMs: number): void {
    this.open.add(loss, nowMs);
  }

  /** Writes what changed. Inside a transaction; `kept` or `takenBack` follows it. */
  write(): void {
    for (const claim of this.open.rows()) {
      if (!claim.dirty) continue;
      const { reason, scope, fromUs, toUs, kind, samples } = claim;
      if (claim.id === undefined) {
        const row = [reason, scope.kind, nameOf(scope), fromUs, toUs, kind, samples];
        claim.id = Number(this.#insert.run(row).lastInsertRowid);
        this.#touched.push({ claim, how: "added" });
      } else {
        this.#update.run(fromUs, toUs, samples, claim.id);
        this.#touched.push({ claim, how: "grown" });
      }
      claim.dirty = false;
    }
  }

  kept(): void {
    this.#touched = [];
  }

  /** The transaction was rolled back: what it wrote is not on disk, also where it did not come to its end. */
  takenBack(): void {
    for (const { claim, how } of this.#touched.splice(0).reverse()) {
      if (how === "reopened") {
        this.open.remove(claim);
        continue;
      }
      claim.dirty = true;
      if (how === "added") delete claim.id;
    }
  }

  /**
   * Gives numbers to rows that are due, at most one frame of them. They must have been written.
   *
   * @param frame key of the critical frame that is going to tell them
   * @param except numbered in the same transaction already
   */
  number(
    rank: number,
    frame: number,
    nowMs: number,
    except: readonly OpenClaim[],
  ): { claims: OpenClaim[]; entries: LedgerEntry[] } {
    const claims = this.open.due(nowMs, entriesMax, except);
    const entries = claims.map((claim) => {
      this.#lastNumber++;
      this.#seal.run(rank, this.#lastNumber, frame, claim.id);
      return {
        number: this.#lastNumber,
        reason: claim.reason,
        scope: claim.scope,
        fromUs: claim.fromUs,
        toUs: claim.toUs,
        count: countOf(claim.kind, claim.samples),
      };
    });
    return { claims, entries };
  }

  /** A ledger frame of this epoch is unreadable: what it may have said is told again, under new numbers. */
  reopen(db: Database.Database, rank: number): void {
    this.write();
    this.#reopen.run(rank);
    this.#load(db);
  }

  /** These entries of an epoch are told again, each as it was, under new numbers. Inside a transaction. */
  tellAgain(db: Database.Database, rank: number, entries: readonly LedgerEntry[]): void {
    this.write();
    for (const entry of entries) {
      if (this.#reopenOne.run(rank, entry.number).changes > 0) continue;
      // Let go here already; what it says is still true.
      const { reason, scope, fromUs, toUs, count } = entry;
      const samples = samplesOf(count);
      this.#insert.run(reason, scope.kind, nameOf(scope), fromUs, toUs, count.kind, samples);
    }
    this.#load(db);
  }

  /** Claims of samples that are not here. What is here and was not told, or is here in a coarser form, is no hole. */
  touching(
    scope: { readonly device: DeviceId; readonly tag?: TagId },
    fromUs: number,
    toUs: number,
  ): LedgerEntry[] {
    const rows = this.#touching.all(fromUs, toUs, scope.device, scope.tag ?? "", gapsMax);
    return rows.map(toEntry);
  }

  /** Of all reasons, the newest first. */
  newest(max: number): LedgerEntry[] {
    return newestClaimsIn(this.#db, max);
  }

  /** Those that ended before, but what a held frame tells: it may be found damaged, and is then told again from here. */
  prune(beforeUs: number): void {
    this.#prune.run(beforeUs);
  }

  #load(db: Database.Database): void {
    const known = new Set([...this.open.rows()].map((claim) => claim.id));
    const rows = db
      .prepare<[], ClaimRow>(
        `select id, number, reason, scope, name, from_us, to_us, kind, samples from claim
         where number is null order by id`,
      )
      .all();
    for (const row of rows) {
      if (known.has(row.id)) continue;
      const claim: OpenClaim = {
        id: row.id,
        reason: row.reason,
        scope: scopeOf(row.scope, row.name),
        fromUs: row.from_us,
        toUs: row.to_us,
        kind: row.kind,
        samples: row.samples,
        // It has ended with the run that opened it: due as soon as any that waits for the link.
        openedMs: -Number.MAX_SAFE_INTEGER,
        grownMs: -Number.MAX_SAFE_INTEGER,
        dirty: false,
      };
      this.open.reopen(claim);
      this.#touched.push({ claim, how: "reopened" });
    }
  }
}

/** Of a journal that is only read, too. @returns the newest first */
export function newestClaimsIn(db: Database.Database, max: number): LedgerEntry[] {
  return db
    .prepare<[number], ClaimRow>(
      `select id, number, reason, scope, name, from_us, to_us, kind, samples from claim
       order by id desc limit ?`,
    )
    .all(max)
    .map(toEntry);
}

function toEntry(row: ClaimRow): LedgerEntry {
  return {
    number: row.number ?? 0,
    reason: row.reason,
    scope: scopeOf(row.scope, row.name),
    fromUs: row.from_us,
    toUs: row.to_us,
    count: countOf(row.kind, row.samples),
  };
}
