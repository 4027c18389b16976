import type { Log } from "@millwright/kit";
import pg from "pg";

import { columnTypes } from "./column-types.ts";

export interface PoolOptions {
  readonly url: string;
  readonly connectionsMax: number;
  /** A statement that takes longer is ended: it holds locks that others wait for, or a person has long gone. */
  readonly statementMs: number;
  readonly log: Log;
}

/** Connections to the hub's database. The one who opens them ends them. */
export function openPool({ url, connectionsMax, statementMs, log }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: connectionsMax,
    types: columnTypes,
    connectionTimeoutMillis: 10_000,
    statement_timeout: statementMs,
    // Our statements are small and many: compiling one takes longer than running it.
    options: "-c jit=off",
  });
  // An idle connection that breaks is replaced at the next use; without a listener it would end the process.
  pool.on("error", (failure) => {
    log.warn("database.connection-lost", { reason: failure.message });
  });
  return pool;
}
