import type Database from "better-sqlite3";
import {
  decodeDictionary,
  encodeDictionary,
  makeDictionary,
  type DeviceId,
  type Dictionary,
  type TagDefinition,
} from "@millwright/wire-contract";

import type { DeclaredTag } from "../hand-over.ts";
import { bigOf, bytesOf64 } from "./frame-table.ts";

/** Tags under their permanent index, and the dictionaries that frames were encoded with. */

interface TagRow {
  readonly definition: string;
  readonly declared: number;
}

export class TagTable {
  readonly #db: Database.Database;
  readonly #dictionaries = new Map<bigint, Dictionary>();
  #current: Dictionary = makeDictionary([]);

  constructor(db: Database.Database) {
    this.#db = db;
  }

  get current(): Dictionary {
    return this.#current;
  }

  /** Devices of the tags that were declared last: those whose samples a stopped gateway misses. */
  devices(): DeviceId[] {
    const devices = new Set<DeviceId>();
    for (const { tag, declared } of this.#rows().values()) if (declared) devices.add(tag.device);
    return [...devices];
  }

  /**
   * Gives each tag its index. Inside a transaction, because an index that was used and forgotten would be given twice.
   *
   * @param lastId the last sample frame that may use the dictionary before this one
   */
  adopt(tags: readonly DeclaredTag[], lastId: number): Dictionary {
    const rows = this.#rows();
    const known = new Map([...rows].map(([id, { tag }]) => [id, tag]));
    const adopted = adoptTags(known, tags);
    const write = this.#db.prepare(
      `insert into tag (id, tag_index, revision, declared, definition) values (?, ?, ?, 1, ?)
       on conflict (id) do update set revision = excluded.revision, declared = 1, definition = excluded.definition`,
    );
    for (const tag of adopted) {
      const definition = toJson(tag);
      const before = rows.get(tag.id);
      if (before?.declared === true && toJson(before.tag) === definition) continue;
      write.run(tag.id, tag.index, tag.revision, definition);
    }
    const declared = new Set<string>(adopted.map((tag) => tag.id));
    const gone = this.#db.prepare("update tag set declared = 0 where id = ?");
    for (const [id, row] of rows) if (row.declared && !declared.has(id)) gone.run(id);

    const dictionary = makeDictionary(adopted);
    const hash = bytesOf64(dictionary.hash);
    this.#db
      .prepare("update dictionary set last_id = ? where last_id is null and hash <> ?")
      .run(lastId, hash);
    this.#db
      .prepare(
        `insert into dictionary (hash, last_id, body) values (?, null, ?)
         on conflict (hash) do update set last_id = null`,
      )
      .run(hash, encodeDictionary(dictionary));
    this.#current = dictionary;
    this.#dictionaries.set(dictionary.hash, dictionary);
    return dictionary;
  }

  /** The dictionary of a stored frame. */
  byHash(hash: bigint): Dictionary | undefined {
    const held = this.#dictionaries.get(hash);
    if (held !== undefined) return held;
    const body = this.#db
      .prepare<[Buffer], Buffer>("select body from dictionary where hash = ?")
      .pluck()
      .get(bytesOf64(hash));
    if (body === undefined) return undefined;
    const dictionary = decodeDictionary(body);
    if ("kind" in dictionary) return undefined;
    this.#dictionaries.set(hash, dictionary);
    return dictionary;
  }

  /** All that held frames may use, the one in use last. */
  held(): Dictionary[] {
    const hashes = this.#db
      .prepare<[], Buffer>("select hash from dictionary order by last_id is null, last_id")
      .pluck()
      .all();
    return hashes.flatMap((hash) => this.byHash(bigOf(hash)) ?? []);
  }

  /** A tag that was declared once. */
  byIndex(index: number): TagDefinition | undefined {
    const definition = this.#db
      .prepare<[number], string>("select definition from tag where tag_index = ?")
      .pluck()
      .get(index);
    return definition === undefined ? undefined : fromJson(definition);
  }

  /** Forgets dictionaries that no held frame can use any more. */
  prune(leastId: number): void {
    this.#db.prepare("delete from dictionary where last_id < ?").run(leastId);
  }

  #rows(): Map<string, { readonly tag: TagDefinition; readonly declared: boolean }> {
    const rows = this.#db
      .prepare<[], TagRow>("select definition, declared from tag order by tag_index")
      .all();
    return new Map(
      rows.map((row) => {
        const tag = fromJson(row.definition);
        return [tag.id, { tag, declared: row.declared === 1 }] as const;
      }),
    );
  }
}

/**
 * Numbers declared tags: a known tag keeps its index, a new one takes the next, and none is ever used again. The
 * revision rises when what a stored number means has changed; a new name or place leaves the curve as it is.
 *
 * @param known every tag that ever was, declared now or not
 */
export function adoptTags(
  known: ReadonlyMap<string, TagDefinition>,
  declared: readonly DeclaredTag[],
): TagDefinition[] {
  let next = 0;
  for (const tag of known.values()) next = Math.max(next, tag.index + 1);
  return declared.map((tag) => {
    const before = known.get(tag.id);
    if (before === undefined) return { ...tag, index: next++, revision: 1 };
    const revision = meansTheSame(before, tag) ? before.revision : before.revision + 1;
    return { ...tag, index: before.index, revision };
  });
}

function meansTheSame(before: DeclaredTag, now: DeclaredTag): boolean {
  return (
    before.unit === now.unit &&
    before.scale === now.scale &&
    before.offset === now.offset &&
    before.type === now.type
  );
}

/** JSON has neither NaN nor maps. */
function toJson(tag: TagDefinition): string {
  return JSON.stringify({
    ...tag,
    low: Number.isNaN(tag.low) ? null : tag.low,
    high: Number.isNaN(tag.high) ? null : tag.high,
    texts: [...tag.texts].sort(([a], [b]) => a - b),
  });
}

interface StoredTag extends Omit<TagDefinition, "low" | "high" | "texts"> {
  readonly low: number | null;
  readonly high: number | null;
  readonly texts: readonly (readonly [number, string])[];
}

function fromJson(definition: string): TagDefinition {
  // Written by `toJson` into a file that nobody else opens.
  const stored = JSON.parse(definition) as StoredTag;
  return {
    ...stored,
    low: stored.low ?? NaN,
    high: stored.high ?? NaN,
    texts: new Map(stored.texts),
  };
}
