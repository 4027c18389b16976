/** The number of each tag in history, and the dictionaries that say what a tag's samples mean. */
import {
  readDictionary,
  type Dictionary,
  type GatewayId,
  type TagDefinition,
} from "@millwright/wire-contract";
import type pg from "pg";

import { numbers } from "../database/rows.ts";

/**
 * Tags of the dictionaries at hand, some 200 MB: half a million tags are 5,000 gateways of 100. A bound on dictionaries
 * would let a fleet of more gateways read all of them again in each pass.
 */
const tagsMax = 500_000;

type Queryable = Pick<pg.ClientBase, "query">;

/** A dictionary, as a frame names it. */
export interface NamedDictionary {
  readonly gateway: GatewayId;
  readonly hash: bigint;
}

/** Tags whose numbers are asked for in one question; that of one gateway of more is longer. */
const tagsTogether = 20_000;

/** A dictionary of one gateway, and the series of its tags by tag index: -1 where there is no tag. */
export interface Numbered {
  readonly dictionary: Dictionary;
  readonly numbers: Int32Array;
}

/** Gateways that were set up alike share the dictionary, and never the series. */
interface Kept {
  readonly dictionary: Dictionary;
  numbers: Int32Array | undefined;
}

export class SeriesBook {
  readonly #kept = new Map<string, Kept>();
  #tags = 0;

