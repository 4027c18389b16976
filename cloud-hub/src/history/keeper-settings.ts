import type { LogLevel } from "@millwright/kit";

/** What the keeper's process is told when it is started. */
export interface KeeperSettings {
  readonly databaseUrl: string;
  readonly sortEveryMs: number;
  /** So many days before today stay in the database as samples. */
  readonly hotDays: number;
  readonly logLevel: LogLevel;
}
