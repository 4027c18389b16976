import assert from "node:assert/strict";
import type { Refused } from "@millwright/kit";
import { ByteReader, ByteWriter, Malformed } from "./bytes.ts";
import { readByTag, writeByTag, writeOneTag } from "./columns/by-tag.ts";
import { byTimeMax, readByTime, writeByTime } from "./columns/by-time.ts";
import { sortByTag } from "./columns/order.ts";
import { SectionReader } from "./columns/sections.ts";
import { makeTarget, type SampleMemory, type TargetColumns } from "./columns/target.ts";
import { readWide, writeWide } from "./columns/wide.ts";
import type { Dictionary } from "./dictionary.ts";
import type { SampleColumns } from "./frame.ts";
import * as protobuf from "./protobuf.ts";
import { refuseMalformed } from "./refuse.ts";

/** A frame holds no more: what a reader takes for one frame stays below 100 MB whatever its bytes say. */
export const samplesMax = 1_000_000;

/**
 * Body of a `samples` frame. Rows of one tag keep their order; between tags the order of the dictionary index takes the
 * place of the original one. Fails on a tag that the dictionary does not know.
 *
 * @param care `least`: for what goes over a road, also tries the layout by time where there are few rows, which takes
 * about a third fewer bytes for what is told within a bound, and some 100 µs more; `none`: nothing is packed, for few
 * samples that are soon written anew
 */
export function encodeSamples(
  columns: SampleColumns,
  dictionary: Dictionary,
  care: "none" | "quick" | "least" = "quick",
): Uint8Array {
  assert(columns.count <= samplesMax, `a frame holds at most ${samplesMax} samples`);
  const sorted = sortByTag(columns);
  body.clear();
  protobuf.uintField(body, 1, columns.count);
  if (columns.count === 0) return body.copy();
  const layout = sorted.count >= byTagFrom * sorted.tagCount ? byTag : wide;
  layout.out.clear();
  layout.write(layout.out, sorted, columns.wide, dictionary, care !== "none");
  let { field } = layout;
  let bytes = layout.out.view();
  if (care === "least" && columns.count <= byTimeMax) {
    byTime.out.clear();
    if (writeByTime(byTime.out, sorted, columns.wide, dictionary)) {
      const other = byTime.out.view();
      if (other.length < bytes.length) [field, bytes] = [byTime.field, other];
    }
  }
  protobuf.blockField(body, field, bytes);
  return body.copy();
}

/**
 * As `encodeSamples` of samples that are all of one tag: the same bytes, without a column that says so.
 *
 * @param tagIndex of the dictionary
 */
export function encodeSeries(
  samples: Omit<SampleColumns, "tag">,
  tagIndex: number,
  dictionary: Dictionary,
  care: "none" | "quick" = "quick",
): Uint8Array {
  const { count } = samples;
  assert(count <= samplesMax, `a frame holds at most ${samplesMax} samples`);
  if (count < byTagFrom) {
    const tag = new Int32Array(count).fill(tagIndex);
    return encodeSamples({ ...samples, tag }, dictionary, care);
  }
  body.clear();
  protobuf.uintField(body, 1, count);
  byTag.out.clear();
  writeOneTag(byTag.out, samples, tagIndex, dictionary, care !== "none");
  protobuf.blockField(body, byTag.field, byTag.out.view());
  return body.copy();
}

/**
 * Rows come sorted by tag. Refuses what is not the body of samples of this dictionary.
 *
 * @param scratch read into this; the answer holds until it is used the next time, or begins anew
 */
export function decodeSamples(
  bytes: Uint8Array,
  dictionary: Dictionary,
  scratch?: SampleMemory,
): SampleColumns | Refused {
  return refuseMalformed("samples", () => {
    let count = 0;
    let target: TargetColumns | undefined;
    protobuf.readFields(new ByteReader(bytes), (field, value) => {
      if (field === 1) {
        count = value.uint();
        if (count > samplesMax) throw new Malformed(`it has more than ${samplesMax} samples`);
      }
      const read = readers.get(field);
      if (read === undefined) return;
      if (target !== undefined) throw new Malformed("it has two layouts");
      target = scratch?.clear(count) ?? makeTarget(count);
      read(value.block(), target, dictionary);
    });
    if (target === undefined) {
      if (count > 0) throw new Malformed("it has no layout that this program knows");
      target = makeTarget(0);
    }
    const { wide: scalars, ...columns } = target;
    return scalars.size === 0 ? columns : { ...columns, wide: scalars };
  });
}

const body = new ByteWriter(65_536);

const byTag = { field: 2, out: new ByteWriter(65_536), write: writeByTag };
const wide = { field: 3, out: new ByteWriter(65_536), write: writeWide };
const byTime = { field: 4, out: new ByteWriter(65_536) };

type ReadLayout = (bytes: Uint8Array, target: TargetColumns, dictionary: Dictionary) => void;
const readers: ReadonlyMap<number, ReadLayout> = new Map([
  [byTag.field, inSections(readByTag)],
  [wide.field, inSections(readWide)],
  [byTime.field, readByTime],
]);

function inSections(
  read: (sections: SectionReader, target: TargetColumns, dictionary: Dictionary) => void,
): ReadLayout {
  return (bytes, target, dictionary) => {
    read(new SectionReader(new ByteReader(bytes)), target, dictionary);
  };
}

/**
 * One sample of each tag is wide, many are by tag. Samples of each tag from which by tag takes fewer bytes: 5 where each
 * has a time of its own, 8 where tags are polled together.
 */
const byTagFrom = 6;
