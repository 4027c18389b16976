import type { Clock, Log, Random } from "@millwright/kit";

import type { Ask } from "./ask.ts";

export interface CommandContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Its newest lines, the oldest first. */
  readonly logged?: () => readonly string[];
  /** What the command answers goes here; what went wrong goes to standard error. */
  readonly out: { write(text: string): unknown };
  /** Asks the person at the terminal; absent where nobody sits at one. */
  readonly ask?: Ask | undefined;
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
