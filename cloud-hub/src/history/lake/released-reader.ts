/** Samples of days that the database has let go, from the files of the lake. */
import { inTime, type Series } from "@millwright/aggregates";
import type { GatewayId, ValueType } from "@millwright/wire-contract";
import type pg from "pg";

import { emptySeries } from "../samples/merge-series.ts";
import { DuckReaders, readersMax } from "./duck-readers.ts";
import type { LakeFolder } from "./lake-folder.ts";
import { releasedFiles } from "./lake-store.ts";
import { readPart } from "./part-reader.ts";
import { streamParts, type TakeRun } from "./stream-parts.ts";

export class ReleasedReader implements Disposable {
  readonly #pool: pg.Pool;
  readonly #lake: LakeFolder;
  readonly #readers: DuckReaders;

  constructor(pool: pg.Pool, lake: LakeFolder) {
    this.#pool = pool;
    this.#lake = lake;
    this.#readers = new DuckReaders(lake.scratch);
  }

  /** Paths of files with samples of this gateway and range; empty when the database holds all there is. */
  async paths(gateway: GatewayId, fromUs: number, toUs: number): Promise<readonly string[]> {
    const paths: string[] = [];
    for (const file of await releasedFiles(this.#pool, gateway, fromUs, toUs)) {
      const path = await this.#lake.checked(file);
      if (path !== undefined) paths.push(path);
    }
    return paths;
  }

  /** In order of time. */
  async read(
    paths: readonly string[],
    gateway: GatewayId,
    tag: string,
    type: ValueType,
    fromUs: number,
    toUs: number,
  ): Promise<Series> {
    if (paths.length === 0) return emptySeries;
    const question = { paths, gateway, tag, type, fromUs, toUs };
    const series = await this.#readers.use((connection) => readPart(connection, question));
    return inTime(series, -Infinity, Infinity);
  }

  /** Of several tags at once, each in order of time as far as its files are. Runs of one tag come one after the other. */
  async stream(
    paths: readonly string[],
    gateway: GatewayId,
    tags: readonly string[],
    fromUs: number,
    toUs: number,
    take: TakeRun,
  ): Promise<void> {
    // A question is answered by one thread. Neighbours by name lie together in the files, and are read together.
    const byName = tags
      .map((tag, at) => ({ tag, at }))
      .toSorted((a, b) => (a.tag < b.tag ? -1 : 1));
    const each = Math.ceil(byName.length / readersMax);
    const parts = Array.from({ length: readersMax }, (_, part) =>
      byName.slice(part * each, (part + 1) * each),
    );
    await Promise.all(
      parts.map(async (part) => {
        const question = { paths, gateway, tags: part.map(({ tag }) => tag), fromUs, toUs };
        await this.#readers.use((connection) =>
          streamParts(connection, question, (place, ...columns) => {
            take(part[place]?.at ?? -1, ...columns);
          }),
        );
      }),
    );
  }

  [Symbol.dispose](): void {
    this.#readers[Symbol.dispose]();
  }
}
