import type { Command } from "./command.ts";

/** All that the gateway's program can be asked to do, by name. The code of a command is loaded when it is asked for. */
export const commands: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ["run", async () => (await import("./run.ts")).runCommand],
  ["plan", async () => (await import("./plan.ts")).planCommand],
  ["connect", async () => (await import("./connect/connect.ts")).connectCommand],
  ["access", async () => (await import("./access.ts")).accessCommand],
  ["backtest", async () => (await import("./backtest/backtest.ts")).backtestCommand],
  ["trust", async () => (await import("./trust.ts")).trustCommand],
  ["certificate", async () => (await import("./certificate.ts")).certificateCommand],
  ["export", async () => (await import("./export.ts")).exportCommand],
  ["take-marks", async () => (await import("./take-marks.ts")).takeMarksCommand],
  ["backup", async () => (await import("./backup.ts")).backupCommand],
  ["restore", async () => (await import("./restore.ts")).restoreCommand],
  ["key", async () => (await import("./key.ts")).keyCommand],
  ["diagnostics", async () => (await import("./diagnostics.ts")).diagnosticsCommand],
  ["schema", async () => (await import("./schema.ts")).schemaCommand],
]);
