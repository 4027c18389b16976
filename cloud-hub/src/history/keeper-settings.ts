import type { LogLevel } from "@millwright/kit";

import type { LakePlace } from "./lake/lake-messages.ts";
import type { KeepDays } from "./lake/retention.ts";
import type { SorterShare } from "./sorter-share.ts";

/** What the keeper's process is told when it is started. */
export interface KeeperSettings {
  readonly databaseUrl: string;
  readonly sortEveryMs: number;
  /** Gateways that it sorts. The first of several compacts and deletes besides. */
  readonly share: SorterShare;
  /** So many days before today stay in the database as samples. */
  readonly hotDays: number;
  /** Days that each tier is kept. */
  readonly keep: KeepDays;
  readonly lake: LakePlace;
  readonly logLevel: LogLevel;
}
