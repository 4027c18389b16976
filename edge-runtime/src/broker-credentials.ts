/**
 * What is shown to a broker, and by whom it must be signed: read from its files anew for each connection, so that a new
 * password or certificate needs no restart.
 */
import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";

import { messageChain, type Refused } from "@millwright/kit";

import type { BrokerAddress } from "./broker-address.ts";

export interface BrokerCredentials {
  readonly username?: string;
  readonly password?: string;
  /** PEM */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface UnreadableCredentials extends Refused {
  readonly hint: string;
}

export async function readBrokerCredentials(
  settings: Pick<BrokerAddress, "user" | "passwordFile" | "caFile" | "certificateFile" | "keyFile">,
): Promise<BrokerCredentials | UnreadableCredentials> {
  const { user, passwordFile, caFile, certificateFile, keyFile } = settings;
  let reading = "";
  const read = async (what: string, file: string | undefined): Promise<string | undefined> => {
    reading = `${what} file ${file ?? ""}`;
    return file === undefined ? undefined : await readFile(file, "utf8");
  };
  try {
    const password = await read("password", passwordFile);
    const ca = await read("CA", caFile);
    const cert = await read("certificate", certificateFile);
    const key = await read("key", keyFile);
    const wrong =
      (ca === undefined ? undefined : judgeAuthority(ca, caFile ?? "")) ??
      (cert === undefined || key === undefined
        ? undefined
        : judgePair(cert, certificateFile ?? "", key, keyFile ?? ""));
    if (wrong !== undefined) return wrong;
    return {
      ...(user === undefined ? {} : { username: user }),
      // Editors end a line.
      ...(password === undefined ? {} : { password: password.trimEnd() }),
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
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
function judgeAuthority(pem: string, file: string): UnreadableCredentials | undefined {
  if (certificateIn(pem) !== undefined) return undefined;
  return {
    kind: "refused",
    reason: `CA file ${file} holds no certificate`,
    hint: "Give the certificate of the authority as PEM: it begins with -----BEGIN CERTIFICATE-----.",
  };
}

/** A pair that does not fit is found only by the broker, which then says little. */
function judgePair(
  cert: string,
  certificateFile: string,
  keyPem: string,
  keyFile: string,
): UnreadableCredentials | undefined {
  const certificate = certificateIn(cert);
  if (certificate === undefined) {
    return {
      kind: "refused",
      reason: `certificate file ${certificateFile} holds no certificate`,
      hint: "Give the gateway's certificate as PEM: it begins with -----BEGIN CERTIFICATE-----.",
    };
  }
  if (/^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(keyPem)) {
    return {
      kind: "refused",
      reason: `key file ${keyFile} is locked with a passphrase`,
      hint: "Give the key without one (openssl pkey -in locked.pem -out key.pem), readable by the gateway alone.",
    };
  }
  const key = keyIn(keyPem);
  if (key === undefined) {
    return {
      kind: "refused",
      reason: `key file ${keyFile} holds no private key`,
      hint: "Give the key of the gateway's certificate as PEM: it begins with -----BEGIN PRIVATE KEY----- or the like.",
    };
  }
  if (certificate.checkPrivateKey(key)) return undefined;
  return {
    kind: "refused",
    reason: `key file ${keyFile} is not the key of the certificate in ${certificateFile}`,
    hint: "Give the two that were made together; where the file holds a chain, the gateway's own certificate comes first.",
  };
}

/** The first of a chain. */
function certificateIn(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function keyIn(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
