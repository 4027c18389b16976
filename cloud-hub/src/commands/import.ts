import { parseArgs } from "node:util";

import {
  findExports,
  isRefusal,
  openExport,
  writeWhole,
  type ReadableExport,
} from "@millwright/carrier";
import type { Refused } from "@millwright/kit";
import { callDoor } from "@millwright/local-door";

import { carrierFilesOf } from "../ingest/carrier/carrier-door.ts";
import type { BegunImport, EndedImport, ImportCounts } from "../ingest/carrier/importer.ts";
import { loadSettings } from "../settings/load-settings.ts";
import type { HubCommand } from "./command.ts";

export const importCommand: HubCommand = {
  name: "import",
  usage: "import --from FOLDER [--accept FINGERPRINT] --settings hub.yaml",
  what: "Takes in the exports of gateways from a stick, and writes the marks there for the way back. The hub has to run.",
  async run(args, { out }) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        settings: { type: "string", short: "s", default: "hub.yaml" },
        from: { type: "string" },
        accept: { type: "string" },
      },
    });
    const { from, accept } = values;
    if (from === undefined) {
      process.stderr.write(`usage: node cloud-hub/src/main.ts ${importCommand.usage}\n`);
      return 2;
    }
    const { door } = carrierFilesOf(loadSettings(values.settings).dataFolder);
    const found = await findExports(from);
    let refused = 0;
    const say = (where: string, { reason }: Refused): void => {
      refused++;
      process.stderr.write(`refused ${where}: ${reason}\n`);
    };
    for (const { name, reason } of found.refused) say(name, { kind: "refused", reason });
    if (found.folders.length === 0) process.stderr.write(`${from} holds no finished export\n`);
    for (const folder of found.folders) {
      const opened = await openExport(folder);
      const ended = isRefusal(opened)
        ? opened
        : await importOne(door, opened, accept, (refusal) => {
            say(folder, refusal);
          });
      if (isRefusal(ended)) {
        say(folder, ended);
        continue;
      }
      await writeWhole(from, ended.marksName, ended.marks);
      out.write(reportOf(folder, ended));
    }
    return refused === 0 && found.folders.length > 0 ? 0 : 1;
  },
};

/** @param sayRefused told of each file that is not taken; the others are, because each is proven by itself */
async function importOne(
  door: string,
  readable: ReadableExport,
  accept: string | undefined,
  sayRefused: (refusal: Refused) => void,
): Promise<EndedImport | Refused> {
  const { manifestBytes, manifest } = readable;
  const asked = new URLSearchParams(accept === undefined ? {} : { accept });
  const begun = await ask<BegunImport>(door, `/import/begin?${asked.toString()}`, manifestBytes);
  if (isRefusal(begun)) return begun;
  const { session } = begun;
  for (const file of manifest.files) {
    const bytes = await readable.read(file);
    if (isRefusal(bytes)) {
      sayRefused(bytes);
      continue;
    }
    const query = new URLSearchParams({ session, name: file.name });
    const taken = await ask<ImportCounts>(door, `/import/file?${query.toString()}`, bytes);
    if (isRefusal(taken)) sayRefused(taken);
  }
  const ended = await ask<Omit<EndedImport, "marks"> & { readonly marks: string }>(
    door,
    `/import/end?${new URLSearchParams({ session }).toString()}`,
  );
  return isRefusal(ended) ? ended : { ...ended, marks: Buffer.from(ended.marks, "base64") };
}

/** Our own hub, proven by the secret of its door. Throws `DoorClosed` when it does not run. */
async function ask<T extends object>(
  door: string,
  path: string,
  body?: Uint8Array,
): Promise<T | Refused> {
  const answer = await callDoor(door, path, body);
  return isRefusal(answer) ? answer : (JSON.parse(new TextDecoder().decode(answer)) as T);
}

function reportOf(folder: string, ended: EndedImport): string {
  const { gateway, frames, stored, samplesStored, repeated, quarantined } = ended;
  return (
    `${folder}: ${frames} frames of gateway ${gateway}. Stored now ${stored} with ${samplesStored} samples, ` +
    `here already ${repeated}, in quarantine ${quarantined}.\n` +
    `The way back is in ${ended.marksName}: millwright take-marks --from FOLDER, at the gateway.\n`
  );
}
