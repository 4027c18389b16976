/**
 * What may be written, as an engineer at the gateway grants it (field practice 66 to 70), and what must hold for it. There
 * is no other road by which any of it comes: the hub has no message for it.
 */
import * as z from "zod";

/** A value as it stands in a tag: number, switch or text; a 64-bit integer beyond 2^53 as text. */
export type ValueFile = number | boolean | string;

export interface GrantFile {
  readonly tag: string;
  /** Who may ask. With "rule" the tag belongs to `rule`, and the others may override it. */
  readonly origins: readonly ("hmi" | "rule" | "hub")[];
  /** The one rule that may write it. */
  readonly rule?: string | undefined;
  /** What a person has to be. */
  readonly role: "technician" | "supervisor" | "engineer";
  /** Least and greatest value, in the unit of the tag; needed for numbers. */
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  /** Largest change by one write. */
  readonly stepMax?: number | undefined;
  /** Largest sum of changes within any minute. */
  readonly changePerMinuteMax?: number | undefined;
  /** A tag that must have one of these values: the machine's own switch for remote or auto. */
  readonly mode?:
    { readonly tag: string; readonly is: readonly ValueFile[]; readonly words: string } | undefined;
  /** How it is seen that the machine did it: the same tag, another one, a status, or not at all. */
  readonly readBack: ReadBackFile;
  /** Longest time from acceptance until it is seen. */
  readonly withinMs: number;
  /** A request: it is set to something, and the controller sets it back to this. */
  readonly handshake?: { readonly cleared: ValueFile } | undefined;
  /** Everything is checked and recorded, and nothing is written. */
  readonly dryRun: boolean;
}

export type ReadBackFile =
  | "same"
  | "none"
  | { readonly tag: string; readonly tolerance: number }
  | { readonly tag: string; readonly reaches: ValueFile };

export interface InterlockFile {
  readonly id: string;
  readonly name: string;
  /** Tags that are not written while a condition does not hold. */
  readonly blocks: readonly string[];
  readonly conditions: readonly ConditionFile[];
}

export type ConditionFile =
  | { readonly tag: string; readonly is: ValueFile; readonly words: string }
  | {
      readonly tag: string;
      readonly low?: number | undefined;
      readonly high?: number | undefined;
      readonly words: string;
    }
  | { readonly interlock: string; readonly words: string };

export interface CommandsFile {
  /** For all grants. */
  readonly dryRun: boolean;
  /** A counter that is written while the gateway lives: the controller acts when it stands still (field practice 68). */
  readonly watchdogs: readonly { readonly tag: string; readonly everyMs: number }[];
  /** Belong to the safety controller: they are shown, and never granted. */
  readonly safetyTags: readonly string[];
}

const tag = z.string().min(1);
const value = z.union([z.number(), z.boolean(), z.string()]);
// What is wrong, for a person; a line on a phone.
const words = z.string().min(1).max(120);

export const grantFile: z.ZodType<GrantFile> = z.strictObject({
  tag,
  origins: z.array(z.enum(["hmi", "rule", "hub"])).min(1),
  rule: z.string().min(1).optional(),
  role: z.enum(["technician", "supervisor", "engineer"]).default("technician"),
  low: z.number().optional(),
  high: z.number().optional(),
  stepMax: z.number().positive().optional(),
  changePerMinuteMax: z.number().positive().optional(),
  mode: z.strictObject({ tag, is: z.array(value).min(1), words }).optional(),
  readBack: z
    .union([
      z.enum(["same", "none"]),
      z.strictObject({ tag, tolerance: z.number().min(0) }),
      z.strictObject({ tag, reaches: value }),
    ])
    .default("same"),
  // Five polls of a second; a drive that ramps for a minute needs more.
  withinMs: z.int().min(100).max(600_000).default(5_000),
  handshake: z.strictObject({ cleared: value }).optional(),
  dryRun: z.boolean().default(false),
});

const condition: z.ZodType<ConditionFile> = z.union([
  z.strictObject({ tag, is: value, words }),
  z
    .strictObject({ tag, low: z.number().optional(), high: z.number().optional(), words })
    .refine(({ low, high }) => low !== undefined || high !== undefined, {
      error: "needs is, low or high",
    }),
  z.strictObject({ interlock: z.string().min(1), words }),
]);

export const interlockFile: z.ZodType<InterlockFile> = z.strictObject({
  id: z.string().min(1).max(64),
  name: z.string().min(1),
  blocks: z.array(tag).default([]),
  conditions: z.array(condition).min(1),
});

export const commandsFile: z.ZodType<CommandsFile> = z.strictObject({
  dryRun: z.boolean().default(false),
  watchdogs: z
    .array(
      z.strictObject({
        tag,
        // Controllers watch for some seconds; ten a second is a load for a serial line.
        everyMs: z.int().min(100).max(60_000).default(1_000),
      }),
    )
    .max(64)
    .default([]),
  safetyTags: z.array(tag).default([]),
});
