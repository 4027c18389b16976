import { createInterface } from "node:readline/promises";
import { isatty } from "node:tty";

/**
 * Asks a person one question.
 *
 * @param otherwise what an empty answer means; "" when there is nothing to propose
 */
export type Ask = (question: string, otherwise: string) => Promise<string>;

/** Asks on the terminal that the program was started from; absent where nobody sits at one. */
export function askOnTerminal(signal: AbortSignal): Ask | undefined {
  // Of the files themselves: to ask `process.stdin` opens it, which a gateway at its start has no use for.
  if (!isatty(0) || !isatty(1)) return undefined;
  return async (question, otherwise) => {
    // One for each question: between questions the keys belong to the terminal, and Ctrl-C ends the program.
    const terminal = createInterface({ input: process.stdin, output: process.stdout });
    try {
      const proposed = otherwise === "" ? "" : ` [${otherwise}]`;
      const answer = (await terminal.question(`${question}${proposed}: `, { signal })).trim();
      return answer === "" ? otherwise : answer;
    } finally {
      terminal.close();
    }
  };
}

/** True for yes in the languages that a keyboard in a plant is likely to be in; everything else is no. */
export function isYes(answer: string): boolean {
  return /^(y|yes|j|ja|s|si|sí|o|oui|a|ano)$/i.test(answer.trim());
}
