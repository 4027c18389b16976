/** DuckDB, with a bound on its memory. What it cannot hold it puts into files of its own. */
import { join } from "node:path";

import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";

/** A part of a day is some 160 MB while it is sorted. */
const memoryMebibytes = 512;
/** It shares the machine with broker, database and ingest. */
const threads = 2;

/**
 * @param folder where it may put what does not fit
 * @param spillMebibytes as much as it may put there; its own choice is nine tenths of what is free
 */
export async function openDuck(folder: string, spillMebibytes?: number): Promise<DuckDBConnection> {
  const instance = await createDuck(folder, spillMebibytes);
  try {
    return await connectDuck(instance);
  } finally {
    // It lives as long as its connection, and its files go with it: not when somebody collects what is left of it.
    instance.closeSync();
  }
}

/** Each puts its files into a folder of its own, which it makes and removes: their names are the same in every process. */
let instances = 0;

/** One memory and one set of threads for several connections. */
export function createDuck(folder: string, spillMebibytes?: number): Promise<DuckDBInstance> {
  return DuckDBInstance.create(":memory:", {
    memory_limit: `${memoryMebibytes}MB`,
    threads: String(threads),
    temp_directory: join(folder, `duck-${process.pid}-${++instances}`),
    ...(spillMebibytes === undefined ? {} : { max_temp_directory_size: `${spillMebibytes}MiB` }),
    // Nothing is loaded or fetched from anywhere.
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
}

export async function connectDuck(instance: DuckDBInstance): Promise<DuckDBConnection> {
  const connection = await instance.connect();
  await connection.run("set TimeZone = 'UTC'");
  return connection;
}

/** A text as it stands in a statement: DuckDB takes no parameters for names of files. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
