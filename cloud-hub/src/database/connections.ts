/**
 * Connections to the database. Each pool opens as many as it may once much is asked at the same time; one that the database
 * has no room for is refused, and what it was for fails.
 */

/** Of one process that sorts: its transaction, the partitions that it makes, tags that it looks up, and the lake's files. */
export const sorterConnections = 4;

/** Readers have four besides the writers. */
export function storeConnections(writers: number): number {
  return writers + 4;
}

/** Charts 4, the process of the lake 3, captures 3, orders 3, keys of gateways 2, the book of backups 1. */
const otherPools = 16;
/** A backup, commands and people beside the hub. PostgreSQL keeps 3 of all for whoever has to look after it. */
const besideTheHub = 10;

/** So many must the hub's own database take. */
export function connectionsOf(settings: {
  readonly writers: number;
  readonly history: { readonly sorters: number };
}): number {
  const { writers, history } = settings;
  const sorters = history.sorters * sorterConnections;
  return storeConnections(writers) + sorters + otherPools + besideTheHub;
}
