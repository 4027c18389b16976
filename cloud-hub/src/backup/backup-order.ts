/** What passes between the hub and the process that makes a backup. */
export interface BackupOrder {
  readonly databaseUrl: string;
  readonly folder: string;
  readonly lakeFolder: string;
  readonly captureFolder: string;
  readonly files: readonly string[];
  /** So many verified backups stay in the folder. */
  readonly keep: number;
}

export type BackupOutcome =
  | { readonly kind: "made"; readonly path: string; readonly bytes: number }
  | { readonly kind: "failed"; readonly reason: string };