  /**
   * Brings all of these to hand that the hub has heard of, with the numbers of their tags. A pass over thousands of
   * gateways that it meets for the first time would ask three questions for each of them.
   */
  async fetch(client: Queryable, wanted: readonly NamedDictionary[]): Promise<void> {
    const missing = new Map(
      wanted.flatMap((one) => (this.#kept.has(keyOf(one)) ? [] : [[keyOf(one), one]])),
    );
    if (missing.size === 0) return;
    const asked = [...missing.values()];
    const found = await client.query<{ gateway: GatewayId; hash: bigint; body: Buffer }>(
      `select d.gateway, d.hash, d.body from unnest($1::text[], $2::bigint[]) k (gateway, hash)
       join dictionaries d using (gateway, hash)`,
      [asked.map(({ gateway }) => gateway), asked.map(({ hash }) => BigInt.asIntN(64, hash))],
    );
    let unnumbered: DictionaryOfGateway[] = [];
    let tags = 0;
    for (const { gateway, hash, body } of found.rows) {
      const dictionary = readDictionary(body);
      if ("kind" in dictionary) continue;
      this.#keep(keyOf({ gateway, hash: BigInt.asUintN(64, hash) }), dictionary);
      unnumbered.push({ gateway, dictionary });
      tags += dictionary.size;
      if (tags < tagsTogether) continue;
      await this.#number(client, unnumbered);
      [unnumbered, tags] = [[], 0];
    }
    await this.#number(client, unnumbered);
  }

  /** Undefined when the hub has never heard of it: it may still be on its way. */
  async dictionary(
    client: Queryable,
    gateway: GatewayId,
    hash: bigint,
  ): Promise<Dictionary | undefined> {
    const key = keyOf({ gateway, hash });
    const known = this.#kept.get(key);
    if (known !== undefined) return known.dictionary;
    const found = await client.query<{ body: Buffer }>(
      "select body from dictionaries where gateway = $1 and hash = $2",
      [gateway, BigInt.asIntN(64, hash)],
    );
    const body = found.rows[0]?.body;
    if (body === undefined) return undefined;
    const dictionary = readDictionary(body);
    if ("kind" in dictionary) return undefined;
    this.#keep(key, dictionary);
    return dictionary;
  }

  /** What is here of both; undefined where one of them has to be asked for. */
  atHand(gateway: GatewayId, hash: bigint): Numbered | undefined {
    const kept = this.#kept.get(keyOf({ gateway, hash }));
    return kept?.numbers === undefined
      ? undefined
      : { dictionary: kept.dictionary, numbers: kept.numbers };
  }

  /** Those that were read first leave first. */
  #keep(key: string, dictionary: Dictionary): void {
    this.#kept.set(key, { dictionary, numbers: undefined });
    this.#tags += dictionary.size;
    for (const [
      oldest,
      {
        dictionary: { size },
      },
    ] of this.#kept) {
      if (this.#tags <= tagsMax || oldest === key) break;
      this.#kept.delete(oldest);
      this.#tags -= size;
    }
  }

  /** The series of a dictionary's tags, by tag index; -1 where there is no tag. New tags get their numbers. */
  async numbers(
    client: Queryable,
    gateway: GatewayId,
    dictionary: Dictionary,
  ): Promise<Int32Array> {
    const known = this.#kept.get(keyOf({ gateway, hash: dictionary.hash }))?.numbers;
    if (known !== undefined) return known;
    const [numbers = new Int32Array(0)] = await this.#number(client, [{ gateway, dictionary }]);
    return numbers;
  }

  /** In the order of the question. */
  async #number(
    client: Queryable,
    of: readonly DictionaryOfGateway[],
  ): Promise<readonly Int32Array[]> {
    if (of.length === 0) return [];
    await upsertSeries(client, of);
    const found = await client.query<{ gateway: GatewayId; no: number; tag: string }>(
      "select gateway, no, tag from series where gateway = any($1::text[])",
      [[...new Set(of.map(({ gateway }) => gateway))]],
    );
    const byGateway = new Map<GatewayId, Map<string, number>>();
    for (const { gateway, no, tag } of found.rows) {
      let byTag = byGateway.get(gateway);
      if (byTag === undefined) byGateway.set(gateway, (byTag = new Map<string, number>()));
      byTag.set(tag, no);
    }
    return of.map(({ gateway, dictionary }) => {
      const byTag = byGateway.get(gateway);
      const { book, hash } = dictionary;
      const numbers = new Int32Array((book.indices.at(-1) ?? -1) + 1).fill(-1);
      for (const index of book.indices) numbers[index] = byTag?.get(book.idOf(index) ?? "") ?? -1;
      const kept = this.#kept.get(keyOf({ gateway, hash }));
      if (kept !== undefined) kept.numbers = numbers;
      return numbers;
    });
  }
}

interface DictionaryOfGateway {
  readonly gateway: GatewayId;
  readonly dictionary: Dictionary;
}

function keyOf({ gateway, hash }: NamedDictionary): string {
  return `${gateway}/${hash}`;
}

/** Tags of one gateway or of several that were set up alike. */
interface Sheet {
  readonly tags: readonly TagDefinition[];
  readonly gateways: GatewayId[];
}

/**
 * Two dictionaries of one gateway may have the same tag, and a statement writes a row once: the last one says. Gateways
 * with one dictionary each that is the same are on one sheet.
 */
function sheetsOf(of: readonly DictionaryOfGateway[]): readonly Sheet[] {
  const byGateway = new Map<GatewayId, Dictionary[]>();
  for (const { gateway, dictionary } of of) {
    const known = byGateway.get(gateway);
    if (known === undefined) byGateway.set(gateway, [dictionary]);
    else known.push(dictionary);
  }
  const shared = new Map<Dictionary, Sheet>();
  const sheets: Sheet[] = [];
  for (const [gateway, dictionaries] of byGateway) {
    const [first, second] = dictionaries;
    const alike = first !== undefined && second === undefined ? shared.get(first) : undefined;
    if (alike !== undefined) {
      alike.gateways.push(gateway);
      continue;
    }
    const tags = new Map(dictionaries.flatMap((one) => one.tags).map((tag) => [tag.id, tag]));
    const sheet = { tags: [...tags.values()], gateways: [gateway] };
    sheets.push(sheet);
    if (first !== undefined && second === undefined) shared.set(first, sheet);
  }
  return sheets;
}

/** What a tag is goes over once for all gateways on a sheet: of a fleet that was set up alike, it would be nearly all that goes. */
async function upsertSeries(client: Queryable, of: readonly DictionaryOfGateway[]): Promise<void> {
  const sheets = sheetsOf(of);
  const gateways = sheets.flatMap(({ gateways }, at) =>
    gateways.map((gateway) => ({ at, gateway })),
  );
  const tags = sheets.flatMap(({ tags }, at) => tags.map((tag) => ({ at, tag })));
  const text = (of: (tag: TagDefinition) => string): string[] => tags.map(({ tag }) => of(tag));
  await client.query(
    `insert into series (gateway, tag, name, device, asset, unit, type, kind, decimals)
     select g.gateway, t.tag, t.name, t.device, t.asset, t.unit, t.type, t.kind, t.decimals
     from unnest($1::int[], $2::text[]) g (sheet, gateway)
     join unnest($3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
       $11::smallint[]) t (sheet, tag, name, device, asset, unit, type, kind, decimals) using (sheet)
     on conflict (gateway, tag) do update set name = excluded.name, device = excluded.device,
       asset = excluded.asset, unit = excluded.unit, type = excluded.type, kind = excluded.kind,
       decimals = excluded.decimals
     where (series.name, series.device, series.asset, series.unit, series.type, series.kind, series.decimals)
       is distinct from (excluded.name, excluded.device, excluded.asset, excluded.unit, excluded.type,
         excluded.kind, excluded.decimals)`,
    [
      numbers(gateways.map(({ at }) => at)),
      gateways.map(({ gateway }) => gateway),
      numbers(tags.map(({ at }) => at)),
      text((tag) => tag.id),
      text((tag) => tag.name),
      text((tag) => tag.device),
      text((tag) => tag.asset),
      text((tag) => tag.unit),
      text((tag) => tag.type),
      text((tag) => tag.kind),
      numbers(tags.map(({ tag }) => tag.decimals)),
    ],
  );
}
