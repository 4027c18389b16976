/** The hub's program: arguments, signals, exit codes. `node cloud-hub/src/main.ts --settings hub.yaml` */
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";

import {
  createLog,
  Fault,
  hintOf,
  messageChain,
  runServices,
  seededRandom,
  systemClock,
  type Service,
} from "@millwright/kit";

import { backupCommand } from "./commands/backup.ts";
import { importCommand } from "./commands/import.ts";
import { keyCommand } from "./commands/key.ts";
import { pinCommand } from "./commands/pin.ts";
import { restoreCommand } from "./commands/restore.ts";
import { buildHub, type Hub } from "./hub.ts";
import { programFolders } from "./settings/environment.ts";
import { loadSettings, settingsJsonSchema } from "./settings/load-settings.ts";

/** Exit codes that supervisors and scripts rely on. */
const exit = { ok: 0, defect: 1, settings: 2, disk: 3 } as const;

/** How long what was accepted may take to be stored, and the children to end, after a signal. */
const drainMs = 8_000;

const commands = [backupCommand, restoreCommand, importCommand, pinCommand, keyCommand];

const usage = `Millwright hub

  node cloud-hub/src/main.ts --settings hub.yaml   runs the hub until it is told to stop
  node cloud-hub/src/main.ts --schema              prints the JSON Schema of hub.yaml, for editors
${commands.map((one) => `  node cloud-hub/src/main.ts ${one.usage}\n      ${one.what}\n`).join("")}`;

async function main(): Promise<number> {
  const [name, ...rest] = process.argv.slice(2);
  const command = commands.find((one) => one.name === name);
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      stopping.abort(new Error(signal));
    });
  }
  const context = {
    clock: systemClock,
    random: seededRandom(randomBytes(32).toString("hex")),
  };
  if (command !== undefined) {
    const log = createLog("hub", "warn");
    return command.run(rest, { ...context, log, out: process.stdout, until: stopping.signal });
  }
  const { values } = parseArgs({
    options: {
      settings: { type: "string", short: "s" },
      schema: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.schema === true) {
    process.stdout.write(`${JSON.stringify(settingsJsonSchema(), undefined, 2)}\n`);
    return exit.ok;
  }
  if (values.settings === undefined) {
    process.stderr.write(usage);
    return values.help === true ? exit.ok : exit.settings;
  }
  const settings = loadSettings(values.settings);
  const hub = buildHub(settings, {
    ...context,
    log: createLog("hub", settings.logLevel),
    programFolders: programFolders(),
  });
  await runServices([...hub.services, readyLine(hub)], stopping.signal, drainMs);
  return exit.ok;
}

/** The last service: it starts when all others have. */
function readyLine(hub: Hub): Service {
  return {
    name: "ready",
    broken: new Promise<never>(() => undefined),
    start() {
      const { console: page, broker, gatewayCredentials } = hub.status();
      const credentials = gatewayCredentials === "" ? "" : ` · credentials ${gatewayCredentials}`;
      process.stdout.write(
        `hub ready · console ${page} · gateways connect to ${broker}${credentials}\n`,
      );
      // For the program that started us, if one did.
      process.send?.({ ready: true, console: page, broker, gatewayCredentials });
      return Promise.resolve();
    },
    stop: () => Promise.resolve(),
  };
}

function exitCodeOf(failure: unknown): number {
  if (!(failure instanceof Fault)) return exit.defect;
  if (failure.code === "children.folder-not-writable") return exit.disk;
  const forAPerson =
    failure.code.startsWith("settings.") ||
    failure.code === "backup.unusable" ||
    failure.code.startsWith("carrier.") ||
    failure.code === "door.closed" ||
    failure.code.endsWith(".port-taken");
  return forAPerson || failure.code === "children.program-missing" ? exit.settings : exit.defect;
}

try {
  process.exitCode = await main();
  if (process.connected) process.disconnect();
} catch (failure) {
  const hint = hintOf(failure);
  process.stderr.write(`${messageChain(failure)}\n${hint === undefined ? "" : `${hint}\n`}`);
  if (!(failure instanceof Fault)) createLog("hub").error("hub.defect", { error: failure });
  process.exitCode = exitCodeOf(failure);
}
