/** The alarms of a gateway, as a person writes them (docs/alarms.md). */
import { isTimeZone, shelveHoursDefault, type ShiftPlan } from "@millwright/alarms";
import {
  operatingStates,
  type AlarmPriority,
  type OperatingState,
} from "@millwright/wire-contract/events";
import * as z from "zod";

export interface AlarmsFile {
  /** What alarms have in common, by name. */
  readonly classes: Readonly<Record<string, AlarmClassFile>>;
  readonly list: readonly AlarmFile[];
  /** The machines' own faults, with a table of their texts. */
  readonly faults: readonly FaultTableFile[];
  /** Devices whose own alarms come in (OPC UA conditions). */
  readonly machines: readonly MachineAlarmsFile[];
  /** Alarms may be shelved to the end of a shift. Left out: nobody is offered it. */
  readonly shifts?: ShiftPlan | undefined;
}

export interface AlarmClassFile {
  /** What a person does first. Without it no alarm of the class can be enabled: it would be an event. */
  readonly action: string;
  /** What happens when nobody does. */
  readonly consequence: string;
  /** The likeliest first. */
  readonly causes: readonly string[];
  readonly respondWithinMin: number;
  readonly shelveHoursMax: number;
  /** Waits for a reset by a person after the condition has gone. */
  readonly latching: boolean;
  readonly enabled: boolean;
}

export interface AlarmFile {
  /** Permanent; the same at the hub. */
  readonly id: string;
  readonly class: string;
  /** 1 urgent, 2 high, 3 low; from the consequence and the time to respond. */
  readonly priority: AlarmPriority;
  /** What is wrong, in words. */
  readonly message: string;
  /** Left out: that of its tag. */
  readonly asset?: string | undefined;
  /** Alarms of a group have a first-out. */
  readonly group: string;
  readonly enabled: boolean;
  readonly tag?: string | undefined;
  /** One alarm for each limit, with the id "…/H". */
  readonly limits?: Readonly<Partial<Record<LimitName, LimitFile>>> | undefined;
  /** In the unit of the tag, for `limits`. */
  readonly deadBand: number;
  /** The tag changes faster than this. */
  readonly rate?: RateFile | undefined;
  /** The tag is one of these numbers; a Boolean is 0 or 1. */
  readonly equals?: readonly number[] | undefined;
  /** The tag's value is bad. */
  readonly bad?: true | undefined;
  /** A rule or detection raises and clears it. */
  readonly raisedBy?: "rule" | "detection" | undefined;
  /** The condition has to last so long until it counts, and to be gone so long until it does not. */
  readonly onDelayS: number;
  readonly offDelayS: number;
  /** It is judged in these states of its asset only, once their settling time has passed. */
  readonly states?: readonly OperatingState[] | undefined;
  /** Nobody is told as long as this is true. */
  readonly suppressedWhen?: SuppressionFile | undefined;
}

export const limitNames = ["HH", "H", "L", "LL"] as const;
export type LimitName = (typeof limitNames)[number];

/** What is left out is that of the alarm. */
export interface LimitFile {
  readonly at: number;
  readonly priority?: AlarmPriority | undefined;
  readonly class?: string | undefined;
  readonly message?: string | undefined;
}

export interface RateFile {
  /** In the unit of the tag. */
  readonly perMinute: number;
  readonly direction: "rising" | "falling" | "either";
  /** Between two values that are so far apart, so that noise is no rate. */
  readonly overS: number;
}

/** An expression: of states of assets, other alarms, and values of tags. What is not known is not true. */
export type SuppressionFile =
  | { readonly any: readonly SuppressionFile[] }
  | { readonly all: readonly SuppressionFile[] }
  | { readonly not: SuppressionFile }
  | { readonly asset: string; readonly state: readonly OperatingState[] }
  /** It is active. */
  | { readonly alarm: string }
  | {
      readonly tag: string;
      readonly above?: number | undefined;
      readonly below?: number | undefined;
      readonly equals?: number | undefined;
    };

