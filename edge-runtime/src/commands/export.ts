import { parseArgs } from "node:util";

import { fingerprintOf, findKey } from "@millwright/carrier";
import { exitCodes } from "../exit-codes.ts";
import { loadSettings, type Settings } from "../settings/load-settings.ts";
import { software } from "../settings/software.ts";
import { carrierFiles } from "../sync/carrier/carrier-files.ts";
import { runExport, type Exported } from "../sync/carrier/export-run.ts";
import type { Command, CommandContext } from "./command.ts";
import { gatewaySource } from "./gateway-source.ts";

export const exportCommand: Command = {
  name: "export",
  usage: "export --to FOLDER [--from TIME] [--until TIME] [--settings gateway.yaml]",
  what: "Writes what waits for the hub to a stick, signed, whether the gateway runs or not; with times, what is still held of them.",
  async run(args, context) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        settings: { type: "string", default: "gateway.yaml" },
        to: { type: "string" },
        from: { type: "string" },
        until: { type: "string" },
      },
    });
    const range = rangeOf(values.from, values.until);
    if (values.to === undefined || typeof range === "string") {
      const why = typeof range === "string" ? `${range}\n` : "";
      process.stderr.write(`${why}usage: millwright ${exportCommand.usage}\n`);
      return exitCodes.refused;
    }
    return await writeExport(loadSettings(values.settings), values.to, range, context);
  },
};

async function writeExport(
  settings: Settings,
  to: string,
  range: { readonly fromUs: number; readonly untilUs: number } | undefined,
  { clock, out, until }: CommandContext,
): Promise<number> {
  const { hmi } = settings;
  const { id, name, site } = settings.gateway;
  const key = findKey(carrierFiles(settings.journal.folder).key);
  if (key === undefined) {
    process.stderr.write(
      `gateway ${id} has no key in ${settings.journal.folder}; it is made at its first start, so start it once\n`,
    );
    return exitCodes.refused;
  }
  const source = gatewaySource(settings, until);
  const exported = await runExport(source, {
    to,
    key,
    exportedUs: clock.nowUs(),
    gateway: {
      gateway: id,
      name,
      site,
      software: software(),
      hmi: hmi.port === 0 ? "" : `http://${hmi.host}:${hmi.port}`,
      commitEveryMs: settings.journal.commitEveryMs,
      publicKey: key.publicKey,
    },
    ...(range === undefined ? {} : { range }),
    progress: ({ files, frames }) => {
      out.write(`  ${files} files, ${frames} frames\n`);
    },
  });
  out.write(reportOf(exported, source.openClaims, fingerprintOf(key.publicKey)));
  return exitCodes.done;
}

function reportOf(exported: Exported, openClaims: number, fingerprint: string): string {
  const { folder, frames, samples, files, bytes, unreadable } = exported;
  const lines = [
    `${frames} frames with ${samples} samples are in ${folder} (${files} files, ${bytes} bytes).`,
    `Signed with the key of this gateway, ${fingerprint}.`,
    ...(openClaims === 0
      ? []
      : [
          `${openClaims} ledger entries are still open; they go with an export while the gateway runs.`,
        ]),
    ...(unreadable === 0
      ? []
      : [
          `${unreadable} frames are damaged on the gateway's disk and stayed there; the gateway says which when it runs.`,
        ]),
    "At the hub: import --from FOLDER. It writes the marks there; bring them back with millwright take-marks --from FOLDER.",
    "Until then the gateway keeps everything.",
  ];
  return `${lines.join("\n")}\n`;
}

/** Times as people and programs write them (ISO 8601); in words what is wrong with them. */
function rangeOf(
  from: string | undefined,
  until: string | undefined,
): { readonly fromUs: number; readonly untilUs: number } | undefined | string {
  if (from === undefined && until === undefined) return undefined;
  const fromUs = from === undefined ? 0 : Date.parse(from) * 1_000;
  const untilUs = until === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(until) * 1_000;
  if (Number.isNaN(fromUs)) return `--from ${from ?? ""} is not a time such as 2026-05-01T06:00Z`;
  if (Number.isNaN(untilUs))
    return `--until ${until ?? ""} is not a time such as 2026-05-01T06:00Z`;
  return fromUs < untilUs ? { fromUs, untilUs } : "--from lies after --until";
}
