import * as z from "zod";

/** What a person writes in `hub.yaml`. Paths are taken from the folder of the file. */
export interface HubFile {
  /** What the hub and its children write goes here. */
  readonly dataFolder: string;
  /**
   * Below which mark gateways delete. `backup`: what the newest verified backup holds, so that a hub restored from it is
   * filled again by its gateways. `stored`: what the hub has stored; what came after a backup is then lost with the
   * database. It has to be chosen in words.
   */
  readonly releaseBelow: "stored" | "backup";
  /** Backups by schedule. Absent: only those that a person makes. */
  readonly backup?:
    | {
        /** On another disk than the data, or the disk that fails takes both. */
        readonly folder: string;
        readonly everyHours: number;
        /** So many verified backups stay there; older ones go. */
        readonly keep: number;
      }
    | undefined;
  readonly http: { readonly host: string; readonly port: number };
  readonly broker: {
    /** An existing NATS server with JetStream. Absent: the hub starts its own as a child. */
    readonly url?: string | undefined;
    /** File with the user name in its first line and the password in its second. */
    readonly credentialsFile?: string | undefined;
    /**
     * The same of a user of its system account, for the question what became of a gateway's connection. Absent: an existing
     * server is not asked.
     */
    readonly systemCredentialsFile?: string | undefined;
    /** Port of the child. Absent: a free one, kept for the following starts. */
    readonly port?: number | undefined;
    /** The program, when it lies neither in PATH nor in a usual folder. */
    readonly program?: string | undefined;
    /** Bound of each lane's stream, MiB. */
    readonly mebibytesMax: number;
  };
  readonly database: {
    /** An existing PostgreSQL, `postgres://…`. Absent: the hub starts its own as a child. */
    readonly url?: string | undefined;
    /** Port of the child. Absent: a free one, kept for the following starts. */
    readonly port?: number | undefined;
    /** Folder with `postgres` and `initdb`, when they lie neither in PATH nor in a usual folder. */
    readonly programs?: string | undefined;
    /** System user that runs the child when the hub was started by root. Absent: `postgres`, else `nobody`. */
    readonly user?: string | undefined;
  };
  readonly history: {
    /** How often frames are sorted by tag, minutes. Charts of what is not sorted yet are drawn from frames. */
    readonly sortEveryMin: number;
    /** So many processes sort at the same time, each of them its own gateways. */
    readonly sorters: number;
    /** So many days before today stay in the database as samples. */
    readonly hotDays: number;
    /** Where the Parquet files of days that are over lie. Absent: `lake` in the data folder. */
    readonly lakeFolder?: string | undefined;
    /** An S3-compatible bucket that each file is put into as well, for other readers and as the second copy. */
    readonly bucket?:
      | {
          /** With the path below which files lie: `https://s3.example.com/lake/plant-1`. */
          readonly url: string;
          readonly region: string;
          /** File with the access key in its first line and the secret key in its second. */
          readonly credentialsFile: string;
        }
      | undefined;
    /** Days that samples are kept, then 1-minute and 1-hour rollups. What is older is deleted, and audited. */
    readonly keepSamplesDays: number;
    readonly keepMinutesDays: number;
    readonly keepHoursDays: number;
  };
  readonly captures: {
    /** Where waveforms, pictures and files lie. Absent: `captures` in the data folder. */
    readonly folder?: string | undefined;
    /** Days that they are kept. What is older is deleted, and audited. */
    readonly keepDays: number;
  };
  readonly events: {
    /** Days that alarms, commands and all that happened are kept. What is older is deleted, and audited. */
    readonly keepDays: number;
  };
  readonly episodes: {
    /** Every sample of the machine is fetched for so long before and after the begin and the peak of an episode, s; 0: none. */
    readonly fullResolutionS: number;
  };
  /** How many transactions take frames in at the same time. */
  readonly writers: number;
  readonly logLevel: "error" | "warn" | "info" | "debug";
}

const port = z.int().min(1).max(65_535);
/** Away from loopback the pages need access control, which does not exist yet. */
const loopback = z.enum(["127.0.0.1", "::1", "localhost"], {
  error: "only loopback (127.0.0.1, ::1, localhost) until access control exists",
});

