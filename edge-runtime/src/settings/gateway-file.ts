/**
 * The settings file of a gateway as a person writes it. Read this interface; the schema is checked against it. Past
 * `loadSettings` nothing is optional.
 */
import type { TagKind } from "@millwright/wire-contract";
import * as z from "zod";

import { accessFile, type AccessFile } from "../access/settings.ts";
import {
  arrayCaptureFile,
  capturesFile,
  type ArrayCaptureFile,
  type CapturesFile,
} from "../capture/settings.ts";
import { alarmsFile, type AlarmsFile } from "../decide/alarms/settings.ts";
import {
  commandsFile,
  grantFile,
  interlockFile,
  type CommandsFile,
  type GrantFile,
  type InterlockFile,
} from "../decide/commands/settings.ts";
import { rulesFile, type RuleFile } from "../decide/rules/rule-file.ts";
import {
  assetsFile,
  detectionFile,
  type AssetFile,
  type DetectionFile,
} from "../detect/settings.ts";
import { modelsFile, type ModelsFile } from "../detect/models/settings.ts";
import type { ClockPolicy } from "../normalise/normaliser.ts";
import { publishFile, type PublishFile } from "../publish/settings.ts";

export interface GatewayFile {
  readonly gateway: {
    /** Permanent: names this gateway on the wire and in the hub for ever. */
    readonly id: string;
    readonly name: string;
    /** Where it stands, from the largest to the smallest: "Brno / Stamping / Line 2". */
    readonly site: string;
  };
  /** Left out: the gateway works alone. */
  readonly hub?:
    | {
        readonly url: string;
        /** File with the user name in its first line and the password in its second, readable by this program alone. */
        readonly credentialsFile?: string | undefined;
        /**
         * File with the certificates of those who may have signed the broker's, PEM: nobody else is trusted then. With `tls://`.
         * Left out: those that Node brings along.
         */
        readonly caFile?: string | undefined;
        /** For a metered link; left out, as much as there is. */
        readonly kilobitsPerSecondMax?: number | undefined;
        /** Part of the link that history and captures may take. */
        readonly historyShare: number;
      }
    | undefined;
  readonly journal: {
    readonly folder: string;
    readonly commitEveryMs: number;
    readonly keepRawHours: number;
    readonly mebibytesMax: number;
  };
  /** What of the samples the hub is told; all of them are kept here whatever it says. */
  readonly telling: TellingFile;
  readonly hmi: {
    readonly host: string;
    readonly port: number;
    /** Names and addresses under which the page answers besides those of loopback and the host. */
    readonly names: readonly string[];
  };
  /** Left out: people sign in at the gateway's own screen alone, and the page is for this machine. */
  readonly access?: AccessFile | undefined;
  readonly captures: CapturesFile;
  /** Machines that are watched as a whole; those that are only named by tags are shown and not watched. */
  readonly assets: readonly AssetFile[];
  readonly detection: DetectionFile;
  readonly models: ModelsFile;
  readonly alarms: AlarmsFile;
  /** Conditions over tags, states, episodes and alarms, and what follows from them. */
  readonly rules: readonly RuleFile[];
  /** What may be written to machines, by whom and how far. Left out: nothing. */
  readonly grants: readonly GrantFile[];
  /** What must hold for a write; checked last, and again while it waits for its line. */
  readonly interlocks: readonly InterlockFile[];
  readonly commands: CommandsFile;
  /** Who else is told what is kept here, besides the hub. Left out: nobody. */
  readonly publish: PublishFile;
  readonly devices: readonly DeviceFile[];
}

/** Rules by kind of tag; the column `tell` of a tag table goes before them. */
export interface TellingFile extends Readonly<Record<TagKind, string>> {
  /** A sample is told after so long a silence, whatever its value. */
  readonly heartbeatMs: number;
  /** Told samples wait so long for others of their frame. */
  readonly everyMs: number;
}

export interface DeviceFile {
  readonly id: string;
  readonly name?: string | undefined;
  /** A template gives protocol, connection and tags; what is written here goes before it. */
  readonly template?: string | undefined;
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly protocol?: string | undefined;
  readonly connection: Readonly<Record<string, unknown>>;
  readonly clock: ClockPolicy;
  /** Period for tags that have none of their own, ms. */
  readonly everyMs: number;
  /** A tag table beside this file, or rows written out with the same column names. */
  readonly tags?: string | readonly Readonly<Record<string, string | number>>[] | undefined;
  /** Waveforms that the device takes by itself and gives away whole. */
  readonly captures?: readonly ArrayCaptureFile[] | undefined;
  /** Why its values can be believed although nothing signs them on the way, in words: for rules that write. */
  readonly trust?: string | undefined;
}

