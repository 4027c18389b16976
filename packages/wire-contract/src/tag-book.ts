import type { TagDefinition, TagId } from "./tag.ts";

/** What tags have in common with their neighbours: all but what only one of them is called, and where it came from. */
export type TagTraits = Omit<TagDefinition, "index" | "id" | "name" | "revision">;

/** A tag that has no index yet. */
export type NamedTag = Omit<TagDefinition, "index" | "revision">;

/** Names and traits of tags as plain columns, by row: what crosses threads. */
export interface TagColumns {
  readonly ids: readonly TagId[];
  readonly names: readonly string[];
  /** Each once; whoever has the same has the very same one. */
  readonly traits: readonly TagTraits[];
  /** Place in `traits`. */
  readonly traitsOf: Uint32Array;
}

/**
 * Tags in columns. As objects of eighteen fields with texts of their own 100,000 of them took 50 MB in each thread; their
 * traits are nearly always those of many neighbours, so that here one takes 50 bytes and its names.
 */
export function toTagColumns(tags: Iterable<NamedTag>): TagColumns {
  const ids: TagId[] = [];
  const names: string[] = [];
  const places: number[] = [];
  const traits: TagTraits[] = [];
  const placeOf = new Map<string, number>();
  let named = true;
  let [place, before] = [-1, undefined as TagTraits | undefined];
  for (const tag of tags) {
    ids.push(tag.id);
    // The very same text where it is an equal one: it is there already.
    names.push(tag.name === tag.id ? tag.id : tag.name);
    named &&= tag.name === tag.id;
    if (before === undefined || !isAlike(before, tag)) {
      const key = traitsKey(tag);
      place = placeOf.get(key) ?? traits.push(traitsIn(tag)) - 1;
      placeOf.set(key, place);
      before = traits[place];
    }
    places.push(place);
  }
  return { ids, names: named ? ids : names, traits, traitsOf: Uint32Array.from(places) };
}

/** A fresh object: for those who look at one tag, not for those who keep all. */
export function tagIn({ ids, names, traits, traitsOf }: TagColumns, row: number): NamedTag {
  const [id, of] = [ids[row], traits[traitsOf[row] ?? -1]];
  if (id === undefined || of === undefined) throw new RangeError(`there is no row ${row}`);
  return { ...of, id, name: names[row] ?? id };
}

/** What the journal gives to the tag of each row. */
export interface TagNumbers {
  readonly index: Int32Array;
  readonly revision: Uint32Array;
}

/** Definitions in rising order of index, found both ways. */
export class TagBook {
  readonly #columns: TagColumns;
  readonly #index: Int32Array;
  readonly #revision: Uint32Array;
  /** Rows in the order of their ids; made when an id is asked for first. */
  #byId: Uint32Array | undefined;

