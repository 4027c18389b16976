/** The numbers of one capture: from the bytes that a device gave to the readings of its features. Pure. */
import { captureFeatures, type CaptureSpec, type Waveform } from "@millwright/features";
import { sampleBytes, status, type CaptureRecord } from "@millwright/wire-contract";

/** More rows than these would hold up values that come meanwhile: five seconds at 25.6 kHz take a tenth of a second. */
const rowsMax = 2 ** 17;

export interface FeatureValue {
  readonly name: string;
  /** NaN where it could not be computed. */
  readonly value: number;
  readonly status: number;
}

/**
 * @param speedRpm as measured with the capture; NaN where nothing measures it
 * @returns one for each feature of the spec, in its order; and why some have no value, in words
 */
export function featuresOf(
  record: Pick<CaptureRecord, "sampleType" | "count" | "scale" | "rateHz" | "overload">,
  bytes: Uint8Array,
  spec: CaptureSpec,
  speedRpm: number,
): { readonly values: readonly FeatureValue[]; readonly missing: readonly string[] } {
  const { scale, rateHz, overload } = record;
  const { values, missing } = captureFeatures(
    {
      samples: numbersOf(record, bytes),
      ...{ scale, rateHz },
      ...(Number.isNaN(speedRpm) ? {} : { speedRpm }),
    },
    spec,
  );
  return {
    values: spec.features.map(({ name }) => {
      const value = values[name];
      if (value === undefined) return { name, value: NaN, status: status.badNotSupported };
      // A number at an end of its type was cut off, and everything that is made of it is a guess.
      return { name, value, status: overload ? status.uncertain : status.good };
    }),
    missing: Object.entries(missing).map(([name, why]) => `${name}: ${why}`),
  };
}

/** The first rows, little-endian as they were read. */
function numbersOf(
  { sampleType, count }: Pick<CaptureRecord, "sampleType" | "count">,
  bytes: Uint8Array,
): Waveform["samples"] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = sampleBytes[sampleType];
  const rows = size === 0 ? 0 : Math.min(count, rowsMax, Math.floor(bytes.byteLength / size));
  const numbers = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const at = row * size;
    switch (sampleType) {
      case "int16":
        numbers[row] = view.getInt16(at, true);
        break;
      case "int32":
        numbers[row] = view.getInt32(at, true);
        break;
      case "float32":
        numbers[row] = view.getFloat32(at, true);
        break;
      case "float64":
        numbers[row] = view.getFloat64(at, true);
        break;
      case "none":
        break;
    }
  }
  return numbers;
}
