import type { Capture } from "../machine.ts";

/** What stands before the samples. */
export interface CaptureHead {
  readonly startUs: number;
  readonly rateHz: number;
  readonly count: number;
  readonly channels: 1;
  readonly sample: "int16le";
  readonly scale: number;
  readonly unit: string;
  readonly speedRpm: number;
}

/** A capture as one binary message: length of the head (uint32, little endian), the head as JSON, the samples. */
export function captureMessage(capture: Capture, endUs: number): Buffer {
  const { rateHz, scale, unit, speedRpm, samples } = capture;
  const head: CaptureHead = {
    startUs: endUs - Math.round((samples.length / rateHz) * 1e6),
    rateHz,
    count: samples.length,
    channels: 1,
    sample: "int16le",
    scale,
    unit,
    speedRpm,
  };
  const text = Buffer.from(JSON.stringify(head));
  const message = Buffer.alloc(4 + text.length + 2 * samples.length);
  message.writeUInt32LE(text.length);
  text.copy(message, 4);
  samples.forEach((sample, index) => message.writeInt16LE(sample, 4 + text.length + 2 * index));
  return message;
}
