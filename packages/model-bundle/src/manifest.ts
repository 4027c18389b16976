/**
 * What a bundle says of itself: `models/<name>/manifest.json`. The bundle is what is signed, carried and exchanged; its
 * manifest names every file with its digest, so that the digest of the manifest stands for the whole.
 */
import { featureSpec, type FeatureSpec } from "@millwright/features";
import { operatingStates, type OperatingState } from "@millwright/wire-contract/events";
import * as z from "zod";

/** The one version of this format so far. */
export const bundleFormat = 1;

export interface Manifest {
  readonly format: typeof bundleFormat;
  /** Permanent; the folder has the same name. */
  readonly name: string;
  /** major.minor.patch. */
  readonly version: string;
  /** What the score means: the distance from normal behaviour, over a limit of its own. */
  readonly kind: "anomaly";
  /** Assets of this type are what it was trained for; "" is the type of assets that were given none. */
  readonly assetType: string;
  /** In the order in which `features` counts them. */
  readonly inputs: readonly BundleInput[];
  /** Grid, windows and features, as `@millwright/features` computes them: for live, backtest and training. */
  readonly features: FeatureSpec;
  /** Windows before the newest that stand in the input, too (dynamic PCA: 2). Oldest last. */
  readonly lag: number;
  /** Operating states in which it may score. Empty: in every state. */
  readonly states: readonly OperatingState[];
  /** After a change into such a state it keeps silent so long, s. */
  readonly settlingS: number;
  readonly model: BundleModel;
  readonly limits: BundleLimits;
  /** Of scores over their limit, on the normal data it was calibrated with: what drift of the model is measured against. */
  readonly scores: Histogram;
  /** What one window costs at most on the reference gateway: CPU time of one run, ms. */
  readonly latencyMs: number;
  /** What the model needs beside its weights while it runs, bytes. */
  readonly memoryBytes: number;
  /** Every file of the bundle but the manifest, by its path in the folder. */
  readonly files: Readonly<Record<string, BundleFile>>;
  /** Path of the examples among `files`. */
  readonly examples: string;
}

export interface BundleInput {
  /** As the settings of an asset name it under `tags`. */
  readonly property: string;
  /** UCUM code. The tag must have the same. */
  readonly unit: string;
  /** Without a required input there is no score; one that is not required stands as `missing` in its features. */
  readonly required: boolean;
  /**
   * Where the model has been shown to say something, in `unit`: wide enough to hold the faults it is to find. A window with a
   * value outside is named, not scored.
   */
  readonly trained: { readonly min: number; readonly max: number };
  /** Of the data it was fitted on: what drift is measured against. */
  readonly histogram: Histogram;
}

/** Shares of values below, between and above the edges: one more than edges, together 1. */
export interface Histogram {
  readonly edges: readonly number[];
  readonly shares: readonly number[];
}

export interface BundleModel {
  /** Path among `files`. */
  readonly file: string;
  /** Of the default operator set. */
  readonly opset: number;
  readonly input: TensorShape;
  readonly outputs: {
    /** One number a window. */
    readonly score: TensorShape;
    /** One number an input, in the order of `inputs`: how much each has to do with the score. */
    readonly contributions?: TensorShape | undefined;
    /** What each input should be, in its unit. */
    readonly expected?: TensorShape | undefined;
  };
}

/** A tensor of float32. "batch" is the one size that is not fixed: windows of one run. */
export interface TensorShape {
  readonly tensor: string;
  readonly shape: readonly (number | "batch")[];
}

export interface BundleLimits {
  /** An episode begins where the score is at least this. Scores are handed on divided by it. */
  readonly on: number;
  /** It ends below this. */
  readonly off: number;
  /** `k` of the last `n` scores must be over the limit. */
  readonly persistence: { readonly k: number; readonly n: number };
  /** Episodes a day and asset that a person was promised at most: each beyond them raises what the next must exceed, up to four times. */
  readonly budgetPerDay: number;
}

export interface BundleFile {
  readonly bytes: number;
  /** Hexadecimal, lower case. */
  readonly sha256: string;
}

/** `examples.json`: what the model answers, checked when it is loaded. */
export interface Examples {
  /** How far an answer may lie from what is written here, relative to its size (and absolute below 1). */
  readonly tolerance: number;
  readonly windows: readonly Example[];
}

export interface Example {
  /** The whole input of one window, in the order of the tensor. */
  readonly input: readonly number[];
  readonly score: number;
  readonly contributions?: readonly number[] | undefined;
  readonly expected?: readonly number[] | undefined;
}

