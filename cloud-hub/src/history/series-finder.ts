import type pg from "pg";

/** A tag of one gateway among those of many. */
export interface TagPlace {
  readonly gateway: string;
  readonly tag: string;
}

/** Beyond this those of a big fleet are looked up again. */
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
    return await this.findEach(tags.map((tag) => ({ gateway, tag })));
  }

  /** The same of many gateways, in one question. */
  async findEach(places: readonly TagPlace[]): Promise<readonly (number | undefined)[]> {
    if (this.#known.size > knownMax) this.#known.clear();
    const missing = places.filter((place) => !this.#known.has(keyOf(place)));
    if (missing.length > 0) {
      const found = await this.#pool.query<TagPlace & { no: number }>(
        `select s.no, s.gateway, s.tag from unnest($1::text[], $2::text[]) k (gateway, tag)
         join series s using (gateway, tag)`,
        [missing.map(({ gateway }) => gateway), missing.map(({ tag }) => tag)],
      );
      for (const { no, ...place } of found.rows) this.#known.set(keyOf(place), no);
    }
    return places.map((place) => this.#known.get(keyOf(place)));
  }
}

function keyOf({ gateway, tag }: TagPlace): string {
  return `${gateway}/${tag}`;
}
