import type { Command } from "./command.ts";
import { planCommand } from "./plan.ts";
import { runCommand } from "./run.ts";
import { schemaCommand } from "./schema.ts";

/** All that the gateway's program can be asked to do. */
export const commands: readonly Command[] = [runCommand, planCommand, schemaCommand];
