import type pg from "pg";

/**
 * All of `work` or nothing. A connection that breaks meanwhile is not used again: the pool listens to idle connections
 * only, and one that breaks in use, between two statements, would end the process.
 */
export async function inTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  begin: "begin" | "begin isolation level repeatable read" = "begin",
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const breaks = (failure: Error): void => {
    broken = failure;
  };
  client.on("error", breaks);
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query("commit");
    return result;
  } catch (failure) {
    await client.query("rollback").catch((unusable: unknown) => {
      broken = unusable instanceof Error ? unusable : new Error(String(unusable));
    });
    throw failure;
  } finally {
    client.release(broken);
    // One that broke may say so once more, after it was let go.
    if (broken === undefined) client.off("error", breaks);
  }
}
