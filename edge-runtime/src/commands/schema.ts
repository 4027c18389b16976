import { exitCodes } from "../exit-codes.ts";
import { gatewayJsonSchema } from "../settings/gateway-file.ts";
import type { Command } from "./command.ts";

export const schemaCommand: Command = {
  name: "schema",
  usage: "schema",
  what: "Prints the JSON Schema of the settings file, for editors.",
  run(_args, { out }) {
    out.write(`${JSON.stringify(gatewayJsonSchema(), undefined, 2)}\n`);
    return Promise.resolve(exitCodes.done);
  },
};
