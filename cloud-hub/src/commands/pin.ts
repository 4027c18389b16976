import { parseArgs } from "node:util";

import { isRefusal } from "@millwright/carrier";
import { callDoor } from "@millwright/local-door";

import { carrierFilesOf } from "../ingest/carrier/carrier-door.ts";
import { loadSettings } from "../settings/load-settings.ts";
import type { HubCommand } from "./command.ts";

export const pinCommand: HubCommand = {
  name: "pin",
  usage: "pin GATEWAY FINGERPRINT --settings hub.yaml",
  what: "Believes the key that a gateway has shown since its hardware or data folder was replaced. Kept in the audit log.",
  async run(args, { out }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { settings: { type: "string", short: "s", default: "hub.yaml" } },
    });
    const [gateway, fingerprint] = positionals;
    if (gateway === undefined || fingerprint === undefined) {
      process.stderr.write(`usage: node cloud-hub/src/main.ts ${pinCommand.usage}\n`);
      return 2;
    }
    const { door } = carrierFilesOf(loadSettings(values.settings).dataFolder);
    const query = new URLSearchParams({ gateway, fingerprint });
    const answer = await callDoor(door, `/pin?${query.toString()}`);
    if (isRefusal(answer)) {
      process.stderr.write(`${answer.reason}\n`);
      return 2;
    }
    out.write(`gateway ${gateway} is known by this key from now on\n`);
    return 0;
  },
};
