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

export interface WrittenClaim {
  readonly claim: OpenClaim;
  readonly added: boolean;
}

/** A frame of so many entries is about 40 kB; more wait for the next frame. */
const entriesMax = 1_000;
/** A chart asks for one tag and some hours; more holes than this are not legible anyway. */
const gapsMax = 1_000;

export class ClaimTable {
  readonly open = new OpenClaims();
  readonly #insert;
  readonly #update;
  readonly #seal;
  readonly #reopen;
  readonly #reopenOne;
  readonly #touching;
  readonly #prune;
  #lastNumber = 0;

  constructor(db: Database.Database) {
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
  }

  add(loss: Loss, nowMs: number): void {
    this.open.add(loss, nowMs);
  }

  /** Writes what changed. Inside a transaction; `undo` takes the answer when that is rolled back. */
  write(): WrittenClaim[] {
    const written: WrittenClaim[] = [];
    for (const claim of this.open.rows()) {
      if (!claim.dirty) continue;
      written.push({ claim, added: claim.id === undefined });
      if (claim.id === undefined) {
        const { lastInsertRowid } = this.#insert.run(
          claim.reason,
          claim.scope.kind,
          nameOf(claim.scope),
          claim.fromUs,
          claim.toUs,
          claim.kind,
          claim.samples,
        );
        claim.id = Number(lastInsertRowid);
      } else {
        this.#update.run(claim.fromUs, claim.toUs, claim.samples, claim.id);
      }
      claim.dirty = false;
    }
    return written;
  }

  undo(written: readonly WrittenClaim[]): void {
    for (const { claim, added } of written) {
      claim.dirty = true;
      if (added) delete claim.id;
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
    return rows.map((row) => ({
      number: row.number ?? 0,
      reason: row.reason,
      scope: scopeOf(row.scope, row.name),
      fromUs: row.from_us,
      toUs: row.to_us,
      count: countOf(row.kind, row.samples),
    }));
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
      this.open.reopen({
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
      });
    }
  }
}
