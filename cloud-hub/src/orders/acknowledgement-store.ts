/** What people at the hub have acknowledged, as rows. No decisions are made here. */
import type { GatewayId } from "@millwright/wire-contract";
import { eventKinds } from "@millwright/wire-contract/events";
import type pg from "pg";

import { writeAudit } from "../database/audit.ts";
import { inTransaction } from "../database/transaction.ts";
import type { AcknowledgementView } from "../order-views.ts";
import type { AcknowledgementShelf, FoundEvent } from "./acknowledgement-desk.ts";

interface Row {
  readonly id: bigint;
  readonly gateway: GatewayId;
  readonly alarm: string;
  readonly raised_us: bigint;
  readonly person: string;
  readonly asked_us: bigint;
  readonly outcome: "accepted" | "refused" | null;
  readonly reason: string;
  readonly answered_us: bigint | null;
}

/** Listed of a gateway: what a person looks through. */
const listedMax = 100;

export class AcknowledgementStore implements AcknowledgementShelf {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async add(asked: AcknowledgementView): Promise<void> {
    const { id, gateway, alarm, raisedUs, person, askedUs } = asked;
    await inTransaction(this.#pool, async (client) => {
      await client.query(
        `insert into acknowledgements (id, gateway, alarm, raised_us, person, asked_us, after_event)
         select $1, $2, $3, $4, $5, $6, coalesce(max(id), 0) from events`,
        [id, gateway, alarm, Math.round(raisedUs), person, Math.round(askedUs)],
      );
      // What lies here is forgotten after a month; who did it stays to be known.
      await writeAudit(client, {
        ...{ atUs: askedUs, actor: person, act: "acknowledge an alarm" },
        details: { gateway, alarm, raisedUs: Math.round(raisedUs) },
      });
    });
  }

  async open(): Promise<readonly AcknowledgementView[]> {
    const found = await this.#pool.query<Row>(
      "select * from acknowledgements where outcome is null order by asked_us, id",
    );
    return found.rows.map(toView);
  }

  async list(gateway: string): Promise<readonly AcknowledgementView[]> {
    const found = await this.#pool.query<Row>(
      `select * from acknowledgements where gateway = $1 order by asked_us desc, id limit ${listedMax}`,
      [gateway],
    );
    return found.rows.map(toView);
  }

  async answers(): Promise<readonly FoundEvent[]> {
    const found = await this.#pool.query<{ readonly at_us: bigint; readonly body: string }>(
      `select e.at_us, e.body from acknowledgements a join events e
         on e.gateway = a.gateway and e.kind = $1 and e.subject = a.alarm and e.id > a.after_event
       where a.outcome is null and e.body like '%"asked":' || a.id || '%' order by e.id`,
      [eventKinds.alarm],
    );
    return found.rows.map(({ at_us, body }) => ({ atUs: Number(at_us), json: body }));
  }

  async end(
    id: number,
    outcome: "accepted" | "refused",
    reason: string,
    atUs: number,
  ): Promise<void> {
    await this.#pool.query(
      `update acknowledgements set outcome = $2, reason = $3, answered_us = $4
       where id = $1 and outcome is null`,
      [id, outcome, reason, Math.round(atUs)],
    );
  }

  async forget(beforeUs: number): Promise<void> {
    await this.#pool.query(
      "delete from acknowledgements where outcome is not null and asked_us < $1",
      [Math.floor(beforeUs)],
    );
  }
}

function toView(row: Row): AcknowledgementView {
  const { id, gateway, alarm, raised_us, person, asked_us, outcome, reason, answered_us } = row;
  return {
    ...{ id: Number(id), gateway, alarm, person, raisedUs: Number(raised_us) },
    askedUs: Number(asked_us),
    state: outcome ?? "waiting",
    reason,
    ...(answered_us === null ? {} : { answeredUs: Number(answered_us) }),
  };
}
