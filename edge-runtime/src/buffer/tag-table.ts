import type Database from "better-sqlite3";
import {
  decodeDictionary,
  encodeDictionary,
  makeDictionary,
  makeDictionaryOf,
  TagBook,
  tagIn,
  type DeviceId,
  type Dictionary,
  type TagColumns,
  type TagDefinition,
  type TagNumbers,
} from "@millwright/wire-contract";

import type { DeclaredTag } from "../hand-over.ts";
import { bigOf, bytesOf64 } from "./bytes-64.ts";

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
    // The same text for each of thousands of tags: SQLite looks into them, and no object is made of any.
    return this.#db
      .prepare<[], DeviceId>(
        "select distinct definition ->> 'device' from tag where declared = 1 order by tag_index",
      )
      .pluck()
      .all();
  }

  /**
   * Gives each tag its index: a known tag keeps its own, a new one takes the next, and none is ever used again. One after
   * the other, so that no more than one of 100,000 is an object. Inside a transaction, because an index that was used and
   * forgotten would be given twice.
   *
   * @param lastId the last sample frame that may use the dictionary before this one
   */
  adopt(tags: TagColumns, lastId: number): TagNumbers {
    const find = this.#db.prepare<[string], TagRow>(
      "select definition, declared from tag where id = ?",
    );
    const write = this.#db.prepare(
      `insert into tag (id, tag_index, revision, declared, definition) values (?, ?, ?, 1, ?)
       on conflict (id) do update set revision = excluded.revision, declared = 1, definition = excluded.definition`,
    );
    let next =
      this.#db
        .prepare<[], number>("select coalesce(max(tag_index) + 1, 0) from tag")
        .pluck()
        .get() ?? 0;
    const numbers = {
      index: new Int32Array(tags.ids.length),
      revision: new Uint32Array(tags.ids.length),
    };
    for (const row of tags.ids.keys()) {
      const declared = tagIn(tags, row);
      const known = find.get(declared.id);
      const before = known === undefined ? undefined : fromJson(known.definition);
      const tag = numbered(declared, before, next);
      if (before === undefined) next++;
      numbers.index[row] = tag.index;
      numbers.revision[row] = tag.revision;
      const definition = toJson(tag);
      if (known?.declared === 1 && known.definition === definition) continue;
      write.run(tag.id, tag.index, tag.revision, definition);
    }

    const dictionary = makeDictionaryOf(new TagBook(tags, numbers));
    const declaredBefore = this.#db
      .prepare<[], string>("select id from tag where declared = 1")
      .pluck()
      .all();
    const gone = this.#db.prepare("update tag set declared = 0 where id = ?");
    for (const id of declaredBefore) {
      if (dictionary.book.indexOf(id) === undefined) gone.run(id);
    }
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
    return numbers;
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
}

/** The revision rises when what a stored number means has changed; a new name or place leaves the curve as it is. */
function numbered(
  tag: DeclaredTag,
  before: TagDefinition | undefined,
  next: number,
): TagDefinition {
  if (before === undefined) return { ...tag, index: next, revision: 1 };
  const revision = meansTheSame(before, tag) ? before.revision : before.revision + 1;
  return { ...tag, index: before.index, revision };
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
