/** What the time line of a gateway is made from, as the database has it. */
import { lossReasons, type EndOfRun, type LossReason } from "@millwright/wire-contract";
import type pg from "pg";

import { fromColumn, toEntry, type EntryRow } from "../database/rows.ts";
import type { NotedState } from "./presence-changes.ts";
import type { Span, TimeLineSources } from "./merge-time-line.ts";

interface Found extends Omit<TimeLineSources, "alarmsUs"> {
  /** Before it something is left out, because there is too much of it; undefined where nothing is. */
  readonly wholeFromUs: number | undefined;
}

/** A gateway that was never longer than five minutes in one state, for a week. */
const presencesMax = 2_000;
const runsMax = 2_000;
/** A crash loop of a day; more is not drawn. */
const epochsMax = 2_000;
const dictionariesMax = 500;
/** Of an answer of some 100 kB once they are joined. */
const lossesMax = 5_000;

/** What was told within its bound is known as well as was asked. */
const told: LossReason = "told within bound";
const drawnReasons = Object.entries(lossReasons).flatMap(([reason, number]) =>
  reason === told ? [] : [number],
);

export class TimeLineStore {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async read(gateway: string, range: Span): Promise<Found> {
    const asked = { fromUs: Math.floor(range.fromUs), toUs: Math.ceil(range.toUs) };
    const presences = await this.#presences(gateway, asked);
    const runs = await this.#runs(asked);
    const epochs = await this.#epochs(gateway, asked);
    const newDictionaries = await this.#newDictionaries(gateway, asked);
    const losses = await this.#losses(gateway, asked);
    // Before the first run that is known nothing is: what is left out of them needs no further word.
    const parts = [presences, epochs, newDictionaries, losses];
    const shortened = parts.flatMap(({ wholeFromUs }) => wholeFromUs ?? []);
    return {
      presences: presences.found,
      runs: runs.found,
      epochs: epochs.found,
      newDictionaries: newDictionaries.found,
      losses: losses.found,
      wholeFromUs: shortened.length === 0 ? undefined : Math.max(...shortened),
    };
  }

  async #presences(gateway: string, { fromUs, toUs }: Span): Promise<Newest<"presences">> {
    const found = await this.#pool.query<{ state: NotedState; at_us: bigint }>(
      `(select state, at_us, id from presences where gateway = $1 and at_us >= $2 and at_us <= $3
        order by at_us desc, id desc limit $4)
       union all
       (select state, at_us, id from presences where gateway = $1 and at_us < $2
        order by at_us desc, id desc limit 1)
       order by at_us, id`,
      [gateway, fromUs, toUs, presencesMax + 1],
    );
    const all = found.rows.map(({ state, at_us }) => ({ state, atUs: Number(at_us) }));
    return newestOf(all, presencesMax, ({ atUs }) => atUs, fromUs);
  }

  /** Those of the range, and the one before, with which being away may have begun. */
  async #runs({ fromUs, toUs }: Span): Promise<Newest<"runs">> {
    const found = await this.#pool.query<{ started_us: bigint; until_us: bigint }>(
      `(select started_us, until_us, id from hub_runs where until_us >= $1 and started_us <= $2
        order by id desc limit $3)
       union all
       (select started_us, until_us, id from hub_runs where until_us < $1 order by until_us desc limit 1)
       order by id`,
      [fromUs, toUs, runsMax + 1],
    );
    const all = found.rows.map(({ started_us, until_us }) => {
      return { fromUs: Number(started_us), toUs: Number(until_us) };
    });
    return newestOf(all, runsMax, (run) => run.toUs, fromUs);
  }

  /** In the order of their starts; copies are other gateways. */
  async #epochs(gateway: string, { fromUs, toUs }: Span): Promise<Newest<"epochs">> {
    const found = await this.#pool.query<{
      started_us: bigint;
      dictionary: bigint | null;
      end_before: EndOfRun | null;
    }>(
      `(select started_us, dictionary, end_before, no from epochs
        where gateway = $1 and rank is not null and not fenced and started_us >= $2 and started_us <= $3
        order by started_us desc limit $4)
       union all
       (select started_us, dictionary, end_before, no from epochs
        where gateway = $1 and rank is not null and not fenced and started_us < $2 and dictionary is not null
        order by started_us desc limit 1)
       order by started_us, no`,
      [gateway, fromUs, toUs, epochsMax + 1],
    );
    const all = found.rows.map(({ started_us, dictionary, end_before }) => ({
      startedUs: Number(started_us),
      dictionary: dictionary === null ? undefined : fromColumn(dictionary),
      endBefore: end_before ?? undefined,
    }));
    return newestOf(all, epochsMax, ({ startedUs }) => startedUs, fromUs);
  }

  async #newDictionaries(
    gateway: string,
    { fromUs, toUs }: Span,
  ): Promise<Newest<"newDictionaries">> {
    // Not the first of all: with it nothing changed.
    const found = await this.#pool.query<{ hash: bigint; first_us: bigint }>(
      `select hash, first_us from dictionaries d
       where gateway = $1 and first_us >= $2 and first_us <= $3 and exists (
         select from dictionaries o where o.gateway = d.gateway and o.hash <> d.hash
           and coalesce(o.first_us, 0) < d.first_us)
       order by first_us desc limit $4`,
      [gateway, fromUs, toUs, dictionariesMax + 1],
    );
    const all = found.rows
      .map(({ hash, first_us }) => ({ hash: fromColumn(hash), atUs: Number(first_us) }))
      .toReversed();
    return newestOf(all, dictionariesMax, ({ atUs }) => atUs);
  }

  async #losses(gateway: string, { fromUs, toUs }: Span): Promise<Newest<"losses">> {
    const found = await this.#pool.query<EntryRow>(
      `select l.* from ledger_entries l join epochs e on e.no = l.epoch_no
       where e.gateway = $1 and l.to_us >= $2 and l.from_us <= $3 and l.reason = any($5::int[])
       order by l.from_us desc limit $4`,
      [gateway, fromUs, toUs, lossesMax + 1, drawnReasons],
    );
    const all = found.rows.map(toEntry).toReversed();
    return newestOf(all, lossesMax, (loss) => loss.fromUs);
  }
}

interface Newest<Source extends keyof TimeLineSources> {
  readonly found: TimeLineSources[Source];
  /** The first one that is there, where earlier ones of the range are left out. */
  readonly wholeFromUs: number | undefined;
}

/** @param all the oldest first @param fromUs before it there is at most one, which lasts when the range begins */
function newestOf<T>(
  all: readonly T[],
  max: number,
  timeOf: (one: T) => number,
  fromUs = -Infinity,
): { readonly found: readonly T[]; readonly wholeFromUs: number | undefined } {
  const inRange = all.filter((one) => timeOf(one) >= fromUs);
  if (inRange.length <= max) return { found: all, wholeFromUs: undefined };
  // The one before the range lasts until one that is left out: it says nothing of what is there.
  const found = inRange.slice(-max);
  return { found, wholeFromUs: Math.min(...found.slice(0, 1).map(timeOf)) };
}
