/** What captures are taken of, as a person writes it (field practice 54 to 57). */
import {
  captureEnvelope,
  captureFeature,
  type CaptureEnvelope,
  type CaptureFeature,
} from "@millwright/features";
import * as z from "zod";

/** A waveform that a device has taken; stands under `captures` of the device or of its template. */
export interface ArrayCaptureFile {
  /** Permanent, among the ids of tags. */
  readonly id: string;
  readonly name: string;
  /** The machine, as tags name it. */
  readonly asset: string;
  /** Address of the array. */
  readonly array: string;
  /** Rows a second, as a number or as the address where it stands. */
  readonly rate: string | number;
  /** Value = scale * number; as a number or as an address. */
  readonly scale: string | number;
  /** UCUM code. */
  readonly unit: string;
  /** Taken by the clock, so often. */
  readonly everyMin?: number | undefined;
  /** Taken when a tag of this gateway rises above a limit. */
  readonly trigger?: LimitTriggerFile | undefined;
  /** Tags whose values are kept with each capture: speed, load, job. */
  readonly state: readonly string[];
  /** Numbers that are computed of each capture and become tags: "ID.NAME", in a device of the gateway's own. */
  readonly features?: CaptureFeaturesFile | undefined;
}

export interface CaptureFeaturesFile {
  readonly list: readonly CaptureFeature[];
  /** For lines. */
  readonly envelope?: CaptureEnvelope | undefined;
  /** Tag with the speed of the shaft, /min or /s, as it is when the capture is taken. */
  readonly speed?: string | undefined;
}

export interface LimitTriggerFile {
  readonly tag: string;
  readonly above: number;
  /** A value that dances about the limit takes no more than one in so long. */
  readonly atMostEveryMin: number;
}

/** Files that another program drops: pictures, recordings. */
export interface CaptureFolderFile {
  readonly id: string;
  readonly name: string;
  readonly asset: string;
  /** Files are taken out of it once they are kept. */
  readonly folder: string;
}

export interface CapturesFile {
  readonly mebibytesMax: number;
  readonly folders: readonly CaptureFolderFile[];
}

const features: z.ZodType<CaptureFeaturesFile> = z
  .strictObject({
    list: z.array(captureFeature).min(1).max(64),
    envelope: captureEnvelope.optional(),
    speed: z.string().min(1).optional(),
  })
  .refine(
    ({ list, envelope, speed }) =>
      list.every(({ kind }) => kind !== "line") || (envelope !== undefined && speed !== undefined),
    {
      error:
        "a line needs `envelope` (the band where the housing rings, and the bearing) and `speed`",
    },
  )
  .refine(({ list }) => new Set(list.map(({ name }) => name)).size === list.length, {
    error: "two features have the same name",
  });

const id = z.string().min(1);
const address = z.string().min(1);

export const arrayCaptureFile: z.ZodType<ArrayCaptureFile> = z
  .strictObject({
    id,
    name: z.string().min(1),
    asset: z.string().default(""),
    array: address,
    rate: z.union([z.number().positive(), address]),
    scale: z.union([z.number(), address]).default(1),
    unit: z.string().default(""),
    // A bearing takes weeks to wear: an hour is usual. A minute fills half a gigabyte in a week.
    everyMin: z.number().min(0.05).max(10_080).optional(),
    trigger: z
      .strictObject({
        tag: z.string().min(1),
        above: z.number(),
        // What has gone over the limit stays there for minutes, and the second picture shows what the first did.
        atMostEveryMin: z.number().min(0.05).max(10_080).default(10),
      })
      .optional(),
    state: z.array(z.string().min(1)).max(32).default([]),
    features: features.optional(),
  })
  .refine(({ everyMin, trigger }) => everyMin !== undefined || trigger !== undefined, {
    error: "needs everyMin, a trigger, or both; otherwise it is never taken",
  });

export const capturesFile: z.ZodType<CapturesFile> = z.strictObject({
  // One second of 16 bits at 25.6 kHz is 51 kB: five weeks of one every 5 minutes, more than a year of one an hour.
  mebibytesMax: z.int().min(1).max(1_048_576).default(512),
  folders: z
    .array(
      z.strictObject({
        id,
        name: z.string().min(1),
        asset: z.string().default(""),
        folder: z.string().min(1),
      }),
    )
    .default([]),
});
