/**
 * The tags of one device in columns. A gateway of 100,000 tags keeps its settings for as long as it runs, and an object
 * with texts of its own for each of them would take more than all that is done with them.
 */
import { tagIn, toTagColumns, type TagColumns } from "@millwright/wire-contract";

import type { PointList, PointSettings } from "../acquire/driver.ts";
import type { TagSettings } from "./declared-tag.ts";
import type { TellingRule } from "./telling-rule.ts";

/** All of a row but what only one tag is called: neighbours share it. */
interface RowKind {
  readonly type: PointSettings["type"];
  readonly everyMs: number;
  readonly options: PointSettings["options"];
  readonly telling: TellingRule | undefined;
}

interface Packed {
  readonly tags: TagColumns;
  readonly addresses: readonly string[];
  readonly kinds: readonly RowKind[];
  /** By row: its place in `kinds`. */
  readonly kindOf: Uint32Array;
  /** By row, of those that have one. */
  readonly overview: ReadonlyMap<number, number>;
}

/** Rows are made anew at each look, so that nobody who looks makes them stay. */
export class TagList implements Iterable<TagSettings> {
  readonly #packed: Packed;

  /** @param rows looked at once, one after the other: they need not be there all at a time */
  constructor(rows: Iterable<TagSettings>) {
    this.#packed = pack(rows);
  }

  get length(): number {
    return this.#packed.addresses.length;
  }

  at(row: number): TagSettings | undefined {
    const point = pointIn(this.#packed, row);
    const { tags, kinds, kindOf, overview: ranks } = this.#packed;
    const kind = kinds[kindOf[row] ?? -1];
    if (kind === undefined || point === undefined) return undefined;
    const overview = ranks.get(row);
    return {
      point,
      tag: tagIn(tags, row),
      ...(overview === undefined ? {} : { overview }),
      ...(kind.telling === undefined ? {} : { telling: kind.telling }),
    };
  }

  *[Symbol.iterator](): Generator<TagSettings, void, undefined> {
    for (let row = 0; row < this.length; row++) {
      const settings = this.at(row);
      if (settings !== undefined) yield settings;
    }
  }

  map<T>(make: (row: TagSettings, at: number) => T): T[] {
    return Array.from(this, make);
  }

  /** What the driver reads, an object for each. */
  points(): PointSettings[] {
    return [...this.pointList()];
  }

  /** What the driver reads, each made when it is looked at. */
  pointList(): PointList {
    return new Points(this.#packed);
  }
}

class Points implements PointList {
  readonly #packed: Packed;

  constructor(packed: Packed) {
    this.#packed = packed;
  }

  get length(): number {
    return this.#packed.addresses.length;
  }

  at(row: number): PointSettings | undefined {
    return pointIn(this.#packed, row);
  }

  *[Symbol.iterator](): Generator<PointSettings, void, undefined> {
    for (let row = 0; row < this.length; row++) {
      const point = this.at(row);
      if (point !== undefined) yield point;
    }
  }
}

function pointIn(
  { tags, addresses, kinds, kindOf }: Packed,
  row: number,
): PointSettings | undefined {
  const [tag, address, kind] = [tags.ids[row], addresses[row], kinds[kindOf[row] ?? -1]];
  if (kind === undefined || tag === undefined || address === undefined) return undefined;
  const { type, everyMs, options } = kind;
  return { tag, address, type, everyMs, options };
}

/** A function of its own: nothing of the rows may hang on what is kept. */
function pack(rows: Iterable<TagSettings>): Packed {
  const addresses: string[] = [];
  const kinds: RowKind[] = [];
  const places: number[] = [];
  const placeOf = new Map<string, number>();
  const overview = new Map<number, number>();
  const tags = function* (): Generator<TagSettings["tag"], void, undefined> {
    for (const { point, tag, overview: rank, telling } of rows) {
      const { type, everyMs, options } = point;
      const key = JSON.stringify([type, everyMs, options, telling]);
      const place = placeOf.get(key) ?? kinds.push({ type, everyMs, options, telling }) - 1;
      placeOf.set(key, place);
      places.push(place);
      if (rank !== undefined) overview.set(addresses.length, rank);
      addresses.push(point.address);
      yield tag;
    }
  };
  const columns = toTagColumns(tags());
  return { tags: columns, addresses, kinds, kindOf: Uint32Array.from(places), overview };
}
