/** `make demo-cut`, `demo-join`, `demo-wear`, `demo-repair`: does something to a running demo. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";

import { hintOf, messageChain } from "@millwright/kit";

import { askForMove } from "./demo-switch.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { folder: { type: "string", default: ".demo" } },
});
try {
  process.stdout.write(`${await askForMove(resolve(options.folder), positionals.join(" "))}\n`);
} catch (failure) {
  process.exitCode = 1;
  process.stderr.write(`${messageChain(failure)}\n${hintOf(failure) ?? ""}\n`);
}
