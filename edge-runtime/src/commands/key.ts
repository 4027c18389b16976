import { parseArgs } from "node:util";

import { findKey, fingerprintOf } from "@millwright/carrier";

import { exitCodes } from "../exit-codes.ts";
import { loadSettings } from "../settings/load-settings.ts";
import { carrierFiles } from "../sync/carrier/carrier-files.ts";
import { HubPin } from "../sync/carrier/hub-pin.ts";
import type { Command } from "./command.ts";

export const keyCommand: Command = {
  name: "key",
  usage: "key [--settings gateway.yaml]",
  what: "Shows the fingerprint of this gateway's key, which its sticks are signed with, and that of the hub it takes marks from.",
  run(args, { out }) {
    const { values } = parseArgs({
      args: [...args],
      options: { settings: { type: "string", default: "gateway.yaml" } },
    });
    const { gateway, journal } = loadSettings(values.settings);
    const files = carrierFiles(journal.folder);
    const key = findKey(files.key);
    if (key === undefined) {
      process.stderr.write(`${gateway.id} has no key yet; it is made at the first start\n`);
      return Promise.resolve(exitCodes.refused);
    }
    const hub = new HubPin(files.hubPin).key;
    out.write(`${gateway.id}: ${fingerprintOf(key.publicKey)} (in ${files.key})\n`);
    if (hub !== undefined) out.write(`marks are taken from the hub: ${fingerprintOf(hub)}\n`);
    return Promise.resolve(exitCodes.done);
  },
};
