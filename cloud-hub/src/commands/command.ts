import type { KeptChildContext } from "../children/kept-child.ts";

export interface HubCommandContext extends KeptChildContext {
  /** What the command answers goes here; what went wrong goes to standard error. */
  readonly out: { write(text: string): unknown };
  /** Aborts when the person wants the program to end. */
  readonly until: AbortSignal;
}

/** One thing that the hub's program can be asked to do besides running. */
export interface HubCommand {
  readonly name: string;
  /** As typed, with its options. */
  readonly usage: string;
  /** One line for the help. */
  readonly what: string;
  /** @returns the exit code */
  run(args: readonly string[], context: HubCommandContext): Promise<number>;
}
