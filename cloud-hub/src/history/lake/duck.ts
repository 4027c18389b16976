/** DuckDB, with a bound on its memory. What it cannot hold it puts into files of its own. */
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
  return connectDuck(await createDuck(folder, spillMebibytes));
}

/** One memory and one set of threads for several connections. */
export function createDuck(folder: string, spillMebibytes?: number): Promise<DuckDBInstance> {
  return DuckDBInstance.create(":memory:", {
    memory_limit: `${memoryMebibytes}MB`,
    threads: String(threads),
    temp_directory: folder,
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
