/** History's parts one by one: for benches that build a year in a minute, with a database of their own. */
export { postgres } from "./children/postgres.ts";
export { connectionsOf } from "./database/connections.ts";
export { openPool } from "./database/pool.ts";
export { RangePartitions } from "./database/range-partitions.ts";
export { openHistory, type History } from "./history/history.ts";
export { Compactor } from "./history/lake/compactor.ts";
export { openDuck } from "./history/lake/duck.ts";
export { LakeFolder } from "./history/lake/lake-folder.ts";
export { PartWriter } from "./history/lake/part-writer.ts";
export { Retention } from "./history/lake/retention.ts";
export { packBuckets } from "./history/rollups/pack-buckets.ts";
export { hourTier, minuteTier, replaceRollups } from "./history/rollups/rollup-store.ts";
export { SeriesBook } from "./history/series-book.ts";
export { Sorter } from "./history/sorter.ts";
export { admit } from "./ingest/admission.ts";
export { openPostgresStore, type PostgresStore } from "./ingest/store-postgres.ts";
export { programFolders } from "./settings/environment.ts";
