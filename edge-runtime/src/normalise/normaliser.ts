/**
 * From what a device said to samples: dictionary index, time that can be compared, stored value, quality. Works in the
 * columns of the batch itself, because millions of samples a second leave no room for one object each.
 */
import type { Clock } from "@millwright/kit";
import {
  status as statusCodes,
  type DeviceId,
  type Scalar,
  type TagClock,
  type ValueType,
} from "@millwright/wire-contract";

import type { GatewayClockState, Loss, ReadingBatch, SampleBatch } from "../hand-over.ts";
import {
  DeviceClock,
  implausibleBeforeUs,
  type ClockFinding,
  type ClockPolicy,
} from "./clock-policy.ts";
import { isStamped, plainNormaliser } from "./plain-points.ts";
import { fitsInt64, float32Max, numberRanges, scalingOf } from "./scaling.ts";

export type { ClockFinding, ClockPolicy } from "./clock-policy.ts";
export { storedType } from "./scaling.ts";

export interface NormaliseTag {
  /** Dictionary index, given by the journal. */
  readonly index: number;
  /** Index of the point, as the driver pushes it. */
  readonly point: number;
  /** The type in the device, before scaling. */
  readonly type: ValueType;
  /** Stored value = scale × device value + offset. */
  readonly scale: number;
  readonly offset: number;
  /** `gateway`: the sample is stamped with its receipt, whatever the device says. */
  readonly clock: TagClock;
}

export interface NormaliserOptions {
  readonly device: DeviceId;
  readonly tags: readonly NormaliseTag[];
  readonly clockPolicy: ClockPolicy;
  /** Stamps further ahead of the gateway's clock than this, after the policy, are quarantined. 10 s by default. */
  readonly quarantineAheadUs?: number;
  readonly clock: Clock;
  /**
   * Stamps are quarantined against a clock that is `set` only. Clocks of devices are measured against one that may be
   * right: `unset`, the gateway may be the one that stands in 1970, and a device that is right would be made wrong.
   * Left out, it is `set`: a clock that is played needs nothing to set it.
   */
  readonly gatewayClock?: () => GatewayClockState;
  readonly onLoss: (loss: Loss) => void;
  readonly onClock: (finding: ClockFinding) => void;
}

export interface Normaliser {
  /** Takes the batch over: its columns are rewritten and belong to the answer. Throws `RangeError` on an unknown point. */
  normalise(batch: ReadingBatch): SampleBatch;
}

/** How the value of a point is checked; anything above `narrow` takes the slow way. */
const free = 0;
const whole = 1;
const narrow = 2;
const wideInteger = 3;
const wideText = 4;
const wideBytes = 5;

/** A stamp may go back by this much from sample to sample of one point without the clock having been set. */
const wentBackUs = 2_000_000;
const defaultQuarantineAheadUs = 10_000_000;

