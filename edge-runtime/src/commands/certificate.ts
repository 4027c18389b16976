/**
 * The guided renewal of the certificate that this gateway shows to one controller. It takes two steps with a person
 * between them, because a controller that does not know the new certificate yet would refuse us.
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";

import { exitCodes } from "../exit-codes.ts";
import { loadLibrary } from "../acquire/opcua/library.ts";
import {
  lookAtOwn,
  prepareNext,
  switchToNext,
  type OwnCertificateView,
} from "../acquire/opcua/own-certificate.ts";
import type { Command, CommandContext } from "./command.ts";
import { stateFolderOf } from "./connect/connect.ts";

export const certificateCommand: Command = {
  name: "certificate",
  usage: "certificate DEVICE [--renew | --switch] [--settings gateway.yaml]",
  what: "Shows the certificate that this gateway shows to an OPC UA server; --renew makes the next one, --switch uses it.",
  async run(args, context) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        settings: { type: "string", default: "gateway.yaml" },
        renew: { type: "boolean", default: false },
        switch: { type: "boolean", default: false },
      },
    });
    const [device] = positionals;
    if (device === undefined || (values.renew && values.switch)) {
      process.stderr.write(`usage: millwright ${certificateCommand.usage}\n`);
      return exitCodes.refused;
    }
    const folder = stateFolderOf(values.settings, device);
    const own = existsSync(folder) ? await lookAtOwn(folder) : undefined;
    if (own === undefined) {
      process.stderr.write(`${device} has no certificate of ours yet; connect to it first\n`);
      return exitCodes.refused;
    }
    if (values.renew) return await renew(device, folder, context);
    if (values.switch) return await useNext(device, folder, context);
    context.out.write(
      `${device}: ${describe(own)}\nTo renew it: millwright certificate ${device} --renew\n`,
    );
    return exitCodes.done;
  },
};

async function renew(device: string, folder: string, context: CommandContext): Promise<number> {
  const { clock, log, out } = context;
  const next = await prepareNext(await loadLibrary(log), folder, clock.nowUs());
  out.write(
    `${device}: the next certificate is made and not used yet: ${describe(next)}\n` +
      `Let the controller trust it now. When it does: millwright certificate ${device} --switch\n`,
  );
  return exitCodes.done;
}

async function useNext(device: string, folder: string, { out }: CommandContext): Promise<number> {
  const now = await switchToNext(folder);
  if ("kind" in now) {
    process.stderr.write(`${now.reason}\n`);
    return exitCodes.refused;
  }
  out.write(
    `${device}: used from the next connection on: ${describe(now)}\n` +
      `The one before is kept beside it under its thumbprint. Restart the gateway to use the new one at once.\n`,
  );
  return exitCodes.done;
}

function describe(view: OwnCertificateView): string {
  const end = new Date(view.validToUs / 1_000).toISOString().slice(0, 10);
  return `thumbprint ${view.thumbprint}, valid to ${end}, in ${view.certificateFile}`;
}
