import type { Scalar } from "@millwright/wire-contract";

import type { BatchBuilder, ReadingBatch } from "./driver.ts";

/**
 * The one implementation of `BatchBuilder`. Columns are cut from a buffer that is made once for each batch, because the
 * batch that was handed over lives on until it is on disk.
 *
 * @param max rows that fit; `push` on a full builder is a defect of the driver
 */
export function createBatchBuilder(max: number): BatchBuilder {
  let count = 0;
  let point = new Int32Array(max);
  let measuredUs = new Float64Array(max);
  let value = new Float64Array(max);
  let status = new Uint32Array(max);
  let wide: Map<number, Scalar> | undefined;

  return {
    get full() {
      return count >= max;
    },
    get count() {
      return count;
    },
    push(pointIndex, measured, scalar, code) {
      if (count >= max) throw new RangeError(`a batch holds ${max} readings`);
      point[count] = pointIndex;
      measuredUs[count] = measured;
      status[count] = code;
      if (typeof scalar === "number") {
        value[count] = scalar;
      } else if (typeof scalar === "boolean") {
        value[count] = scalar ? 1 : 0;
      } else {
        value[count] = NaN;
        wide ??= new Map();
        wide.set(count, scalar);
      }
      count++;
    },
    take(receivedUs, settle) {
      const batch: ReadingBatch = {
        count,
        point: point.subarray(0, count),
        measuredUs: measuredUs.subarray(0, count),
        receivedUs,
        value: value.subarray(0, count),
        status: status.subarray(0, count),
        ...(wide === undefined ? {} : { wide }),
        ...(settle === undefined ? {} : { settle }),
      };
      count = 0;
      wide = undefined;
      point = new Int32Array(max);
      measuredUs = new Float64Array(max);
      value = new Float64Array(max);
      status = new Uint32Array(max);
      return batch;
    },
  };
}
