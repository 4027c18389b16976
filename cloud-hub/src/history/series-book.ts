/** The number of each tag in history, and the dictionaries that say what a tag's samples mean. */
import {
  decodeDictionary,
  type Dictionary,
  type GatewayId,
  type TagDefinition,
} from "@millwright/wire-contract";
import type pg from "pg";

/**
 * Tags of the dictionaries at hand, some 200 MB: half a million tags are 5,000 gateways of 100. A bound on dictionaries
 * would let a fleet of more gateways read all of them again in each pass.
 */
const tagsMax = 500_000;

type Queryable = Pick<pg.ClientBase, "query">;

export class SeriesBook {
  readonly #dictionaries = new Map<string, Dictionary>();
  #tags = 0;
  /** By dictionary: the series by tag index. */
  readonly #numbers = new WeakMap<Dictionary, Int32Array>();

  /** Undefined when the hub has never heard of it: it may still be on its way. */
  async dictionary(
    client: Queryable,
    gateway: GatewayId,
    hash: bigint,
  ): Promise<Dictionary | undefined> {
    const key = `${gateway}/${hash}`;
    const known = this.#dictionaries.get(key);
    if (known !== undefined) return known;
    const found = await client.query<{ body: Buffer }>(
      "select body from dictionaries where gateway = $1 and hash = $2",
      [gateway, BigInt.asIntN(64, hash)],
    );
    const body = found.rows[0]?.body;
    if (body === undefined) return undefined;
    const dictionary = decodeDictionary(body);
    if ("kind" in dictionary) return undefined;
    this.#keep(key, dictionary);
    return dictionary;
  }

  /** Those that were read first leave first. */
  #keep(key: string, dictionary: Dictionary): void {
    this.#dictionaries.set(key, dictionary);
    this.#tags += dictionary.tags.length;
    for (const [oldest, { tags }] of this.#dictionaries) {
      if (this.#tags <= tagsMax || oldest === key) break;
      this.#dictionaries.delete(oldest);
      this.#tags -= tags.length;
    }
  }

  /** The series of a dictionary's tags, by tag index; -1 where there is no tag. New tags get their numbers. */
  async numbers(
    client: Queryable,
    gateway: GatewayId,
    dictionary: Dictionary,
  ): Promise<Int32Array> {
    const known = this.#numbers.get(dictionary);
    if (known !== undefined) return known;
    const { tags } = dictionary;
    await upsertSeries(client, gateway, tags);
    const found = await client.query<{ no: number; tag: string }>(
      "select no, tag from series where gateway = $1",
      [gateway],
    );
    const byTag = new Map(found.rows.map((row) => [row.tag, row.no]));
    const last = tags.at(-1)?.index ?? -1;
    const numbers = new Int32Array(last + 1).fill(-1);
    for (const { index, id } of tags) numbers[index] = byTag.get(id) ?? -1;
    this.#numbers.set(dictionary, numbers);
    return numbers;
  }
}

async function upsertSeries(
  client: Queryable,
  gateway: GatewayId,
  tags: readonly TagDefinition[],
): Promise<void> {
  const text = (of: (tag: TagDefinition) => string): string[] => tags.map(of);
  await client.query(
    `insert into series (gateway, tag, name, device, asset, unit, type, kind, decimals)
     select $1, t.* from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
       $9::smallint[]) t
     on conflict (gateway, tag) do update set name = excluded.name, device = excluded.device,
       asset = excluded.asset, unit = excluded.unit, type = excluded.type, kind = excluded.kind,
       decimals = excluded.decimals
     where (series.name, series.device, series.asset, series.unit, series.type, series.kind, series.decimals)
       is distinct from (excluded.name, excluded.device, excluded.asset, excluded.unit, excluded.type,
         excluded.kind, excluded.decimals)`,
    [
      gateway,
      text((tag) => tag.id),
      text((tag) => tag.name),
      text((tag) => tag.device),
      text((tag) => tag.asset),
      text((tag) => tag.unit),
      text((tag) => tag.type),
      text((tag) => tag.kind),
      tags.map((tag) => tag.decimals),
    ],
  );
}
