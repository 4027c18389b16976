/** Which files of the lake are valid, and which days the database itself no longer holds. */
import { bucketOf, type GatewayId } from "@millwright/wire-contract";
import type pg from "pg";

import { firstSensibleDay } from "../samples/chunk.ts";
import type { WrittenPart } from "./part-writer.ts";

type Queryable = Pick<pg.ClientBase, "query">;

export interface LakeFile {
  readonly id: number;
  readonly day: number;
  readonly bucket: number;
  /** Below the lake's folder. */
  readonly path: string;
  readonly samples: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly fromUs: number;
  readonly toUs: number;
  readonly verifiedUs: number;
}

/** What there is of a day for a sixteenth of the gateways. */
export interface HistoryDay {
  readonly day: number;
  readonly bucket: number;
  readonly version: number;
  readonly compacted: number;
  readonly released: boolean;
}

interface FileRow {
  readonly id: bigint;
  readonly day: number;
  readonly bucket: number;
  readonly path: string;
  readonly samples: bigint;
  readonly byte_count: bigint;
  readonly sha256: string;
  readonly from_us: bigint;
  readonly to_us: bigint;
  readonly verified_us: bigint;
}

function toFile(row: FileRow): LakeFile {
  return {
    id: Number(row.id),
    day: row.day,
    bucket: row.bucket,
    path: row.path,
    samples: Number(row.samples),
    bytes: Number(row.byte_count),
    sha256: row.sha256,
    fromUs: Number(row.from_us),
    toUs: Number(row.to_us),
    verifiedUs: Number(row.verified_us),
  };
}

/** Files that hold what the database no longer does, for one gateway and a range of time. */
export async function releasedFiles(
  client: Queryable,
  gateway: GatewayId,
  fromUs: number,
  toUs: number,
): Promise<readonly LakeFile[]> {
  const found = await client.query<FileRow>(
    `select f.* from lake_files f join history_days d using (day, bucket)
     where f.state = 'listed' and d.released and f.bucket = $1 and f.from_us <= $3 and f.to_us >= $2 order by f.from_us`,
    [bucketOf(gateway), Math.floor(fromUs), Math.ceil(toUs)],
  );
  return found.rows.map(toFile);
}

export async function listedFiles(
  client: Queryable,
  day: number,
  bucket: number,
): Promise<readonly LakeFile[]> {
  const found = await client.query<FileRow>(
    "select * from lake_files where state = 'listed' and day = $1 and bucket = $2 order by id",
    [day, bucket],
  );
  return found.rows.map(toFile);
}

/** Those whose bytes were not looked at for the longest time. */
export async function filesToVerify(
  client: Queryable,
  beforeUs: number,
  filesMax: number,
): Promise<readonly LakeFile[]> {
  const found = await client.query<FileRow>(
    "select * from lake_files where state = 'listed' and verified_us < $1 order by verified_us limit $2",
    [Math.round(beforeUs), filesMax],
  );
  return found.rows.map(toFile);
}

/** Those that lie in the folder alone, oldest first. */
export async function filesToUpload(
  client: Queryable,
  filesMax: number,
): Promise<readonly LakeFile[]> {
  const found = await client.query<FileRow>(
    "select * from lake_files where state = 'listed' and uploaded_us is null order by id limit $1",
    [filesMax],
  );
  return found.rows.map(toFile);
}

/** Days whose files do not hold all that is stored. */
export async function daysToCompact(
  client: Queryable,
  beforeDay: number,
  changedBeforeUs: number,
): Promise<readonly HistoryDay[]> {
  const found = await client.query<{
    day: number;
    bucket: number;
    version: bigint;
    compacted: bigint;
    released: boolean;
  }>(
    `select day, bucket, version, compacted, released from history_days
     where compacted < version and day < $1 and day >= ${firstSensibleDay} and changed_us <= $2 order by day, bucket`,
    [beforeDay, Math.round(changedBeforeUs)],
  );
  return found.rows.map((row) => ({
    day: row.day,
    bucket: row.bucket,
    version: Number(row.version),
    compacted: Number(row.compacted),
    released: row.released,
  }));
}

/** Lists files in the place of those that were listed of this day and bucket. */
export async function listFiles(
  client: Queryable,
  day: number,
  bucket: number,
  parts: readonly (WrittenPart & { readonly path: string })[],
  nowUs: number,
): Promise<void> {
  await client.query(
    "update lake_files set state = 'replaced' where state = 'listed' and day = $1 and bucket = $2",
    [day, bucket],
  );
  for (const part of parts) {
    await client.query(
      `insert into lake_files (day, bucket, path, samples, byte_count, sha256, from_us, to_us, listed_us, verified_us)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`,
      [
        day,
        bucket,
        part.path,
        part.samples,
        part.bytes,
        part.sha256,
        Math.floor(part.fromUs),
        Math.ceil(part.toUs),
        Math.round(nowUs),
      ],
    );
  }
}
