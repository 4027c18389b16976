/**
 * Whose signature the hub believes. The first key that a gateway shows is pinned (trust on first use); another one that
 * comes later is shown to people and believed by nobody before one of them has compared it. Pins are acts, so they are in
 * the audit log.
 */
import { fingerprintOf } from "@millwright/carrier";
import type { Log } from "@millwright/kit";
import type { GatewayId, GatewayKeyView } from "@millwright/wire-contract";
import type pg from "pg";

import { writeAudit } from "../../database/audit.ts";
import { poolConnections } from "../../database/connections.ts";
import { openPool } from "../../database/pool.ts";
import { inTransaction } from "../../database/transaction.ts";

export interface PinnedKey {
  readonly publicKey: string;
  readonly pinnedUs: number;
  /** What the gateway has shown since, when it is another one. */
  readonly offeredKey?: string;
  readonly offeredUs: number;
}

export interface GatewayKeys {
  pinned(gateway: GatewayId): Promise<PinnedKey | undefined>;
  /** The gateway has shown this key over a connection that it was let in by. */
  met(gateway: GatewayId, publicKey: string, nowUs: number): Promise<void>;
  /** A person has compared the fingerprint. @param by who or what, for the audit log */
  pin(gateway: GatewayId, publicKey: string, by: string, nowUs: number): Promise<void>;
}

const statementMs = 10_000;

export function openGatewayKeys(url: string, log: Log): PostgresGatewayKeys {
  const connectionsMax = poolConnections.gatewayKeys;
  return new PostgresGatewayKeys(openPool({ url, connectionsMax, statementMs, log }), log);
}

interface KeyRow {
  readonly public_key: string;
  readonly pinned_us: bigint;
  readonly offered_key: string | null;
  readonly offered_us: bigint;
}

export class PostgresGatewayKeys implements GatewayKeys, AsyncDisposable {
  readonly #pool: pg.Pool;
  readonly #log: Log;

  constructor(pool: pg.Pool, log: Log) {
    this.#pool = pool;
    this.#log = log;
  }

  async pinned(gateway: GatewayId): Promise<PinnedKey | undefined> {
    return await find(this.#pool, gateway);
  }

  async met(gateway: GatewayId, publicKey: string, nowUs: number): Promise<void> {
    const known = await find(this.#pool, gateway);
    if (known === undefined) {
      await inTransaction(this.#pool, async (client) => {
        const added = await client.query(
          `insert into gateway_keys (gateway, public_key, pinned_us, pinned_by)
           values ($1, $2, $3, 'first contact') on conflict do nothing`,
          [gateway, publicKey, Math.round(nowUs)],
        );
        // Another hub was first: then the key is judged against that pin at the next hello.
        if (added.rowCount === 1) await audit(client, gateway, publicKey, "first contact", nowUs);
      });
      return;
    }
    const offered = publicKey === known.publicKey ? undefined : publicKey;
    if (offered === known.offeredKey) return;
    await this.#pool.query(
      "update gateway_keys set offered_key = $2, offered_us = $3 where gateway = $1",
      [gateway, offered ?? null, Math.round(nowUs)],
    );
    if (offered !== undefined) {
      this.#log.error("ingest.gateway-key-changed", {
        gateway,
        pinned: fingerprintOf(known.publicKey),
        shown: fingerprintOf(offered),
      });
    }
  }

  async pin(gateway: GatewayId, publicKey: string, by: string, nowUs: number): Promise<void> {
    await inTransaction(this.#pool, async (client) => {
      await client.query(
        `insert into gateway_keys (gateway, public_key, pinned_us, pinned_by) values ($1, $2, $3, $4)
         on conflict (gateway) do update
         set public_key = excluded.public_key, pinned_us = excluded.pinned_us,
           pinned_by = excluded.pinned_by, offered_key = null, offered_us = 0`,
        [gateway, publicKey, Math.round(nowUs), by],
      );
      await audit(client, gateway, publicKey, by, nowUs);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }
}

async function find(client: pg.Pool, gateway: GatewayId): Promise<PinnedKey | undefined> {
  const found = await client.query<KeyRow>(
    "select public_key, pinned_us, offered_key, offered_us from gateway_keys where gateway = $1",
    [gateway],
  );
  const row = found.rows[0];
  if (row === undefined) return undefined;
  return {
    publicKey: row.public_key,
    pinnedUs: Number(row.pinned_us),
    ...(row.offered_key === null ? {} : { offeredKey: row.offered_key }),
    offeredUs: Number(row.offered_us),
  };
}

async function audit(
  client: pg.ClientBase,
  gateway: GatewayId,
  publicKey: string,
  actor: string,
  atUs: number,
): Promise<void> {
  const details = { gateway, fingerprint: fingerprintOf(publicKey) };
  await writeAudit(client, { atUs, actor, act: "pin the key of a gateway", details });
}

/** @param hubKey the hub's own */
export function keyViewOf(pinned: PinnedKey | undefined, hubKey: string): GatewayKeyView {
  const { offeredKey } = pinned ?? {};
  return {
    pinned: pinned === undefined ? "" : fingerprintOf(pinned.publicKey),
    pinnedUs: pinned?.pinnedUs ?? 0,
    shown: offeredKey === undefined ? "" : fingerprintOf(offeredKey),
    shownUs: pinned?.offeredUs ?? 0,
    hub: fingerprintOf(hubKey),
  };
}