/** What many devices of one make have in common. Text may hold `{parameter}`; `{device}` is always the device's id. */
export interface TemplateFile {
  readonly protocol: string;
  /** Parameters that a device must give, each with the words that `connect` asks for it. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly connection: Readonly<Record<string, unknown>>;
  readonly tags: string;
  readonly captures?: readonly ArrayCaptureFile[] | undefined;
}

const hubUrlWords =
  "write it as nats://host:4222, or tls://host:4222 where nothing may travel unencrypted, without user and password";

/** They would stand in logs, and the client of the road does not read them there. */
function isWithoutLogin(text: string): boolean {
  const url = URL.parse(text);
  return url === null || (url.username === "" && url.password === "");
}

const rows = z.array(z.record(z.string(), z.union([z.string(), z.number()])));

export const deviceFile: z.ZodType<DeviceFile> = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, {
    error: 'may hold letters, digits, "-" and "_" only, at most 64',
  }),
  name: z.string().min(1).optional(),
  template: z.string().min(1).optional(),
  parameters: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  protocol: z.string().min(1).optional(),
  connection: z.record(z.string(), z.unknown()).default({}),
  clock: z.enum(["auto", "trust", "correct", "ignore"]).default("auto"),
  // Once a second is what a technician sees as live, and what a 9600 baud line bears for a small device.
  everyMs: z.int().min(10).max(86_400_000).default(1_000),
  tags: z.union([z.string().min(1), rows]).optional(),
  captures: z.array(arrayCaptureFile).optional(),
  trust: z.string().min(10).max(300).optional(),
});

// Nothing is held back unless somebody says what error he can live with.
const rule = z.string().default("full");

const tellingFile: z.ZodType<TellingFile> = z.strictObject({
  measurement: rule,
  counter: rule,
  state: rule,
  "event-value": rule,
  setpoint: rule,
  text: rule,
  // A chart of an hour then has at least sixty points of each tag.
  heartbeatMs: z.int().min(1_000).max(3_600_000).default(60_000),
  // The envelope of a frame is as large as forty samples, so a frame a second and not ten.
  everyMs: z.int().min(0).max(10_000).default(1_000),
});

export const gatewayFile: z.ZodType<GatewayFile> = z.strictObject({
  gateway: z.strictObject({
    id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, {
      error: 'may hold letters, digits, "-" and "_" only, at most 64',
    }),
    name: z.string().min(1),
    site: z.string().default(""),
  }),
  hub: z
    .strictObject({
      url: z
        .url({ protocol: /^(nats|tls)$/, error: hubUrlWords })
        .refine(isWithoutLogin, { error: hubUrlWords }),
      credentialsFile: z.string().min(1).optional(),
      caFile: z.string().min(1).optional(),
      // Below 8 kbit/s the beats alone would fill the link.
      kilobitsPerSecondMax: z.number().min(8).optional(),
      // A fifth is left for what happens now, while days of history drain.
      historyShare: z.number().min(0.05).max(1).default(0.8),
    })
    .refine(({ url, caFile }) => caFile === undefined || url.startsWith("tls:"), {
      path: ["caFile"],
      error: "is of use only where everything is encrypted: write url as tls://host:4222",
    })
    .optional(),
  journal: z.strictObject({
    folder: z.string().min(1),
    // Ten commits a second write 11 to 18 GB a day and kill a flash card; 100 ms is for SSDs with power-loss protection.
    commitEveryMs: z.int().min(20).max(60_000).default(1_000),
    keepRawHours: z.number().positive().max(87_600).default(24),
    mebibytesMax: z.int().min(64).default(2_048),
  }),
  telling: tellingFile.prefault({}),
  hmi: z
    .strictObject({
      // An address of this machine, or 0.0.0.0 or :: for all of them; only with access away from loopback.
      host: z
        .string()
        .regex(/^[A-Za-z0-9.:-]{1,253}$/)
        .default("127.0.0.1"),
      // 0 takes any free port and says which.
      port: z.int().min(0).max(65_535).default(8_081),
      // As a browser sends them: without a port, in lower case (RFC 3986, 6.2.2.1).
      names: z
        .array(z.string().regex(/^[a-z0-9][a-z0-9.-]{0,252}$/))
        .max(16)
        .default([]),
    })
    .default({ host: "127.0.0.1", port: 8_081, names: [] }),
  access: accessFile.optional(),
  captures: capturesFile.prefault({}),
  assets: assetsFile.default([]),
  detection: detectionFile.prefault({}),
  models: modelsFile.prefault({}),
  rules: rulesFile.default([]),
  alarms: alarmsFile.prefault({}),
  // A hand keeps some hundred grants; more are a mistake of a program.
  grants: z.array(grantFile).max(1_000).default([]),
  interlocks: z.array(interlockFile).max(1_000).default([]),
  commands: commandsFile.prefault({}),
  publish: publishFile.prefault({}),
  devices: z.array(deviceFile).default([]),
});

export const templateFile: z.ZodType<TemplateFile> = z.strictObject({
  protocol: z.string().min(1),
  parameters: z.record(z.string(), z.string()).default({}),
  connection: z.record(z.string(), z.unknown()).default({}),
  tags: z.string().min(1),
  captures: z.array(arrayCaptureFile).optional(),
});

/** The schema that editors use to complete and check the file (JSON Schema 2020-12). */
export function gatewayJsonSchema(): unknown {
  return z.toJSONSchema(gatewayFile, { io: "input", unrepresentable: "any" });
}
