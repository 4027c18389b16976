import type { Command } from "./command.ts";
import { certificateCommand } from "./certificate.ts";
import { connectCommand } from "./connect/connect.ts";
import { planCommand } from "./plan.ts";
import { runCommand } from "./run.ts";
import { schemaCommand } from "./schema.ts";
import { trustCommand } from "./trust.ts";

/** All that the gateway's program can be asked to do. */
export const commands: readonly Command[] = [
  runCommand,
  planCommand,
  connectCommand,
  trustCommand,
  certificateCommand,
  schemaCommand,
];
