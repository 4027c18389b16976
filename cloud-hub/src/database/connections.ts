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

/** Of each pool whose size no setting changes. */
export const poolConnections = {
  /** Charts that are drawn at the same time; the others wait. */
  charts: 4,
  /** Of the process that reads files of days and makes exports. */
  lake: 3,
  captures: 3,
  /** One for people, one for what gateways report. */
  orders: 2,
  episodeOrders: 1,
  /** Said at each hello and asked by pages: two are more than that takes. */
  gatewayKeys: 2,
  backupBook: 1,
  /** People save a view some times a day. */
  savedViews: 1,
  /** One to note who is heard, one for people. */
  timeLine: 2,
  /** Some ends of connections every ten seconds, and a page that is open of a silent gateway. */
  silence: 1,
} as const;

/** A backup, commands and people beside the hub. PostgreSQL keeps 3 of all for whoever has to look after it. */
const besideTheHub = 10;

/** So many must the hub's own database take. */
export function connectionsOf(settings: {
  readonly writers: number;
  readonly history: { readonly sorters: number };
}): number {
  const { writers, history } = settings;
  const sorters = history.sorters * sorterConnections;
  const others = Object.values(poolConnections).reduce((sum, count) => sum + count, 0);
  return storeConnections(writers) + sorters + others + besideTheHub;
}
