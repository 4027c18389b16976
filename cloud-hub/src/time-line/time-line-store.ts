/** What the time line of a gateway is made from, as the database has it. */
import { lossReasons, type EndOfRun, type LossReason } from "@millwright/wire-contract";
import type pg from "pg";

import { fromColumn, toEntry, type EntryRow } from "../database/rows.ts";
import type { NotedState } from "./presence-changes.ts";
import type { Span, TimeLineSources } from "./merge-time-line.ts";

interface Found extends Omit<TimeLineSources, "alarmsUs"> {
  /** Before it presences are left out, because there are too many; undefined where none are. */
  readonly presencesFromUs: number | undefined;
  /** The same of starts, dictionaries and losses. */
  readonly restFromUs: number | undefined;
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
    const shortened = [
      ...(epochs.length > epochsMax ? [epochs[0]?.startedUs] : []),
      ...(newDictionaries.length >= dictionariesMax ? [newDictionaries[0]?.atUs] : []),
      ...(losses.length >= lossesMax ? [losses[0]?.fromUs] : []),
    ].filter((us) => us !== undefined);
    return {
      ...{ presences, runs, epochs, newDictionaries, losses },
      presencesFromUs: presences.length > presencesMax ? presences[0]?.atUs : undefined,
      restFromUs: shortened.length === 0 ? undefined : Math.max(...shortened),
    };
  }

  async #presences(gateway: string, range: Span): Promise<TimeLineSources["presences"]> {
    const found = await this.#pool.query<{ state: NotedState; at_us: bigint }>(
      `(select state, at_us, id from presences where gateway = $1 and at_us > $2 and at_us <= $3
        order by at_us desc, id desc limit $4)
       union all
       (select state, at_us, id from presences where gateway = $1 and at_us <= $2
        order by at_us desc, id desc limit 1)
       order by at_us, id`,
      [gateway, range.fromUs, range.toUs, presencesMax],
    );
    const rows = found.rows.map(({ state, at_us }) => ({ state, atUs: Number(at_us) }));
    // Between the one before the range and the first that is known others were left out: it says nothing.
    return rows.length > presencesMax && (rows[0]?.atUs ?? 0) <= range.fromUs
      ? rows.slice(1)
      : rows;
  }

  /** Those of the range, and the one before, with which being away may have begun. */
  async #runs({ fromUs, toUs }: Span): Promise<TimeLineSources["runs"]> {
    const found = await this.#pool.query<{ started_us: bigint; until_us: bigint }>(
      `(select started_us, until_us, id from hub_runs where until_us >= $1 and started_us <= $2
        order by id desc limit $3)
       union all
       (select started_us, until_us, id from hub_runs where until_us < $1 order by until_us desc limit 1)
       order by id`,
      [fromUs, toUs, runsMax],
    );
    return found.rows.map(({ started_us, until_us }) => {
      return { fromUs: Number(started_us), toUs: Number(until_us) };
    });
  }

  /** In the order of their starts; copies are other gateways. */
  async #epochs(gateway: string, { fromUs, toUs }: Span): Promise<TimeLineSources["epochs"]> {
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
      [gateway, fromUs, toUs, epochsMax],
    );
    return found.rows.map(({ started_us, dictionary, end_before }) => ({
      startedUs: Number(started_us),
      dictionary: dictionary === null ? undefined : fromColumn(dictionary),
      endBefore: end_before ?? undefined,
    }));
  }

  async #newDictionaries(
    gateway: string,
    { fromUs, toUs }: Span,
  ): Promise<TimeLineSources["newDictionaries"]> {
    // Not the first of all: with it nothing changed.
    const found = await this.#pool.query<{ hash: bigint; first_us: bigint }>(
      `select hash, first_us from dictionaries d
       where gateway = $1 and first_us >= $2 and first_us <= $3 and exists (
         select from dictionaries o where o.gateway = d.gateway and o.hash <> d.hash
           and coalesce(o.first_us, 0) < d.first_us)
       order by first_us desc limit $4`,
      [gateway, fromUs, toUs, dictionariesMax],
    );
    return found.rows
      .map(({ hash, first_us }) => ({ hash: fromColumn(hash), atUs: Number(first_us) }))
      .toReversed();
  }

  async #losses(gateway: string, { fromUs, toUs }: Span): Promise<TimeLineSources["losses"]> {
    const found = await this.#pool.query<EntryRow>(
      `select l.* from ledger_entries l join epochs e on e.no = l.epoch_no
       where e.gateway = $1 and l.to_us >= $2 and l.from_us <= $3 and l.reason = any($5::int[])
       order by l.from_us desc limit $4`,
      [gateway, fromUs, toUs, lossesMax, drawnReasons],
    );
    return found.rows.map(toEntry).toReversed();
  }
}
