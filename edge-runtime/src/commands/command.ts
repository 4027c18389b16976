import type { Clock, Log, Random } from "@millwright/kit";

export interface CommandContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Aborts when the person or the supervisor wants the program to end. */
  readonly until: AbortSignal;
}

/** One thing the program can be asked to do. */
export interface Command {
  readonly name: string;
  /** As typed, with its options. */
  readonly usage: string;
  /** One line for the help. */
  readonly what: string;
  /** @returns the exit code */
  run(args: readonly string[], context: CommandContext): Promise<number>;
}

/** The command line itself cannot be used: answered with the usage, exit code 2. */
export class UsageWrong extends Error {
  override readonly name = "UsageWrong";
}
