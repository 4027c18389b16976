import type pg from "pg";

/** Beyond this the oldest half of a big fleet's tags is looked up again. */
const knownMax = 200_000;

/** Finds the number of a tag. A tag keeps its number for ever. */
export class SeriesFinder {
  readonly #pool: Pick<pg.Pool, "query">;
  readonly #known = new Map<string, number>();

  constructor(pool: Pick<pg.Pool, "query">) {
    this.#pool = pool;
  }

  /** In the order of `tags`; undefined for a tag of which nothing is sorted yet. */
  async find(gateway: string, tags: readonly string[]): Promise<readonly (number | undefined)[]> {
    const missing = tags.filter((tag) => !this.#known.has(`${gateway}/${tag}`));
    if (missing.length > 0) {
      const found = await this.#pool.query<{ no: number; tag: string }>(
        "select no, tag from series where gateway = $1 and tag = any($2::text[])",
        [gateway, missing],
      );
      if (this.#known.size > knownMax) this.#known.clear();
      for (const { no, tag } of found.rows) this.#known.set(`${gateway}/${tag}`, no);
    }
    return tags.map((tag) => this.#known.get(`${gateway}/${tag}`));
  }
}