export function createNormaliser(options: NormaliserOptions): Normaliser {
  // Of the options nothing but these is held on to: the tags are in columns once this is made.
  const { device, tags, onLoss, gatewayClock: clockState } = options;
  const aheadUs = options.quarantineAheadUs ?? defaultQuarantineAheadUs;
  const deviceClock = new DeviceClock(options.clockPolicy, options.clock, options.onClock);

  const points = tags.reduce((most, tag) => Math.max(most, tag.point + 1), 0);
  const tagOf = new Int32Array(points).fill(-1);
  const formOf = new Uint8Array(points);
  const lowOf = new Float64Array(points);
  const highOf = new Float64Array(points);
  const scaled = new Uint8Array(points);
  const multiplyOf = new Float64Array(points).fill(1);
  const divideOf = new Float64Array(points).fill(1);
  const addOf = new Float64Array(points);
  const byDevice = new Uint8Array(points);
  const lastStampUs = new Float64Array(points).fill(NaN);
  const unsigned = new Uint8Array(points);
  for (const tag of tags) {
    const { point, type } = tag;
    const [low, high] = numberRanges[type] ?? [-float32Max, float32Max];
    tagOf[point] = tag.index;
    formOf[point] = formOfType(type);
    lowOf[point] = low;
    highOf[point] = high;
    unsigned[point] = type === "uint64" ? 1 : 0;
    byDevice[point] = tag.clock === "device" ? 1 : 0;
    if ((tag.scale !== 1 || tag.offset !== 0) && type !== "string" && type !== "bytes") {
      const scaling = scalingOf(tag.scale, tag.offset);
      scaled[point] = 1;
      multiplyOf[point] = scaling.multiply;
      divideOf[point] = scaling.divide;
      addOf[point] = scaling.add;
    }
  }
  // Whoever trusts a clock in words gets its 1970 as well.
  const earliestUs = options.clockPolicy === "trust" ? -Infinity : implausibleBeforeUs;
  const anyByDevice = tags.some((tag) => tag.clock === "device");
  const allNumbers = tags.every((tag) => formOfType(tag.type) <= narrow);
  const normalisePlain = allNumbers ? plainNormaliser(device, tags) : undefined;

  /** Nearly all of what is polled: a device that is asked in Modbus never says when it measured. */
  const isPlain = (batch: ReadingBatch): boolean =>
    batch.late !== true && batch.wide === undefined && !(anyByDevice && isStamped(batch));

  /** Looks at the stamps of a live batch before any of them is used. */
  const measure = (batch: ReadingBatch): void => {
    const { point, measuredUs, status, receivedUs, count } = batch;
    let best = -Infinity;
    let moved = 0;
    let back = false;
    for (let row = 0; row < count; row++) {
      const at = point[row] ?? -1;
      const stamp = measuredUs[row] ?? NaN;
      // A bad reading may be our own word on a device that is away, with a stamp of ours.
      if (byDevice[at] !== 1 || stamp - stamp !== 0 || (status[row] ?? 0) >>> 30 >= 2) continue;
      const last = lastStampUs[at] ?? NaN;
      const aheadOfReceipt = stamp - receivedUs;
      if (stamp < last - wentBackUs) {
        back = true;
        best = -Infinity;
        moved = 0;
      }
      // A first value may be old for good reasons; one that is ahead, or that came after another, tells the clock.
      if ((last === last && stamp !== last) || aheadOfReceipt > 0) {
        moved++;
        if (aheadOfReceipt > best) best = aheadOfReceipt;
      }
      lastStampUs[at] = stamp;
    }
    deviceClock.observe(best, moved, back, receivedUs);
  };

  return {
    normalise(batch) {
      if (normalisePlain !== undefined && isPlain(batch)) {
        normalisePlain(batch);
        return sampleBatchOf(batch, batch.count, undefined);
      }
      const { point, measuredUs, value, status, receivedUs, count } = batch;
      const late = batch.late === true;
      const gatewayClock = clockState?.() ?? "set";
      const mayBeRight = gatewayClock !== "unset";
      if (anyByDevice && mayBeRight && !late && deviceClock.measures) measure(batch);

      const ignore = deviceClock.applied === "ignore" && !late;
      const offsetUs = deviceClock.applied === "trust" ? 0 : deviceClock.offsetUs;
      const limitUs = gatewayClock === "set" ? receivedUs + aheadUs : Infinity;
      let wide: Map<number, Scalar> | undefined;
      let kept = 0;

      for (let row = 0; row < count; row++) {
        const at = point[row] ?? -1;
        const tag = tagOf[at] ?? -1;
        if (tag < 0) throw new RangeError(`${device} pushed point ${at}, which has no tag`);

        let stamp = measuredUs[row] ?? NaN;
        // The difference is 0 for finite numbers only: unknown (NaN) and unusable stamps become the receipt.
        if (stamp - stamp !== 0) {
          stamp = receivedUs;
        } else if (byDevice[at] === 1 || late) {
          stamp = ignore ? receivedUs : stamp - offsetUs;
          if (stamp < earliestUs) stamp = receivedUs;
        } else {
          stamp = receivedUs;
        }
        if (stamp > limitUs) continue;

        let number = value[row] ?? NaN;
        let code = status[row] ?? 0;
        const form = formOf[at] ?? free;
        const side = batch.wide?.get(row);
        if (form <= narrow && side === undefined) {
          // A bad reading keeps the status that says why; what it carries need not be a value at all.
          if (code >>> 30 < 2 && !fitsNumber(number, form, at)) code = statusCodes.badTypeMismatch;
          number = scale(number, at);
        } else {
          const read = readSlowly(side ?? number, form, at);
          if (!read.fits && code >>> 30 < 2) code = statusCodes.badTypeMismatch;
          number = typeof read.value === "number" ? read.value : NaN;
          if (typeof read.value !== "number") (wide ??= new Map()).set(kept, read.value);
        }

        point[kept] = tag;
        measuredUs[kept] = stamp;
        value[kept] = number;
        status[kept] = code;
        kept++;
      }

      if (kept < count) {
        onLoss({
          reason: "clock quarantined",
          scope: { kind: "device", device },
          // By receipt: the stamps are what cannot be believed.
          fromUs: receivedUs,
          toUs: receivedUs,
          count: { kind: "exact", samples: count - kept },
        });
      }
      return sampleBatchOf(batch, kept, wide);
    },
  };

  /** The first `kept` rows of the columns, which now hold samples. */
  function sampleBatchOf(
    batch: ReadingBatch,
    kept: number,
    wide: ReadonlyMap<number, Scalar> | undefined,
  ): SampleBatch {
    const { point, measuredUs, value, status, receivedUs, count } = batch;
    const settle = batch.settle?.bind(batch);
    return {
      device,
      receivedUs,
      late: batch.late === true,
      count: kept,
      tag: kept === count ? point : point.subarray(0, kept),
      measuredUs: kept === count ? measuredUs : measuredUs.subarray(0, kept),
      value: kept === count ? value : value.subarray(0, kept),
      status: kept === count ? status : status.subarray(0, kept),
      ...(wide === undefined ? {} : { wide }),
      ...(settle === undefined ? {} : { settle }),
    };
  }

  /** Wide values, narrow floats, and readings whose type is not the declared one: rare enough to be judged one by one. */
  function readSlowly(reading: Scalar, form: number, at: number): { value: Scalar; fits: boolean } {
    switch (form) {
      case wideText:
        return { value: reading, fits: typeof reading === "string" };
      case wideBytes:
        return { value: reading, fits: reading instanceof Uint8Array };
      case wideInteger: {
        const exact =
          typeof reading === "number" && Number.isSafeInteger(reading) ? BigInt(reading) : reading;
        const fits =
          typeof exact === "bigint" && fitsInt64(unsigned[at] === 1 ? "uint64" : "int64", exact);
        return fits && scaled[at] === 1
          ? { value: scale(Number(exact), at), fits }
          : { value: exact, fits };
      }
      default: {
        // A 64-bit integer that a double holds exactly is taken as the number it is.
        const small = typeof reading === "bigint" && BigInt(Number(reading)) === reading;
        const number = small ? Number(reading) : reading;
        if (typeof number !== "number") return { value: reading, fits: false };
        return { value: scale(number, at), fits: fitsNumber(number, form, at) };
      }
    }
  }

  function fitsNumber(number: number, form: number, at: number): boolean {
    if (form === free) return true;
    // NaN and infinities exist in float32 as well.
    if (form === narrow && !Number.isFinite(number)) return true;
    const inRange = number >= (lowOf[at] ?? 0) && number <= (highOf[at] ?? 0);
    return inRange && (form === narrow || Number.isInteger(number));
  }

  function scale(number: number, at: number): number {
    return scaled[at] === 1
      ? (number * (multiplyOf[at] ?? 1)) / (divideOf[at] ?? 1) + (addOf[at] ?? 0)
      : number;
  }
}

function formOfType(type: ValueType): number {
  switch (type) {
    case "float64":
    case "time":
      return free;
    case "float32":
      return narrow;
    case "int64":
    case "uint64":
      return wideInteger;
    case "string":
      return wideText;
    case "bytes":
      return wideBytes;
    case "bool":
    case "int8":
    case "uint8":
    case "int16":
    case "uint16":
    case "int32":
    case "uint32":
    case "enum":
      return whole;
  }
}
