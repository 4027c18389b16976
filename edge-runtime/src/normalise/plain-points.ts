/**
 * Points whose values are numbers, in batches whose samples bear the time of receipt: nearly all of a polled device. They
 * are judged and scaled in one short loop, in place.
 */
import { status as statusCodes, type ValueType } from "@millwright/wire-contract";

import type { ReadingBatch } from "../hand-over.ts";
import { float32Max, numberRanges, scalingOf, type Scaling } from "./scaling.ts";

export interface PlainPoint {
  /** Index of the point, as the driver pushes it. */
  readonly point: number;
  /** Dictionary index. */
  readonly index: number;
  readonly type: ValueType;
  readonly scale: number;
  readonly offset: number;
}

/** What can be said of a number of one type under one scale. Tags have few of these, so all of them stay in the cache. */
interface Kind extends Scaling {
  readonly low: number;
  readonly high: number;
  readonly whole: boolean;
}

const noKind: Kind = { low: 0, high: 0, whole: false, multiply: 1, divide: 1, add: 0 };

/** Whether any reading bears a time of its device. */
export function isStamped({ measuredUs, count }: ReadingBatch): boolean {
  for (let row = 0; row < count; row++) {
    const stamp = measuredUs[row] ?? NaN;
    // The difference is 0 for finite numbers only.
    if (stamp - stamp === 0) return true;
  }
  return false;
}

/** Answers what replaces points by tags and values by scaled ones. That throws `RangeError` on an unknown point. */
export function plainNormaliser(
  device: string,
  points: readonly PlainPoint[],
): (batch: ReadingBatch) => void {
  const size = points.reduce((most, { point }) => Math.max(most, point + 1), 0);
  const tagOf = new Int32Array(size).fill(-1);
  const kindOf = new Uint32Array(size);
  const kinds: Kind[] = [];
  const known = new Map<string, number>();
  for (const { point, index, type, scale, offset } of points) {
    tagOf[point] = index;
    const key = `${type} ${scale} ${offset}`;
    const kind = known.get(key) ?? kinds.push(kindOfType(type, scale, offset)) - 1;
    known.set(key, kind);
    kindOf[point] = kind;
  }

  return ({ point, measuredUs, value, status, receivedUs, count }) => {
    measuredUs.fill(receivedUs, 0, count);
    let current = -1;
    let { low, high, whole, multiply, divide, add } = noKind;
    for (let row = 0; row < count; row++) {
      const at = point[row] ?? -1;
      const tag = tagOf[at] ?? -1;
      if (tag < 0) throw new RangeError(`${device} pushed point ${at}, which has no tag`);
      point[row] = tag;
      const kind = kindOf[at] ?? 0;
      if (kind !== current) {
        current = kind;
        ({ low, high, whole, multiply, divide, add } = kinds[kind] ?? noKind);
      }
      const number = value[row] ?? NaN;
      // NaN and infinities exist in floats of any width, and in no whole number.
      const inRange = number >= low && number <= high;
      const fits = whole
        ? inRange && Math.floor(number) === number
        : inRange || !Number.isFinite(number);
      // A bad reading keeps the status that says why; what it carries need not be a value at all.
      if (!fits && (status[row] ?? 0) >>> 30 < 2) status[row] = statusCodes.badTypeMismatch;
      value[row] = (number * multiply) / divide + add;
    }
  };
}

function kindOfType(type: ValueType, scale: number, offset: number): Kind {
  const plain = scale === 1 && offset === 0;
  // Adding negative zero changes nothing, not even a negative zero.
  const scaling = plain ? { multiply: 1, divide: 1, add: -0 } : scalingOf(scale, offset);
  const whole = numberRanges[type];
  const widest = type === "float32" ? float32Max : Infinity;
  const [low, high] = whole ?? [-widest, widest];
  return { low, high, whole: whole !== undefined, ...scaling };
}
