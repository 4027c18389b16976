/** Samples of a range as one Parquet file, for people who work with data: made piece by piece, as it is taken. */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { DuckDBConnection } from "@duckdb/node-api";
import type { GatewayId, ValueType } from "@millwright/wire-contract";
import type pg from "pg";

import { dayUs } from "../samples/chunk.ts";
import type { SampleReader } from "../sample-reader.ts";
import { openDuck, quoted } from "./duck.ts";
import { hasRoom } from "./export-bounds.ts";
import { fileRun } from "./file-run.ts";
import { JoinedParquet, type FileRange } from "./joined-parquet.ts";
import type { LakeFolder } from "./lake-folder.ts";
import { hasScalars } from "./part-reader.ts";
import { parquetForm, PartWriter } from "./part-writer.ts";

export interface ExportOrder {
  readonly gateway: GatewayId;
  readonly tags: readonly string[];
  readonly fromUs: number;
  readonly toUs: number;
}

/** What comes next of the answer; who has taken it removes the file. */
export interface ExportPiece extends FileRange {
  readonly path: string;
}

export interface ExportParts {
  readonly pool: pg.Pool;
  readonly reader: SampleReader;
  readonly lake: LakeFolder;
}

interface ExportSeries {
  readonly no: number;
  readonly tag: string;
  readonly unit: string;
  readonly type: ValueType;
}

/** As many as a piece may have, going by the piece before it: some 10 to 100 MB in the scratch folder, made in a few seconds. */
const samplesAimed = 4_000_000;
/** By how much a piece may have more days than the one before it, whose samples say little about those of a new month. */
const growth = 8;
/** What is merged is held in memory until it is written; DuckDB sorts so much without its files. */
const mergedSamplesMax = 1_000_000;
/** What DuckDB may put into its files: pieces are written as they are read, and sorted only where they were merged. */
const spillMebibytes = 1_024;

const folderPrefix = "export-";

/** Removes what exports that did not end have left. */
export function removeExports(scratch: string): void {
  if (!existsSync(scratch)) return;
  for (const name of readdirSync(scratch)) {
    if (name.startsWith(folderPrefix))
      rmSync(join(scratch, name), { recursive: true, force: true });
  }
}

/** An export on its way. Pieces are asked for one after the other; each is made when it is asked for. */
export class SampleExport implements AsyncDisposable {
  readonly #parts: ExportParts;
  readonly #order: ExportOrder;
  readonly #folder: string;
  readonly #joined = new JoinedParquet();
  readonly #pieces: AsyncGenerator<ExportPiece, undefined>;
  #duck: DuckDBConnection | undefined;
  #given = 0;
  #closed = false;

  /** @param name of its folder, which no other export on its way has */
  constructor(parts: ExportParts, name: string, order: ExportOrder) {
    this.#parts = parts;
    this.#order = order;
    this.#folder = join(parts.lake.scratch, `${folderPrefix}${name}`);
    this.#pieces = this.#make();
  }

