/** A rule as a person writes it. Read this interface; the schema is checked against it. */
import * as z from "zod";

export interface RuleFile {
  /** Permanent: what events, commands and people call it. */
  readonly id: string;
  /** Of the text of this rule; another version begins anew. */
  readonly version: string;
  /** One sentence: what it is for. */
  readonly title: string;
  /** The asset it is about: its events stand there. */
  readonly asset?: string | undefined;
  /** What the condition may name. */
  readonly inputs: Readonly<Record<string, InputFile>>;
  /** CEL over the names of the inputs: true, false, or unknown while an input is stale or bad. */
  readonly when: string;
  /** It has to be true so long without a break, before the rule fires. */
  readonly for?: string | undefined;
  /** The fired rule clears when this is true. Left out: when `when` is false. */
  readonly until?: string | undefined;
  /** Instead of `until`: an input may come back by so much over its limit before the rule clears, in its unit. */
  readonly deadBand?: Readonly<Record<string, number>> | undefined;
  /** Stays fired until a person resets it. */
  readonly latch: boolean;
  /** Fires at most once in so long. */
  readonly atMostEvery: string;
  /** Judged only while the asset is in one of these states, and has been for `settle`. */
  readonly states?: readonly string[] | undefined;
  readonly settle?: string | undefined;
  /** `hold`: nothing is done while nobody knows. Anything else has to be asked for (field practice 68). */
  readonly onUnknown: "hold" | { readonly after: string; readonly then: readonly ActionFile[] };
  /** Who may pause it, for a limited time and with a reason. */
  readonly pausedBy: "nobody" | "supervisor" | "technician";
  /** For a rule that writes: why values that anybody on the wire could send are good enough for it, in words. */
  readonly trusting?: string | undefined;
  readonly then: readonly ActionFile[];
  /** When it clears. Alarms that it raised clear by themselves. */
  readonly afterwards: readonly ActionFile[];
}

export type InputFile =
  /** A tag by its id. */
  | string
  /** A property of an asset, as `assets:` names it. */
  | { readonly asset: string; readonly property: string }
  /** The operating state of an asset, as text: "running". */
  | { readonly state: string }
  /** Whether an episode of the asset lasts. */
  | { readonly episode: string }
  /** How severe the worst episode of the asset that lasts is, 0..1; 0 without one. */
  | { readonly severity: string }
  /** Whether the condition of an alarm holds. */
  | { readonly alarm: string };

export type ActionFile =
  /** A command, which grants and interlocks may still refuse. */
  | { readonly write: string; readonly value: number | boolean | string }
  /** An alarm of `alarms:` that others may raise. */
  | { readonly raise: string }
  /** A capture that the settings name is taken now. */
  | { readonly capture: string }
  /** Said in the events, for people. */
  | { readonly notify: string };

/** More is a program, and belongs into the controller. */
const inputsMax = 32;
const actionsMax = 8;
/** One scan of so many, all due at once, takes some milliseconds. */
const rulesMax = 5_000;

const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, {
  error: 'may hold letters, digits, "-", "_" and "." only, at most 64',
});
/** As CEL has names; words that CEL keeps for itself are refused by its parser. */
const name = z.string().regex(/^[a-z][A-Za-z0-9_]{0,31}$/, {
  error: "is a name such as temp or bearing_1: a small letter first, then letters, digits and _",
});
const duration = z.string().refine((text) => parseDurationMs(text) !== undefined, {
  error: 'is a time such as "500 ms", "60 s", "10 min" or "2 h", at most a week',
});
const tag = z.string().min(1).max(128);

const action: z.ZodType<ActionFile> = z.union([
  z.strictObject({ write: tag, value: z.union([z.number(), z.boolean(), z.string().max(256)]) }),
  z.strictObject({ raise: tag }),
  z.strictObject({ capture: tag }),
  z.strictObject({ notify: z.string().min(1).max(500) }),
]);

const input: z.ZodType<InputFile> = z.union([
  tag,
  z.strictObject({ asset: tag, property: tag }),
  z.strictObject({ state: tag }),
  z.strictObject({ episode: tag }),
  z.strictObject({ severity: tag }),
  z.strictObject({ alarm: tag }),
]);

const rule = z.strictObject({
  id,
  version: z.union([z.string().min(1).max(32), z.number()]).transform(String),
  title: z.string().min(1).max(200),
  asset: tag.optional(),
  inputs: z
    .record(name, input)
    .refine((inputs) => Object.keys(inputs).length > 0, {
      error: "are none; a rule judges something",
    })
    .refine((inputs) => Object.keys(inputs).length <= inputsMax, { error: "are more than 32" }),
  when: z.string().min(1),
  for: duration.optional(),
  until: z.string().min(1).optional(),
  deadBand: z.record(name, z.number().positive()).optional(),
  latch: z.boolean().default(false),
  // Rules are supervisory (field practice 72): nobody can follow one that fires more often, and no machine should.
  atMostEvery: duration.default("1 s"),
  states: z.array(z.string().min(1)).min(1).max(16).optional(),
  settle: duration.optional(),
  onUnknown: z
    .union([
      z.literal("hold"),
      z.strictObject({ after: duration, then: z.array(action).min(1).max(actionsMax) }),
    ])
    .default("hold"),
  pausedBy: z.enum(["nobody", "supervisor", "technician"]).default("supervisor"),
  trusting: z.string().min(10).max(300).optional(),
  then: z.array(action).min(1).max(actionsMax),
  afterwards: z.array(action).max(actionsMax).default([]),
});

/** `rules:` of the settings. */
export const rulesFile: z.ZodType<readonly RuleFile[]> = z.array(rule).max(rulesMax);

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000 };
/** What has to be watched for longer is a matter of maintenance, not of a rule. */
const longestMs = 7 * 24 * 3_600_000;

/** "60 s" in whole ms; undefined when it is no such text. */
export function parseDurationMs(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,9}(?:\.\d{1,3})?) ?(ms|s|min|h)$/.exec(text) ?? [];
  const ms = Math.round(Number(digits) * (unitsMs[unit ?? ""] ?? NaN));
  return ms >= 0 && ms <= longestMs ? ms : undefined;
}
