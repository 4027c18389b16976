/** Connections to read with: each gives one answer at a time, and tags of a chart are read side by side. */
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

import { connectDuck, createDuck } from "./duck.ts";

/** As many as DuckDB has threads: what is streamed is read by one of them. */
export const readersMax = 2;

export class DuckReaders implements Disposable {
  readonly #scratch: string;
  readonly #idle: DuckDBConnection[] = [];
  /** Those who wait for a turn; they are bounded by the questions that the lake's host takes. */
  readonly #waiting: (() => void)[] = [];
  #instance: Promise<DuckDBInstance> | undefined;
  #busy = 0;
  #closed = false;

  /** @param scratch where DuckDB may put what does not fit into memory */
  constructor(scratch: string) {
    this.#scratch = scratch;
  }

  async use<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    while (this.#busy >= readersMax) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    this.#busy++;
    try {
      const connection = this.#idle.pop() ?? (await this.#open());
      try {
        return await work(connection);
      } finally {
        if (this.#closed) connection.closeSync();
        else this.#idle.push(connection);
      }
    } finally {
      this.#busy--;
      this.#waiting.shift()?.();
    }
  }

  /** Those in use are closed when they come back. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) connection.closeSync();
  }

  async #open(): Promise<DuckDBConnection> {
    const instance = (this.#instance ??= createDuck(this.#scratch));
    // One that could not be made is made again for the next question.
    instance.catch(() => {
      this.#instance = undefined;
    });
    return connectDuck(await instance);
  }
}