  /** Undefined behind the last. */
  async next(): Promise<ExportPiece | undefined> {
    return (await this.#pieces.next()).value;
  }

  /** Ends what is being made; its question fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#duck?.interrupt();
    await this.#pieces.return(undefined).catch(() => undefined);
    this.#duck?.closeSync();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async *#make(): AsyncGenerator<ExportPiece, undefined> {
    mkdirSync(this.#folder, { recursive: true });
    const duck = await openDuck(this.#folder, spillMebibytes);
    this.#duck = duck;
    // Each file is opened once for each tag; its footer is read once.
    await duck.run("set parquet_metadata_cache = true");
    const { fromUs, toUs } = this.#order;
    await this.#allAreRead(fromUs, toUs);
    for (const series of await this.#series()) yield* this.#ofTag(duck, series);
    if (this.#joined.rows === 0) {
      // No samples are an answer, too: a file with its columns.
      const path = this.#nextPath();
      await (await PartWriter.open(duck)).finish(path);
      yield { path, from: 0, end: statSync(path).size };
      return undefined;
    }
    const path = this.#nextPath();
    const footer = this.#joined.finish();
    writeFileSync(path, footer);
    yield { path, from: 0, end: footer.length };
    return undefined;
  }

  async *#ofTag(duck: DuckDBConnection, series: ExportSeries): AsyncGenerator<ExportPiece, void> {
    const { fromUs, toUs } = this.#order;
    let days = 1;
    for (let us = fromUs; us <= toUs;) {
      this.#goesOn();
      const path = this.#nextPath();
      const copied = await this.#copy(duck, series, us, days, path);
      const { reachedUs, samples } = copied ?? (await this.#merge(duck, series, us, path));
      if (samples > 0) yield { path, ...this.#joined.add(path) };
      else rmSync(path, { force: true });
      if (copied !== undefined) days = nextDays(days, samples);
      us = reachedUs + 1;
    }
  }

  /**
   * From file to file inside DuckDB, in the order in which they lie there; undefined when the first day has to be merged.
   * @param days as many at most, from the first that files hold
   */
  async #copy(
    duck: DuckDBConnection,
    { no, tag, unit, type }: ExportSeries,
    fromUs: number,
    days: number,
    path: string,
  ): Promise<Taken | undefined> {
    const { pool, lake } = this.#parts;
    const { gateway, toUs } = this.#order;
    const run = await fileRun(pool, gateway, no, { fromUs, toUs });
    if (run.toUs < fromUs) return undefined;
    const firstUs = Math.max(fromUs, run.files[0]?.fromUs ?? run.toUs);
    const reachedUs = Math.min(run.toUs, endOfDay(firstUs) + (days - 1) * dayUs);
    const paths: string[] = [];
    for (const file of run.files.filter((one) => one.fromUs <= reachedUs)) {
      this.#goesOn();
      const whole = await lake.checked(file);
      if (whole !== undefined) paths.push(whole);
    }
    if (paths.length === 0) return { reachedUs, samples: 0 };
    this.#goesOn();
    const copied = await duck.run(
      `copy (
         select gateway, tag, time, value, ${hasScalars(type) ? "exact" : "null::varchar as exact"}, status,
           ${quoted(unit)} as unit, 0::bigint as clock_segment
         from read_parquet([${paths.map(quoted).join(", ")}])
         where gateway = ${quoted(gateway)} and tag = ${quoted(tag)}
           and time >= make_timestamptz(${Math.ceil(fromUs)}) and time <= make_timestamptz(${Math.floor(reachedUs)})
       ) to ${quoted(path)} (${parquetForm})`,
    );
    return { reachedUs, samples: copied.rowsChanged };
  }

  /** Day by day, at least one, until there is enough for a piece or files alone go on. */
  async #merge(
    duck: DuckDBConnection,
    { no, tag, unit }: ExportSeries,
    fromUs: number,
    path: string,
  ): Promise<Taken> {
    const { pool, reader } = this.#parts;
    const { gateway, toUs } = this.#order;
    const writer = await PartWriter.open(duck);
    let us = fromUs;
    let endUs: number;
    do {
      this.#goesOn();
      endUs = Math.min(toUs, endOfDay(us));
      await this.#allAreRead(us, endUs);
      const [samples] = await reader.read(gateway, [tag], [no], us, endUs);
      if (samples !== undefined) writer.append({ gateway, tag, unit }, samples, 0);
      us = endUs + 1;
    } while (
      us <= toUs &&
      writer.samples < mergedSamplesMax &&
      (await fileRun(pool, gateway, no, { fromUs: us, toUs: endOfDay(us) })).toUs < us
    );
    return { reachedUs: endUs, samples: (await writer.finish(path)).samples };
  }

  async #series(): Promise<readonly ExportSeries[]> {
    const { gateway, tags } = this.#order;
    const found = await this.#parts.pool.query<ExportSeries>(
      "select no, tag, unit, type from series where gateway = $1 and tag = any($2::text[])",
      [gateway, tags],
    );
    // As DuckDB orders texts: by their bytes.
    return found.rows.toSorted((a, b) => Buffer.compare(Buffer.from(a.tag), Buffer.from(b.tag)));
  }

  #nextPath(): string {
    return join(this.#folder, `piece-${++this.#given}.parquet`);
  }

  /** An answer that lacks samples without a word would be worse than none. */
  async #allAreRead(fromUs: number, toUs: number): Promise<void> {
    const frames = await this.#parts.reader.framesBeyond(this.#order.gateway, fromUs, toUs);
    if (frames === 0) return;
    throw new Error(
      `samples of this time in ${frames} frames wait to be sorted by tag, and would be left out: ask again in ten minutes, or for a time before; when it stays so, the hub's log says why the sorter stands still`,
    );
  }

  #goesOn(): void {
    if (this.#closed) throw new Error("the export was ended");
    if (!hasRoom(this.#parts.lake.scratch, "on its way"))
      throw new Error(
        "the disk of the lake's folder is nearly full: free some of it and ask again",
      );
  }
}

/** A part of a range that is done. */
interface Taken {
  /** Its last µs. */
  readonly reachedUs: number;
  readonly samples: number;
}

/** Days of the piece behind one that was allowed so many and had so many samples. */
function nextDays(days: number, samples: number): number {
  const aimed = samples === 0 ? Infinity : Math.floor((days * samplesAimed) / samples);
  return Math.max(1, Math.min(days * growth, aimed));
}

function endOfDay(us: number): number {
  return (Math.floor(us / dayUs) + 1) * dayUs - 1;
}
