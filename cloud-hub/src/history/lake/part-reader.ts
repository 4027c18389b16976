/** Samples of one tag out of Parquet files. */
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Series } from "@millwright/aggregates";
import type { Scalar, ValueType } from "@millwright/wire-contract";

import { emptySeries } from "../samples/merge-series.ts";
import { quoted } from "./duck.ts";

export interface PartQuestion {
  readonly paths: readonly string[];
  readonly gateway: string;
  readonly tag: string;
  readonly type: ValueType;
  readonly fromUs: number;
  readonly toUs: number;
}

/**
 * In the order of the files: by time within each of them. Rows are taken as DuckDB finds them and not gathered by it
 * first, so nothing else may be asked on this connection meanwhile.
 */
export async function readPart(
  connection: DuckDBConnection,
  { paths, gateway, tag, type, fromUs, toUs }: PartQuestion,
): Promise<Series> {
  if (paths.length === 0) return emptySeries;
  const wide = hasScalars(type);
  const result = await connection.stream(
    `select epoch_us(time)::double, value, status${wide ? ", exact" : ""}
     from read_parquet([${paths.map(quoted).join(", ")}])
     where gateway = ${quoted(gateway)} and tag = ${quoted(tag)}
       and time >= make_timestamptz(${Math.ceil(fromUs)}) and time <= make_timestamptz(${Math.floor(toUs)})`,
  );
  const columns = new Columns();
  for (;;) {
    const chunk = await result.fetchChunk();
    // Asked once: each time it is a call into the library.
    const rows = chunk?.rowCount ?? 0;
    if (chunk === null || rows === 0) break;
    const [us, value, status] = [0, 1, 2].map((at) => chunk.getColumnVector(at));
    const exact = wide ? chunk.getColumnVector(3) : undefined;
    if (us === undefined || value === undefined || status === undefined) break;
    columns.reserve(rows);
    for (let row = 0; row < rows; row++) {
      const word = exact?.getItem(row);
      columns.push(
        us.getItem(row) as number,
        value.getItem(row) as number,
        status.getItem(row) as number,
        typeof word === "string" ? scalarOf(word, type) : undefined,
      );
    }
  }
  return columns.finish();
}

/** Types whose values the column `exact` holds. */
export function hasScalars(type: ValueType): boolean {
  return type === "int64" || type === "uint64" || type === "string" || type === "bytes";
}

function scalarOf(word: string, type: ValueType): Scalar {
  if (type === "int64" || type === "uint64") return BigInt(word);
  return type === "bytes" ? new Uint8Array(Buffer.from(word, "hex")) : word;
}

/** A day of one sample a second fits without growing. */
const roomAtFirst = 2 ** 17;

class Columns {
  #us = new Float64Array(roomAtFirst);
  #value = new Float64Array(roomAtFirst);
  #status = new Uint32Array(roomAtFirst);
  readonly #wide = new Map<number, Scalar>();
  #count = 0;

  /** Room for so many more. */
  reserve(rows: number): void {
    while (this.#count + rows > this.#us.length) this.#grow();
  }

  push(us: number, value: number, status: number, scalar: Scalar | undefined): void {
    const at = this.#count++;
    this.#us[at] = us;
    this.#value[at] = scalar === undefined ? value : NaN;
    this.#status[at] = status;
    if (scalar !== undefined) this.#wide.set(at, scalar);
  }

  finish(): Series {
    const series = {
      count: this.#count,
      measuredUs: this.#us.subarray(0, this.#count),
      value: this.#value.subarray(0, this.#count),
      status: this.#status.subarray(0, this.#count),
    };
    return this.#wide.size === 0 ? series : { ...series, wide: this.#wide };
  }

  #grow(): void {
    const room = this.#us.length * 2;
    const [us, value, status] = [
      new Float64Array(room),
      new Float64Array(room),
      new Uint32Array(room),
    ];
    us.set(this.#us);
    value.set(this.#value);
    status.set(this.#status);
    [this.#us, this.#value, this.#status] = [us, value, status];
  }
}
