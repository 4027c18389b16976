import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { hintOf, messageChain } from "@millwright/kit";

import { exitCodes } from "../exit-codes.ts";
import { lookAtOwn } from "../acquire/opcua/own-certificate.ts";
import { acceptCertificateFile, acceptServerCertificate } from "../acquire/opcua/trust.ts";
import type { Command } from "./command.ts";
import { stateFolderOf } from "./connect/connect.ts";

export const trustCommand: Command = {
  name: "trust",
  usage: "trust DEVICE THUMBPRINT [--certificate FILE] [--settings gateway.yaml]",
  what: "Accepts the certificate that an OPC UA server showed, or one that came as a file, after a person has compared its thumbprint.",
  async run(args, { out }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        settings: { type: "string", default: "gateway.yaml" },
        certificate: { type: "string" },
      },
    });
    const [device, thumbprint] = positionals;
    if (device === undefined || thumbprint === undefined) {
      process.stderr.write(`usage: millwright ${trustCommand.usage}\n`);
      return exitCodes.refused;
    }
    const folder = stateFolderOf(values.settings, device);
    const { certificate } = values;
    if (certificate === undefined && !existsSync(folder)) {
      process.stderr.write(`${device} was never spoken to from here; connect to it first\n`);
      return exitCodes.refused;
    }
    try {
      const refused =
        certificate === undefined
          ? await acceptServerCertificate(folder, thumbprint)
          : await acceptCertificateFile(folder, readFileSync(certificate), thumbprint);
      if (refused !== undefined) {
        process.stderr.write(`${refused.reason}\n`);
        return exitCodes.refused;
      }
    } catch (failure) {
      process.stderr.write(`${messageChain(failure)}\n${hintOf(failure) ?? ""}\n`);
      return exitCodes.disk;
    }
    out.write(`${device}: the certificate is trusted from now on\n`);
    // Trust is a conversation of two (field practice 27), and the other half happens in the controller.
    const own = await lookAtOwn(folder);
    out.write(
      own === undefined
        ? "The controller has to trust this gateway, too; its certificate is made when it first connects.\n"
        : `The controller has to trust this gateway, too: thumbprint ${own.thumbprint}, certificate in ${own.certificateFile}\n`,
    );
    return exitCodes.done;
  },
};
