import type { SampleColumns } from "../frame.ts";

/** Columns sorted by tag; rows of one tag keep their order. Valid until the next call: the memory is used again. */
export interface SortedColumns {
  readonly count: number;
  readonly tag: Int32Array;
  readonly measuredUs: Float64Array;
  readonly value: Float64Array;
  readonly status: Uint32Array;
  /** Row in the columns as they came; undefined when nothing had to move. */
  readonly row: Int32Array | undefined;
  readonly tagCount: number;
  /** Every status is 0, as nearly always. */
  readonly allGood: boolean;
}

const scratch = {
  tag: new Int32Array(0),
  measuredUs: new Float64Array(0),
  value: new Float64Array(0),
  status: new Uint32Array(0),
  row: new Int32Array(0),
  keys: new Float64Array(0),
};
let places = new Int32Array(0);

export function sortByTag(columns: SampleColumns): SortedColumns {
  const { count, tag } = columns;
  const allGood = isAllGood(columns.status, count);
  let sorted = true;
  let tagCount = count === 0 ? 0 : 1;
  let least = tag[0] ?? 0;
  let greatest = least;
  let previous = least;
  for (let index = 1; index < count; index++) {
    const one = tag[index] ?? 0;
    if (one !== previous) {
      tagCount++;
      if (one < previous) sorted = false;
      if (one < least) least = one;
      if (one > greatest) greatest = one;
      previous = one;
    }
  }
  if (sorted) {
    const { measuredUs, value, status } = columns;
    return { count, tag, measuredUs, value, status, row: undefined, tagCount, allGood };
  }

  reserve(count);
  const range = greatest - least + 1;
  // Counting needs a place for each index between least and greatest; where indices lie far apart, sorting is cheaper.
  tagCount =
    range <= 4 * count + 1_024
      ? orderByCounting(tag, count, least, range)
      : orderBySorting(tag, count);
  gather(columns, count, allGood);
  return { ...scratch, count, row: scratch.row, tagCount, allGood };
}

function isAllGood(status: Uint32Array, count: number): boolean {
  for (let index = 0; index < count; index++) if (status[index] !== 0) return false;
  return true;
}

function reserve(count: number): void {
  if (scratch.row.length >= count) return;
  const size = Math.max(1_024, count);
  scratch.tag = new Int32Array(size);
  scratch.measuredUs = new Float64Array(size);
  scratch.value = new Float64Array(size);
  scratch.status = new Uint32Array(size);
  scratch.row = new Int32Array(size);
  scratch.keys = new Float64Array(size);
}

/** Fills `row` and `tag` of the scratch columns; answers how many tags there are. */
function orderByCounting(tag: Int32Array, count: number, least: number, range: number): number {
  if (places.length < range + 1) places = new Int32Array(range + 1);
  places.fill(0, 0, range + 1);
  for (let index = 0; index < count; index++) {
    const place = (tag[index] ?? 0) - least + 1;
    places[place] = (places[place] ?? 0) + 1;
  }
  let tagCount = 0;
  let from = 0;
  for (let place = 1; place <= range; place++) {
    const end = from + (places[place] ?? 0);
    places[place] = end;
    if (end === from) continue;
    tagCount++;
    for (; from < end; from++) scratch.tag[from] = least + place - 1;
  }
  const row = scratch.row;
  for (let index = 0; index < count; index++) {
    const place = (tag[index] ?? 0) - least;
    const at = places[place] ?? 0;
    row[at] = index;
    places[place] = at + 1;
  }
  return tagCount;
}

/** Rows fit in 20 bits and tags in 31, so tag and row together are one exact double. */
const rowBits = 2 ** 20;

/** As `orderByCounting`. */
function orderBySorting(tag: Int32Array, count: number): number {
  const keys = scratch.keys.subarray(0, count);
  for (let index = 0; index < count; index++) keys[index] = (tag[index] ?? 0) * rowBits + index;
  keys.sort();
  let tagCount = 0;
  let previous = -1;
  for (let index = 0; index < count; index++) {
    const row = (keys[index] ?? 0) % rowBits;
    const one = tag[row] ?? 0;
    if (one !== previous) tagCount++;
    previous = one;
    scratch.row[index] = row;
    scratch.tag[index] = one;
  }
  return tagCount;
}

function gather(columns: SampleColumns, count: number, allGood: boolean): void {
  const { row, measuredUs, value, status } = scratch;
  for (let index = 0; index < count; index++) {
    const from = row[index] ?? 0;
    measuredUs[index] = columns.measuredUs[from] ?? 0;
    value[index] = columns.value[from] ?? 0;
  }
  if (allGood) {
    status.fill(0, 0, count);
    return;
  }
  for (let index = 0; index < count; index++) {
    status[index] = columns.status[row[index] ?? 0] ?? 0;
  }
}
