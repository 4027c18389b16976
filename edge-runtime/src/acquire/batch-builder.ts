import type { Scalar } from "@millwright/wire-contract";

import type { BatchBuilder, ReadingBatch, ReadingColumns } from "./driver.ts";

const rowBytes = 24;
/**
 * Columns kept to be filled again. A driver that is pulled has one batch out and one being filled; two more are for full
 * ones that wait.
 */
const spareMax = 4;

/**
 * The one implementation of `BatchBuilder`. All columns of a batch are views of one buffer. Buffers that come back are
 * filled again: at a million readings a second fresh ones would be most of what the garbage collector has to do.
 *
 * @param max rows that fit; more on a full builder are a defect of the driver
 */
export function createBatchBuilder(max: number): BatchBuilder {
  const spare: ArrayBuffer[] = [];
  let count = 0;
  let columns = columnsIn(new ArrayBuffer(max * rowBytes), max);
  let wide: Map<number, Scalar> | undefined;

  const extend = (rows: number): number => {
    if (count + rows > max) throw new RangeError(`a batch holds ${max} readings`);
    const from = count;
    count += rows;
    return from;
  };

  return {
    get full() {
      return count >= max;
    },
    get count() {
      return count;
    },
    get columns() {
      return columns;
    },
    extend,
    push(pointIndex, measured, scalar, code) {
      const row = extend(1);
      columns.point[row] = pointIndex;
      columns.measuredUs[row] = measured;
      columns.status[row] = code;
      if (typeof scalar === "number") {
        columns.value[row] = scalar;
      } else if (typeof scalar === "boolean") {
        columns.value[row] = scalar ? 1 : 0;
      } else {
        columns.value[row] = NaN;
        wide ??= new Map();
        wide.set(row, scalar);
      }
    },
    take(receivedUs, settle) {
      const batch: ReadingBatch = {
        count,
        point: columns.point.subarray(0, count),
        measuredUs: columns.measuredUs.subarray(0, count),
        receivedUs,
        value: columns.value.subarray(0, count),
        status: columns.status.subarray(0, count),
        ...(wide === undefined ? {} : { wide }),
        ...(settle === undefined ? {} : { settle }),
      };
      count = 0;
      wide = undefined;
      columns = columnsIn(spare.pop() ?? new ArrayBuffer(max * rowBytes), max);
      return batch;
    },
    reuse({ point: { buffer } }) {
      const mine = buffer instanceof ArrayBuffer && buffer.byteLength === max * rowBytes;
      if (mine && spare.length < spareMax) spare.push(buffer);
    },
  };
}

function columnsIn(buffer: ArrayBuffer, max: number): ReadingColumns {
  return {
    measuredUs: new Float64Array(buffer, 0, max),
    value: new Float64Array(buffer, max * 8, max),
    point: new Int32Array(buffer, max * 16, max),
    status: new Uint32Array(buffer, max * 20, max),
  };
}
