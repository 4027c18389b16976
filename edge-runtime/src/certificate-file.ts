/** Until when certificates in a file hold. */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";

import type { CertificateEnd } from "@millwright/wire-contract";

import type { BrokerAddress } from "./broker-address.ts";

/** PEM or DER. Of a chain the first is shown; undefined where there is none, or none that can be read. @returns µs */
export async function shownUntilUs(file: string): Promise<number | undefined> {
  return (await endsIn(file))[0];
}

/** Of several authorities nobody knows which one has signed: after the last of them there is surely none. @returns µs */
export async function trustedUntilUs(file: string): Promise<number | undefined> {
  const ends = await endsIn(file);
  return ends.length === 0 ? undefined : Math.max(...ends);
}

type BrokerFiles = Pick<BrokerAddress, "caFile" | "certificateFile">;

/** Those that the settings of a broker name. */
export async function brokerCertificates({
  caFile,
  certificateFile,
}: BrokerFiles): Promise<readonly Pick<CertificateEnd, "use" | "notAfterUs">[]> {
  const client = certificateFile === undefined ? undefined : await shownUntilUs(certificateFile);
  const authority = caFile === undefined ? undefined : await trustedUntilUs(caFile);
  return [
    ...(client === undefined ? [] : [{ use: "broker-client", notAfterUs: client } as const]),
    ...(authority === undefined
      ? []
      : [{ use: "broker-authority", notAfterUs: authority } as const]),
  ];
}

const pemBlock = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g;

async function endsIn(file: string): Promise<readonly number[]> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch {
    // Whoever needs it says so.
    return [];
  }
  const blocks: readonly (string | Buffer)[] = bytes.toString("latin1").match(pemBlock) ?? [bytes];
  return blocks.flatMap((block) => endOf(block) ?? []);
}

function endOf(certificate: string | Buffer): number | undefined {
  try {
    return new X509Certificate(certificate).validToDate.getTime() * 1_000;
  } catch {
    return undefined;
  }
}