/** A fault number or a word of fault bits, and a CSV table of what they mean (field practice 60). */
export interface FaultTableFile {
  /** Alarms are called "<id>/<number or bit>"; and it is their group, so that the first-out is known. */
  readonly id: string;
  readonly tag: string;
  readonly kind: "number" | "bits";
  /** Columns: fault, one for each language ("en"), class, priority, action. A row without a class is kept as an event. */
  readonly textsFile: string;
  readonly language: string;
  readonly onDelayS: number;
  readonly offDelayS: number;
}

/** A device that has alarms of its own, and what they are here. They stay the device's: it says when, and who has acknowledged. */
export interface MachineAlarmsFile {
  readonly device: string;
  /** Whose alarms: an address of the device; left out, all that it has. */
  readonly notifier: string;
  /** Of those that have no other below; left out, those are kept as events. */
  readonly class?: string | undefined;
  /** Left out: the name of the device. */
  readonly asset?: string | undefined;
  /** Where a device speaks for many machines: by what it calls the source of the alarm. */
  readonly assets: Readonly<Record<string, string>>;
  /** They have a first-out; left out: those of the device. */
  readonly group?: string | undefined;
  /** Severities from which the priority is 1, and 2; below it is 3. */
  readonly urgentFrom: number;
  readonly highFrom: number;
  /** By what the device calls the alarm. */
  readonly named: Readonly<Record<string, NamedMachineAlarmFile>>;
}

/** What is left out is as for the others of the device. */
export interface NamedMachineAlarmFile {
  readonly class?: string | undefined;
  readonly priority?: AlarmPriority | undefined;
  /** Instead of the device's. */
  readonly message: string;
  /** Instead of that of the class. */
  readonly action: string;
}

const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_./-]{0,119}$/, {
  error: 'may hold letters, digits and "_", ".", "/", "-" only, at most 120',
});
const priority = z.union([z.literal(1), z.literal(2), z.literal(3)], {
  error: "must be 1 (urgent), 2 (high) or 3 (low)",
});
const states = z.array(z.enum(operatingStates)).min(1);
// A day: what takes longer to count is no alarm with a time to respond.
const delayS = z.number().min(0).max(86_400).default(0);

const classFile: z.ZodType<AlarmClassFile> = z.strictObject({
  action: z.string().default(""),
  consequence: z.string().default(""),
  causes: z.array(z.string().min(1)).max(20).default([]),
  respondWithinMin: z.number().positive().max(10_080).default(30),
  shelveHoursMax: z.number().positive().max(168).default(shelveHoursDefault),
  latching: z.boolean().default(false),
  enabled: z.boolean().default(true),
});

const limitFile: z.ZodType<LimitFile> = z.union([
  z.number().transform((at) => ({ at })),
  z.strictObject({
    at: z.number(),
    priority: priority.optional(),
    class: z.string().min(1).optional(),
    message: z.string().min(1).optional(),
  }),
]);

const suppressionFile: z.ZodType<SuppressionFile> = z.lazy(() =>
  z.union(
    [
      z.strictObject({ any: z.array(suppressionFile).min(1).max(50) }),
      z.strictObject({ all: z.array(suppressionFile).min(1).max(50) }),
      z.strictObject({ not: suppressionFile }),
      z.strictObject({ asset: z.string().min(1), state: states }),
      z.strictObject({ alarm: z.string().min(1) }),
      z
        .strictObject({
          tag: z.string().min(1),
          above: z.number().optional(),
          below: z.number().optional(),
          equals: z.number().optional(),
        })
        .refine(
          ({ above, below, equals }) =>
            [above, below, equals].filter((one) => one !== undefined).length === 1,
          { error: "needs one of above, below and equals" },
        ),
    ],
    {
      error:
        "must be one of any: [...], all: [...], not: ..., { asset, state: [...] }, { alarm }, { tag, above | below | equals }",
    },
  ),
);

