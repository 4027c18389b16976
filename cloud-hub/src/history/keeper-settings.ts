import type { LogLevel } from "@millwright/kit";

import type { LakePlace } from "./lake/lake-messages.ts";
import type { KeepDays } from "./lake/retention.ts";

/** What the keeper's process is told when it is started. */
export interface KeeperSettings {
  readonly databaseUrl: string;
  readonly sortEveryMs: number;
  /** So many days before today stay in the database as samples. */
  readonly hotDays: number;
  /** Days that each tier is kept. */
  readonly keep: KeepDays;
  readonly lake: LakePlace;
  readonly logLevel: LogLevel;
}
