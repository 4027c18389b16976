import type { Random } from "@millwright/kit";
import {
  type DeviceId,
  isDeviceId,
  isTagId,
  makeDictionary,
  type Dictionary,
  type SampleColumns,
  type TagDefinition,
  type ValueType,
} from "@millwright/wire-contract";

/**
 * Made sensors of four kinds in equal parts: noisy, slow, stepping, counting. Values are hundredths, as a 12 to 16 bit
 * converter behind a display gives them; every kind stands still at times; now and then a flag is set. One sample a
 * second, stamped by a task whose wake-up jitters by 3 ms (standard deviation).
 */
export interface Signal {
  next(): { readonly value: number; readonly status: number };
}

export function makeSignal(kind: number, random: Random): Signal {
  let level = 1_000 + random.int(6_000);
  let restFor = 0;
  return {
    next() {
      // Plateaus: for a while in every few minutes the plant stands.
      if (restFor > 0) restFor--;
      else if (random.next() < 0.004) restFor = 20 + random.int(60);
      let hundredths = level;
      if (restFor === 0) {
        switch (kind % 4) {
          case 0:
            hundredths = Math.round(level + random.normal() * 20);
            break;
          case 1:
            level += random.next() < 0.2 ? (random.next() < 0.5 ? -1 : 1) : 0;
            hundredths = level;
            break;
          case 2:
            if (random.next() < 0.02) level = 500 + random.int(8_000);
            hundredths = level;
            break;
          default:
            level += random.int(4);
            hundredths = level;
        }
      }
      const status = random.next() < 0.001 ? 0x4090_0000 : 0;
      return { value: hundredths / 100, status };
    },
  };
}

const startUs = 1_767_225_600_000_000;
const jitterMs = 3;

/** `samplesEach` of `tagCount` sensors, sorted by tag (`series`) or tick by tick (`ticks`). */
export function makeColumns(
  tagCount: number,
  samplesEach: number,
  order: "series" | "ticks",
  random: Random,
): SampleColumns {
  const count = tagCount * samplesEach;
  const columns = {
    count,
    tag: new Int32Array(count),
    measuredUs: new Float64Array(count),
    value: new Float64Array(count),
    status: new Uint32Array(count),
  };
  for (let tag = 0; tag < tagCount; tag++) {
    const signal = makeSignal(tag, random);
    for (let at = 0; at < samplesEach; at++) {
      const row = order === "series" ? tag * samplesEach + at : at * tagCount + tag;
      const { value, status } = signal.next();
      columns.tag[row] = tag;
      columns.measuredUs[row] = startUs + at * 1e6 + Math.round(random.normal() * jitterMs) * 1_000;
      columns.value[row] = value;
      columns.status[row] = status;
    }
  }
  return columns;
}

/** Singles whose every bit is noise: what no decimal form can shorten. */
export function makeSingles(columns: SampleColumns, random: Random): SampleColumns {
  const value = columns.value.map(() => Math.fround(20 + random.normal()));
  return { ...columns, value };
}

export function makeTags(count: number, type: ValueType): Dictionary {
  const device: DeviceId = requireDevice("line-1");
  return makeDictionary(
    Array.from({ length: count }, (_, index): TagDefinition => {
      const id = `line-1/sensor-${index}`;
      if (!isTagId(id)) throw new Error(`"${id}" is no tag id`);
      return {
        index,
        id,
        name: `Sensor ${index}`,
        device,
        type,
        kind: "measurement",
        unit: "Cel",
        decimals: 2,
        scale: 1,
        offset: 0,
        revision: 1,
        clock: "gateway",
        expectedMs: 1_000,
        low: Number.NaN,
        high: Number.NaN,
        asset: "",
        texts: new Map(),
        filteredAtSource: "",
      };
    }),
  );
}

function requireDevice(id: string): DeviceId {
  if (!isDeviceId(id)) throw new Error(`"${id}" is no device id`);
  return id;
}
