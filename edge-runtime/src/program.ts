/** What all programs of the gateway do alike: arguments, signals, exit codes. */
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";

import {
  createLog,
  Fault,
  hintOf,
  LogRing,
  messageChain,
  seededRandom,
  systemClock,
} from "@millwright/kit";

import { askOnTerminal } from "./commands/ask.ts";
import type { Command } from "./commands/command.ts";
import { exitCodes } from "./exit-codes.ts";

/**
 * Does what the first argument says.
 *
 * @param commands what can be asked for, by name; the code of a command is loaded when it is
 * @returns the exit code
 */
export async function runProgram(
  commands: ReadonlyMap<string, () => Promise<Command>>,
): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    strict: false,
    options: { help: { type: "boolean", short: "h" } },
  });
  const load = commands.get(positionals[0] ?? "");
  if (load === undefined) {
    const all = await Promise.all([...commands.values()].map((each) => each()));
    const lines = all.map(({ usage, what }) => `  millwright ${usage}\n      ${what}`);
    process.stderr.write(`Millwright gateway\n\n${lines.join("\n")}\n`);
    return values["help"] === true ? exitCodes.done : exitCodes.refused;
  }

  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      stopping.abort(new Error(signal));
    });
  }
  const ring = new LogRing();
  const log = createLog("edge", "info", ring);
  try {
    const command = await load();
    return await command.run(process.argv.slice(process.argv.indexOf(command.name) + 1), {
      clock: systemClock,
      // Epochs are made of it: two starts must never draw the same.
      random: seededRandom(randomBytes(32).toString("hex")),
      log,
      logged: () => ring.lines,
      out: process.stdout,
      ask: askOnTerminal(stopping.signal),
      until: stopping.signal,
    });
  } catch (failure) {
    const hint = hintOf(failure);
    process.stderr.write(`${messageChain(failure)}\n${hint === undefined ? "" : `${hint}\n`}`);
    if (!(failure instanceof Fault)) {
      log.error("edge.defect", { error: failure });
      return exitCodes.defect;
    }
    if (failure.code.startsWith("settings.") || failure.code.startsWith("serve.")) {
      return exitCodes.refused;
    }
    if (failure.code === "buffer.journal-in-use") return exitCodes.journalInUse;
    const disk = failure.code.startsWith("buffer.") || failure.code.startsWith("carrier.");
    return disk ? exitCodes.disk : exitCodes.defect;
  }
}