/** A gateway's model is kilobytes; what is larger than this was made for something else (bytes). */
export const modelBytesMax: number = 64 * 2 ** 20;
/** Card, metrics and examples are for people and checks, not a store of data (bytes). */
export const sideFileBytesMax: number = 8 * 2 ** 20;

/** A relative path without "..", links are looked for by the loader. */
export const bundlePath: z.ZodType<string> = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*){0,3}$/, {
    error: 'must be a path inside the bundle, such as "examples/examples.json"',
  })
  .max(200);

const finite = z.number();

const histogram: z.ZodType<Histogram> = z
  .strictObject({
    // Ten parts are what the population stability index is usually taken over; below three it sees nothing.
    edges: z.array(finite).min(2).max(64),
    shares: z.array(finite.min(0).max(1)).min(3).max(65),
  })
  .refine(({ edges, shares }) => shares.length === edges.length + 1, {
    error: "needs one more share than it has edges",
  })
  .refine(({ edges }) => edges.every((edge, at) => at === 0 || edge > (edges[at - 1] ?? edge)), {
    error: "needs edges that rise",
  })
  .refine(({ shares }) => Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-3, {
    error: "needs shares that add up to 1",
  });

const input: z.ZodType<BundleInput> = z.strictObject({
  property: z.string().min(1).max(64),
  unit: z.string().max(32),
  required: z.boolean().default(true),
  trained: z
    .strictObject({ min: finite, max: finite })
    .refine(({ min, max }) => min < max, { error: "needs min below max" }),
  histogram,
});

const tensor: z.ZodType<TensorShape> = z.strictObject({
  tensor: z.string().min(1).max(200),
  shape: z
    .array(z.union([z.literal("batch"), z.int().min(1).max(1_000_000)]))
    .min(1)
    .max(4),
});

const model: z.ZodType<BundleModel> = z.strictObject({
  file: bundlePath,
  // 13 is the first with axes as inputs, as our exporters write them; the runtime of the gateway knows up to 23.
  opset: z.int().min(13).max(23),
  input: tensor,
  outputs: z.strictObject({
    score: tensor,
    contributions: tensor.optional(),
    expected: tensor.optional(),
  }),
});

const limits: z.ZodType<BundleLimits> = z
  .strictObject({
    on: finite.positive(),
    off: finite.positive(),
    persistence: z
      .strictObject({ k: z.int().min(1).max(1_000), n: z.int().min(1).max(1_000) })
      .refine(({ k, n }) => k <= n, { error: "needs k of at most n" }),
    budgetPerDay: finite.positive().max(1_000),
  })
  .refine(({ on, off }) => off <= on, { error: "needs off at or below on, or it would never end" });

const file: z.ZodType<BundleFile> = z.strictObject({
  bytes: z.int().min(1),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, { error: "must be a SHA-256 in hexadecimal, lower case" }),
});

export const manifestSchema: z.ZodType<Manifest> = z.strictObject({
  format: z.literal(bundleFormat, {
    error: `must be ${bundleFormat}; a newer format needs newer software`,
  }),
  name: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, {
    error: 'may hold small letters, digits and "-", and begins with a letter',
  }),
  version: z.string().regex(/^\d{1,6}\.\d{1,6}\.\d{1,6}$/, {
    error: 'must be three numbers, such as "1.2.0"',
  }),
  kind: z.literal("anomaly"),
  assetType: z.string().max(64),
  inputs: z.array(input).min(1).max(256),
  features: featureSpec,
  lag: z.int().min(0).max(60).default(0),
  states: z.array(z.enum(operatingStates)).max(operatingStates.length).default([]),
  settlingS: finite.min(0).max(86_400).default(0),
  model,
  limits,
  scores: histogram,
  latencyMs: finite.positive().max(1_000),
  memoryBytes: z
    .int()
    .min(0)
    .max(512 * 2 ** 20),
  files: z.record(bundlePath, file),
  examples: bundlePath,
});

const numbers = z.array(finite).max(1_000_000);

export const examplesSchema: z.ZodType<Examples> = z.strictObject({
  // Exported graphs are held to 1e-5 against the framework they were trained with; float32 on another machine adds some.
  tolerance: finite.positive().max(0.01).default(1e-4),
  windows: z
    .array(
      z.strictObject({
        input: numbers.min(1),
        score: finite,
        contributions: numbers.optional(),
        expected: numbers.optional(),
      }),
    )
    .min(1)
    .max(1_000),
});
