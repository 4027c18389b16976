/** One line for each part. On a terminal the lines stay in place; into a file each change is a line. */

export interface StatusBoard {
  set(part: string, text: string): void;
  /** A line of its own, beneath what was said before. */
  say(text: string): void;
}

export function createStatusBoard(out: NodeJS.WriteStream): StatusBoard {
  const states = new Map<string, string>();
  let drawn = 0;

  const draw = (): void => {
    // Up to the first line of the board, then each line anew.
    if (drawn > 0) out.write(`\u001B[${drawn}A`);
    const width = Math.max(...[...states.keys()].map((name) => name.length));
    for (const [name, text] of states) {
      out.write(`\u001B[2K  ${name.padEnd(width)}  ${text}\n`);
    }
    drawn = states.size;
  };

  return {
    set(part, text) {
      if (states.get(part) === text) return;
      states.set(part, text);
      if (out.isTTY) draw();
      else out.write(`${part}: ${text}\n`);
    },
    say(text) {
      if (text === "") return;
      out.write(`${text}\n`);
      // What was said stays; the board is drawn again below it when something changes.
      drawn = 0;
    },
  };
}
