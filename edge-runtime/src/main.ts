/** The commands that people type. Compiled code of the last time is kept as that of the gateway is (`gateway.ts`). */
import { enableCompileCache } from "node:module";
import { join } from "node:path";

enableCompileCache(join(import.meta.dirname, "../dist/compiled/commands"));
const [{ runProgram }, { commands }] = await Promise.all([
  import("./program.ts"),
  import("./commands/commands.ts"),
]);
process.exitCode = await runProgram(commands);
