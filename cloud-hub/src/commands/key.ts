import { parseArgs } from "node:util";

import { findKey, fingerprintOf } from "@millwright/carrier";

import { carrierFilesOf } from "../ingest/carrier/carrier-door.ts";
import { loadSettings } from "../settings/load-settings.ts";
import type { HubCommand } from "./command.ts";

export const keyCommand: HubCommand = {
  name: "key",
  usage: "key --settings hub.yaml",
  what: "Shows the fingerprint of the hub's own key, which the marks for the way back are signed with.",
  run(args, { out }) {
    const { values } = parseArgs({
      args: [...args],
      options: { settings: { type: "string", short: "s", default: "hub.yaml" } },
    });
    const files = carrierFilesOf(loadSettings(values.settings).dataFolder);
    const key = findKey(files.key);
    if (key === undefined) {
      process.stderr.write("the hub has no key yet; it is made at the first start\n");
      return Promise.resolve(2);
    }
    out.write(`${fingerprintOf(key.publicKey)} (in ${files.key})\n`);
    return Promise.resolve(0);
  },
};