const wholeFile: z.ZodType<HubFile> = z.strictObject({
  dataFolder: z.string().min(1),
  releaseBelow: z.enum(["stored", "backup"], {
    error:
      'must be chosen in words: "backup" (gateways delete what the newest verified backup holds) or "stored" (they delete what the hub has stored, and what came after a backup is lost with the database)',
  }),
  backup: z
    .strictObject({
      folder: z.string().min(1),
      // Gateways hold what came since: a day of it is a tenth of their file, as a rule (no-loss protocol 9).
      everyHours: z.number().min(0.001).max(8_784).default(24),
      // A week of days to go back to, when what went wrong is noticed late.
      keep: z.int().min(1).max(1_000).default(7),
    })
    .optional(),
  http: z
    .strictObject({
      host: loopback.default("127.0.0.1"),
      // 0 takes a free port, which tests want.
      port: z.int().min(0).max(65_535).default(8_080),
    })
    .default({ host: "127.0.0.1", port: 8_080 }),
  broker: z
    .strictObject({
      url: z.url({ protocol: /^(nats|tls|wss?)$/ }).optional(),
      credentialsFile: z.string().min(1).optional(),
      systemCredentialsFile: z.string().min(1).optional(),
      port: port.optional(),
      program: z.string().min(1).optional(),
      // A stream is the road and not the store: it has to hold what gateways have on the way (8 MiB each and lane).
      mebibytesMax: z.int().min(16).max(1_048_576).default(512),
    })
    .default({ mebibytesMax: 512 }),
  database: z
    .strictObject({
      url: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
      port: port.optional(),
      programs: z.string().min(1).optional(),
      user: z.string().min(1).optional(),
    })
    .default({}),
  history: z
    .strictObject({
      // A longer tail makes charts of the last hour slow, a shorter one makes many small chunks.
      sortEveryMin: z.number().min(0.01).max(60).default(10),
      // Sorting is more than half of what a sample costs the hub, and one process uses one core. Each holds 2 million samples at
      // most, some 300 MB. Gateways are shared out in sixteenths.
      sorters: z.int().min(1).max(16).default(2),
      // Late data of these days costs no rewriting of files.
      hotDays: z.int().min(1).max(90).default(3),
      lakeFolder: z.string().min(1).optional(),
      bucket: z
        .strictObject({
          url: z.url({ protocol: /^https?$/ }),
          // What servers of one's own take when nothing else was set.
          region: z.string().min(1).default("us-east-1"),
          credentialsFile: z.string().min(1),
        })
        .optional(),
      // A quarter for those who look for causes, a year of minutes for comparison, five years of hours for trends.
      keepSamplesDays: z.int().min(1).max(36_500).default(90),
      keepMinutesDays: z.int().min(1).max(36_500).default(365),
      keepHoursDays: z.int().min(1).max(36_500).default(1_826),
    })
    .refine((history) => history.keepSamplesDays >= history.hotDays, {
      error: "samples must be kept for at least as many days as stay in the database (hotDays)",
      path: ["keepSamplesDays"],
    })
    .default({
      sortEveryMin: 10,
      sorters: 2,
      hotDays: 3,
      keepSamplesDays: 90,
      keepMinutesDays: 365,
      keepHoursDays: 1_826,
    }),
  captures: z
    .strictObject({
      folder: z.string().min(1).optional(),
      // A bearing wears for months: who looks for its beginning wants a year. One an hour is 450 MB of it.
      keepDays: z.int().min(1).max(36_500).default(365),
    })
    .default({ keepDays: 365 }),
  events: z
    .strictObject({
      // They are few, and who asks what was done to a machine asks about its whole life.
      keepDays: z.int().min(1).max(36_500).default(3_650),
    })
    .default({ keepDays: 3_650 }),
  episodes: z
    .strictObject({
      // What led to it and what came of it, for a person's eyes and for training; ten minutes are a recording.
      fullResolutionS: z.number().min(0).max(600).default(10),
    })
    .default({ fullResolutionS: 10 }),
  // One writer commits thousands of frames at once; a second one uses the time in which the first waits for the disk.
  writers: z.int().min(1).max(16).default(2),
  logLevel: z.enum(["error", "warn", "info", "debug"]).default("info"),
});

export const hubFile: z.ZodType<HubFile> = wholeFile.refine(
  ({ releaseBelow, backup }) => releaseBelow === "stored" || backup !== undefined,
  {
    error: 'releaseBelow "backup" needs a schedule: "backup: { folder: … }"',
    path: ["backup"],
  },
);
