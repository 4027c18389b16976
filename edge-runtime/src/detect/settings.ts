/** Assets and their detection, as a person writes them (field practice 58, 59). */
import { operatingStates, type OperatingState } from "@millwright/wire-contract/events";
import * as z from "zod";

/** A machine, or a part of one, that is watched as a whole. */
export interface AssetFile {
  /** As the column `asset` of tags names it: "Pump 1". */
  readonly id: string;
  readonly name?: string | undefined;
  /** What model bundles are made for: "motor-pump". */
  readonly type: string;
  /** Tag by property: names that mean the same on all assets of a type. */
  readonly tags: Readonly<Record<string, string>>;
  /** Left out: the asset is always taken for running. */
  readonly state?: StateFile | undefined;
  /** Tags whose values are kept as context intervals. */
  readonly context: Readonly<Partial<Record<ContextName, string>>>;
  readonly detection: AssetDetectionFile;
}

export const contextNames = ["job", "product", "batch", "tool", "shift"] as const;
export type ContextName = (typeof contextNames)[number];

/** What the asset is doing: from the number of a tag (`values`), or from a quantity above a limit (`above`). */
export interface StateFile {
  readonly tag: string;
  /** By number of the tag. A number that is not named means that the state is unknown. */
  readonly values?: Readonly<Record<string, OperatingState>> | undefined;
  /** Running while the quantity is above, off otherwise. */
  readonly above?: number | undefined;
  /** After a change nothing is judged or learnt for so long. */
  readonly settleS: number;
}

export interface AssetDetectionFile {
  /** Properties that the statistics watch; left out, all that are measurements. */
  readonly watch?: readonly string[] | undefined;
  /** Properties that are left alone, because what they do is what the machine makes. */
  readonly ignore: readonly string[];
  /** Property by property: judged by what it is more than that one, as a bearing by its rise above the hall (IEC 60034-1). */
  readonly relativeTo?: Readonly<Record<string, string>> | undefined;
  /** In which states anything is judged and learnt. */
  readonly states: readonly OperatingState[];
  /** Plain limits, by property. */
  readonly limits: Readonly<Record<string, LimitFile>>;
}

export interface LimitFile {
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  /** The steepest change, either way, in units a second. */
  readonly perSecondMax?: number | undefined;
}

/** For the whole gateway. */
export interface DetectionFile {
  /** So many episodes a day are bearable: thresholds rise until there are no more, and fall when there is room. */
  readonly episodesPerDayMax: number;
  /** Normal time in its states that an asset needs before its statistics judge. */
  readonly learnMin: number;
}

const state = z.enum(operatingStates);
const id = z.string().min(1).max(128);
const property = z.string().regex(/^[a-z][A-Za-z0-9]{0,63}$/, {
  error: "a property begins with a small letter and holds letters and digits only, at most 64",
});

const stateFile: z.ZodType<StateFile> = z
  .strictObject({
    tag: z.string().min(1),
    values: z.record(z.string().regex(/^-?\d{1,9}$/), state).optional(),
    above: z.number().optional(),
    // Speeds and pressures are there within seconds; what warms up slowly is learnt with its slowness.
    settleS: z.number().min(0).max(86_400).default(30),
  })
  .refine(({ values, above }) => (values === undefined) !== (above === undefined), {
    error: "needs either values (states by number) or above (a limit)",
  });

const limitFile: z.ZodType<LimitFile> = z
  .strictObject({
    low: z.number().optional(),
    high: z.number().optional(),
    perSecondMax: z.number().positive().optional(),
  })
  .refine(
    ({ low, high, perSecondMax }) =>
      low !== undefined || high !== undefined || perSecondMax !== undefined,
    { error: "needs low, high or perSecondMax" },
  )
  .refine(({ low = -Infinity, high = Infinity }) => low < high, {
    error: "low must be below high",
  });

const assetFile: z.ZodType<AssetFile> = z.strictObject({
  id,
  name: z.string().min(1).optional(),
  type: z.string().max(128).default(""),
  tags: z.record(property, z.string().min(1)),
  state: stateFile.optional(),
  context: z.partialRecord(z.enum(contextNames), z.string().min(1)).default({}),
  detection: z
    .strictObject({
      watch: z.array(z.string().min(1)).optional(),
      ignore: z.array(z.string().min(1)).default([]),
      relativeTo: z.record(z.string(), z.string().min(1)).optional(),
      states: z.array(state).min(1).default(["running"]),
      limits: z.record(z.string(), limitFile).default({}),
    })
    .prefault({}),
});

// A hundred machines on one gateway are many; a thousand are a mistake of a script.
export const assetsFile: z.ZodType<readonly AssetFile[]> = z.array(assetFile).max(1_000);

export const detectionFile: z.ZodType<DetectionFile> = z.strictObject({
  // One false call a day is what people bear before they stop looking.
  episodesPerDayMax: z.number().min(0.1).max(1_000).default(1),
  // Long enough for slow cycles of a machine, such as an oil cooler, to come by several times.
  learnMin: z.number().min(1).max(43_200).default(120),
});