  constructor(columns: TagColumns, { index, revision }: TagNumbers) {
    const rising = index.every((one, row) => row === 0 || one >= (index[row - 1] ?? one));
    if (rising) [this.#columns, this.#index, this.#revision] = [columns, index, revision];
    else {
      const order = Uint32Array.from(index.keys()).sort(
        (a, b) => (index[a] ?? 0) - (index[b] ?? 0),
      );
      this.#columns = inOrder(columns, order);
      this.#index = Int32Array.from(order, (row) => index[row] ?? -1);
      this.#revision = Uint32Array.from(order, (row) => revision[row] ?? 0);
    }
  }

  /** Of tags that have their numbers. */
  static of(tags: readonly TagDefinition[]): TagBook {
    return new TagBook(toTagColumns(tags), {
      index: Int32Array.from(tags, ({ index }) => index),
      revision: Uint32Array.from(tags, ({ revision }) => revision),
    });
  }

  get size(): number {
    return this.#index.length;
  }

  /** The indices, rising. */
  get indices(): Int32Array {
    return this.#index;
  }

  /** Made anew at each call, and each of them is an object. */
  *[Symbol.iterator](): Generator<TagDefinition, void, undefined> {
    for (let row = 0; row < this.size; row++) yield this.#at(row);
  }

  byIndex(index: number): TagDefinition | undefined {
    const row = this.#rowOf(index);
    return row < 0 ? undefined : this.#at(row);
  }

  byId(id: string): TagDefinition | undefined {
    const row = this.#rowNamed(id);
    return row < 0 ? undefined : this.#at(row);
  }

  idOf(index: number): TagId | undefined {
    return this.#columns.ids[this.#rowOf(index)];
  }

  nameOf(index: number): string | undefined {
    return this.#columns.names[this.#rowOf(index)];
  }

  /** Shared with other tags, and no object is made for it. */
  traitsOf(index: number): TagTraits | undefined {
    const { traits, traitsOf } = this.#columns;
    return traits[traitsOf[this.#rowOf(index)] ?? -1];
  }

  indexOf(id: string): number | undefined {
    return this.#index[this.#rowNamed(id)];
  }

  #at(row: number): TagDefinition {
    const index = this.#index[row] ?? -1;
    return { ...tagIn(this.#columns, row), index, revision: this.#revision[row] ?? 0 };
  }

  #rowOf(index: number): number {
    // Indices are given from 0 on, so that nearly always row and index are the same.
    if (this.#index[index] === index) return index;
    return search(this.size, (row) => (this.#index[row] ?? 0) - index);
  }

  #rowNamed(id: string): number {
    const { ids } = this.#columns;
    const order = (this.#byId ??= Uint32Array.from(ids.keys()).sort((a, b) =>
      compare(ids[a] ?? "", ids[b] ?? ""),
    ));
    const place = search(this.size, (at) => compare(ids[order[at] ?? -1] ?? "", id));
    return place < 0 ? -1 : (order[place] ?? -1);
  }
}

function inOrder({ ids, names, traits, traitsOf }: TagColumns, order: Uint32Array): TagColumns {
  const pick = <T>(from: readonly T[]): readonly T[] =>
    [...order].flatMap((row) => from[row] ?? []);
  const sorted = pick(ids);
  return {
    ids: sorted,
    names: names === ids ? sorted : pick(names),
    traits,
    traitsOf: order.map((row) => traitsOf[row] ?? 0),
  };
}

/** By halves. @param compareAt below 0 where what is looked for lies behind @returns -1 when it is not there */
function search(count: number, compareAt: (at: number) => number): number {
  let [from, to] = [0, count];
  while (from < to) {
    const middle = (from + to) >>> 1;
    const order = compareAt(middle);
    if (order === 0) return middle;
    if (order < 0) from = middle + 1;
    else to = middle;
  }
  return -1;
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function traitsIn(tag: NamedTag): TagTraits {
  const { device, type, kind, unit, decimals, scale, offset, clock, expectedMs } = tag;
  const { low, high, asset, texts, filteredAtSource, telling } = tag;
  return {
    ...{ device, type, kind, unit, decimals, scale, offset, clock, expectedMs },
    ...{ low, high, asset, texts, filteredAtSource },
    ...(telling === undefined ? {} : { telling }),
  };
}

/** Without a look at what the texts and the rule say: neighbours share them, or have none. */
function isAlike(a: TagTraits, b: NamedTag): boolean {
  return (
    a.device === b.device &&
    a.type === b.type &&
    a.kind === b.kind &&
    a.unit === b.unit &&
    a.decimals === b.decimals &&
    a.scale === b.scale &&
    Object.is(a.offset, b.offset) &&
    a.clock === b.clock &&
    a.expectedMs === b.expectedMs &&
    Object.is(a.low, b.low) &&
    Object.is(a.high, b.high) &&
    a.asset === b.asset &&
    (a.texts === b.texts || (a.texts.size === 0 && b.texts.size === 0)) &&
    a.filteredAtSource === b.filteredAtSource &&
    a.telling === b.telling
  );
}

/** Equal where all traits are. */
function traitsKey(tag: NamedTag): string {
  const { device, type, kind, unit, decimals, scale, offset, clock, expectedMs, telling } = tag;
  // JSON has one zero.
  const offsetKey = Object.is(offset, -0) ? "-0" : offset;
  const texts = tag.texts.size === 0 ? "" : JSON.stringify([...tag.texts]);
  return JSON.stringify([
    ...[device, type, kind, unit, decimals, scale, offsetKey, clock, expectedMs],
    ...[String(tag.low), String(tag.high), tag.asset, texts, tag.filteredAtSource],
    ...(telling === undefined ? [] : [telling.rule, telling.error, telling.heartbeatMs]),
  ]);
}