const alarmFile: z.ZodType<AlarmFile> = z
  .strictObject({
    id,
    class: z.string().min(1),
    priority,
    message: z.string().min(1).max(200),
    asset: z.string().min(1).optional(),
    group: z.string().max(128).default(""),
    enabled: z.boolean().default(true),
    tag: z.string().min(1).optional(),
    limits: z.partialRecord(z.enum(limitNames), limitFile).optional(),
    deadBand: z.number().min(0).default(0),
    rate: z
      .strictObject({
        perMinute: z.number().positive(),
        direction: z.enum(["rising", "falling", "either"]).default("either"),
        overS: z.number().min(1).max(3_600).default(10),
      })
      .optional(),
    equals: z
      .union([z.number(), z.boolean(), z.array(z.number()).min(1)])
      .transform((given) => (Array.isArray(given) ? given : [Number(given)]))
      .optional(),
    bad: z.literal(true).optional(),
    raisedBy: z.enum(["rule", "detection"]).optional(),
    onDelayS: delayS,
    offDelayS: delayS,
    states: states.optional(),
    suppressedWhen: suppressionFile.optional(),
  })
  .superRefine(({ tag, limits, rate, equals, bad, raisedBy }, context) => {
    const say = (message: string): void => {
      context.addIssue({ code: "custom", message });
    };
    const conditions = [limits, rate, equals, bad, raisedBy].filter((one) => one !== undefined);
    if (conditions.length !== 1) say("needs one of limits, rate, equals, bad and raisedBy");
    if (raisedBy === undefined && tag === undefined) say("needs the tag that it watches");
    if (limits !== undefined && Object.keys(limits).length === 0) {
      say("limits needs at least one of HH, H, L and LL");
    }
    const order = (["LL", "L", "H", "HH"] as const).flatMap((name) => limits?.[name]?.at ?? []);
    if (order.some((at, place) => place > 0 && at <= (order[place - 1] ?? -Infinity))) {
      say("limits must rise from LL over L and H to HH");
    }
  });

const faultTableFile: z.ZodType<FaultTableFile> = z.strictObject({
  id,
  tag: z.string().min(1),
  kind: z.enum(["number", "bits"]),
  textsFile: z.string().min(1),
  language: z
    .string()
    .regex(/^[a-z]{2}$/)
    .default("en"),
  onDelayS: delayS,
  offDelayS: delayS,
});

// OPC 10000-5, 6.4.2: 1 to 1,000.
const severity = z.int().min(1).max(1_001);

const machineAlarmsFile: z.ZodType<MachineAlarmsFile> = z
  .strictObject({
    device: z.string().min(1),
    notifier: z.string().max(500).default(""),
    class: z.string().min(1).optional(),
    asset: z.string().min(1).optional(),
    assets: z.record(z.string(), z.string().min(1)).default({}),
    group: z.string().max(128).optional(),
    // As companion specifications divide it: errors, warnings, messages (OPC 40501-1, 8.6.2). 1001: none.
    urgentFrom: severity.default(667),
    highFrom: severity.default(334),
    named: z
      .record(
        z.string(),
        z.strictObject({
          class: z.string().min(1).optional(),
          priority: priority.optional(),
          message: z.string().max(200).default(""),
          action: z.string().default(""),
        }),
      )
      .default({}),
  })
  .refine(({ urgentFrom, highFrom }) => highFrom <= urgentFrom, {
    path: ["highFrom"],
    error: "must not be above urgentFrom",
  });

const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'must be a time of day in quotes, as "06:00"' })
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)));

const shiftsFile: z.ZodType<ShiftPlan> = z
  .strictObject({
    // Shorter than an hour nobody works.
    begin: z.array(timeOfDay).min(1).max(24),
    timeZone: z
      .string()
      .refine(isTimeZone, {
        error: 'is no time zone that this machine knows; one is "Europe/Berlin"',
      })
      .default(() => new Intl.DateTimeFormat().resolvedOptions().timeZone),
  })
  .transform(({ begin, timeZone }) => ({ beginMin: begin, timeZone }));

export const alarmsFile: z.ZodType<AlarmsFile> = z.strictObject({
  classes: z.record(z.string().min(1), classFile).default({}),
  // Nobody can have thought about the action of more alarms than this on one gateway.
  list: z.array(alarmFile).max(10_000).default([]),
  faults: z.array(faultTableFile).max(1_000).default([]),
  machines: z.array(machineAlarmsFile).max(1_000).default([]),
  shifts: shiftsFile.optional(),
});
