/**
 * What is shown to a broker, and by whom it must be signed: read from its files anew for each connection, so that a new
 * password or certificate needs no restart.
 */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";

import { messageChain, type Refused } from "@millwright/kit";

import type { BrokerAddress } from "./broker-address.ts";

export interface BrokerCredentials {
  readonly username?: string;
  readonly password?: string;
  /** PEM */
  readonly ca?: string;
}

export interface UnreadableCredentials extends Refused {
  readonly hint: string;
}

export async function readBrokerCredentials(
  settings: Pick<BrokerAddress, "user" | "passwordFile" | "caFile">,
): Promise<BrokerCredentials | UnreadableCredentials> {
  const { user, passwordFile, caFile } = settings;
  let reading = "";
  try {
    reading = `password file ${passwordFile ?? ""}`;
    const password = passwordFile === undefined ? undefined : await readFile(passwordFile, "utf8");
    reading = `CA file ${caFile ?? ""}`;
    const ca = caFile === undefined ? undefined : await readFile(caFile, "utf8");
    if (ca !== undefined && !holdsCertificate(ca)) {
      return {
        kind: "refused",
        reason: `${reading} holds no certificate`,
        hint: "Give the certificate of the authority as PEM: it begins with -----BEGIN CERTIFICATE-----.",
      };
    }
    return {
      ...(user === undefined ? {} : { username: user }),
      // Editors end a line.
      ...(password === undefined ? {} : { password: password.trimEnd() }),
      ...(ca === undefined ? {} : { ca }),
    };
  } catch (cause) {
    return {
      kind: "refused",
      reason: `${reading} cannot be read: ${messageChain(cause)}`,
      hint: "Check that the file is there and that the gateway may read it.",
    };
  }
}

/** Node takes a file without any for a list of nobody, and then trusts nobody. */
function holdsCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}
