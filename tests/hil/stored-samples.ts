/**
 * What the hub really holds: frames straight from PostgreSQL, decoded with the wire contract alone. None of the hub's
 * own code takes part, so that a view of the hub that is wrong cannot make a lost sample look stored.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";

import type { Refused } from "@millwright/kit";
import type { Stored } from "@millwright/scenario";
import {
  decodeDictionary,
  decodeLedger,
  decodeSamples,
  parseFrame,
  severityOf,
  type Dictionary,
  type LedgerEntry,
  type Scalar,
  type TagDefinition,
} from "@millwright/wire-contract";
import pg from "pg";

export interface HubContent {
  /** In the order of epoch rank, lane and number: within a tag, the order in which the gateway numbered them. */
  readonly samples: readonly Stored[];
  readonly entries: readonly LedgerEntry[];
}

/** Asks the database of the hub whose data are in `dataFolder`. One connection for each question: it may be killed. */
export async function askDatabase<Row extends pg.QueryResultRow>(
  dataFolder: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const [user = "", password = ""] = readFileSync(
    join(dataFolder, "postgres.credentials"),
    "utf8",
  ).split("\n");
  const client = new pg.Client({
    host: "127.0.0.1",
    port: Number(readFileSync(join(dataFolder, "postgres/port"), "utf8")),
    user,
    password,
    database: "postgres",
    connectionTimeoutMillis: 5_000,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return (await client.query<Row>(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** One stored sample, whatever its status. */
export interface StoredSample {
  readonly tag: TagDefinition;
  readonly measuredUs: number;
  readonly value: Scalar;
  readonly status: number;
}

/** The good samples and all ledger entries of a gateway. */
export async function readHub(dataFolder: string, gateway: string): Promise<HubContent> {
  const samples: Stored[] = [];
  const entries = await readFrames(dataFolder, gateway, ({ tag, measuredUs, value, status }) => {
    // "Device unreachable" is a sample too, but none that the device has handed out.
    if (severityOf(status) !== "good") return;
    samples.push({ tag: tag.id, measuredUs, value: Number(value) });
  });
  return { samples, entries };
}

/** Frames that came together share a row of the hub, each behind its length; 1 in the first byte: packed by zstd. */
function framesOfRun(row: Buffer): readonly Buffer[] {
  const bytes = row[0] === 1 ? zstdDecompressSync(row.subarray(1)) : row.subarray(1);
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 + bytes.readUInt32LE(at);
    frames.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return frames;
}

/**
 * Decodes all frames of a gateway; `take` gets the samples in the order in which the gateway kept them: of epoch rank,
 * place on the raw lane, number and row.
 *
 * @returns the ledger entries
 */
export async function readFrames(
  dataFolder: string,
  gateway: string,
  take: (sample: StoredSample) => void,
): Promise<readonly LedgerEntry[]> {
  const rows = await askDatabase<{ bytes: Buffer; rank: number | null; run_from: string | null }>(
    dataFolder,
    `select f.bytes, f.run_from, e.rank from frames f join epochs e on e.no = f.epoch_no where e.gateway = $1
     order by e.rank nulls last, f.lane, f.seq`,
    [gateway],
  );
  const frames = rows.flatMap(({ bytes, rank, run_from }) =>
    (run_from === null ? [bytes] : framesOfRun(bytes)).map((one) => {
      const parsed = parseFrame(one);
      if (parsed.kind !== "frame") throw new Error(`a stored frame is ${parsed.kind}`);
      return { ...parsed, rank: rank ?? Infinity };
    }),
  );

  const dictionaries = new Map<bigint, Dictionary>();
  const entries: LedgerEntry[] = [];
  for (const { head, body } of frames) {
    if (head.content === "dictionary") {
      const dictionary = decoded(decodeDictionary(body));
      dictionaries.set(dictionary.hash, dictionary);
    } else if (head.content === "ledger") {
      entries.push(...decoded(decodeLedger(body)));
    }
  }

  // The same order as of the query within each rank and raw place: sorting is stable.
  frames.sort((a, b) => a.rank - b.rank || a.head.rawFrom - b.head.rawFrom);
  for (const { head, body } of frames) {
    if (head.content !== "samples") continue;
    const dictionary = dictionaries.get(head.dictionary);
    if (dictionary === undefined) throw new Error(`frame ${head.seq} has no dictionary`);
    const columns = decoded(decodeSamples(body, dictionary));
    for (let row = 0; row < columns.count; row++) {
      const tag = dictionary.byIndex(columns.tag[row] ?? -1);
      if (tag === undefined) throw new Error(`frame ${head.seq} has a tag without a name`);
      take({
        tag,
        measuredUs: columns.measuredUs[row] ?? Number.NaN,
        value: columns.wide?.get(row) ?? columns.value[row] ?? Number.NaN,
        status: columns.status[row] ?? 0,
      });
    }
  }
  return entries;
}

function decoded<T extends object>(answer: T | Refused): T {
  if ("reason" in answer) throw new Error(`a stored frame cannot be decoded: ${answer.reason}`);
  return answer;
}
