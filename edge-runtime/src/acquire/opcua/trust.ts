import { X509Certificate } from "node:crypto";
import { mkdir, readdir, rename } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";

import type { Refused } from "@millwright/kit";

import { readIfThere, thumbprintOf, uriIn, writeWhole } from "./own-certificate.ts";

/**
 * Trust is a conversation of two (field practice 27). This is our half: a person looks at a server's certificate and
 * accepts it; a certificate that is not the accepted one is refused, and kept so that it can be looked at.
 */
export interface ServerCertificateView {
  readonly thumbprint: string;
  readonly subject: string;
  readonly applicationUri: string;
  readonly validFromUs: number;
  readonly validToUs: number;
  /** True when the certificate names the host that the person typed. Often false on plants, and said as it is. */
  readonly namesHost: boolean;
}

export type TrustVerdict = "trusted" | "unknown" | "changed";

export function viewOf(der: Uint8Array, host: string): ServerCertificateView {
  const certificate = new X509Certificate(der);
  const named = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
  return {
    thumbprint: thumbprintOf(der),
    subject: certificate.subject.replaceAll("\n", ", "),
    applicationUri: uriIn(certificate) ?? "",
    validFromUs: certificate.validFromDate.getTime() * 1_000,
    validToUs: certificate.validToDate.getTime() * 1_000,
    namesHost: named !== undefined,
  };
}

/** In words, for the person who has to decide. */
export function describeView(view: ServerCertificateView, nowUs: number): string {
  const day = (us: number): string => new Date(us / 1_000).toISOString().slice(0, 10);
  const parts = [
    `thumbprint ${view.thumbprint}`,
    `subject "${view.subject}"`,
    `valid from ${day(view.validFromUs)} to ${day(view.validToUs)}`,
    view.namesHost ? "names the host you typed" : "does not name the host you typed",
  ];
  if (nowUs > view.validToUs) parts.push("its time is over by this gateway's clock");
  if (nowUs < view.validFromUs) parts.push("its time has not begun by this gateway's clock");
  return parts.join(", ");
}

/** Compares whole certificates; a thumbprint alone would rest on SHA-1. */
export async function judge(stateFolder: string, der: Uint8Array): Promise<TrustVerdict> {
  const accepted = await readIfThere(fileIn(stateFolder, "trust", thumbprintOf(der)));
  if (accepted?.equals(der) === true) return "trusted";
  const others = await readdir(join(stateFolder, "trust")).catch(() => []);
  return others.some((name) => name.endsWith(".der")) ? "changed" : "unknown";
}

/** Keeps a certificate that was refused, so that it can be accepted without asking the server again. */
export async function keepRefused(stateFolder: string, der: Uint8Array): Promise<void> {
  await mkdir(join(stateFolder, "refused"), { recursive: true });
  await writeWhole(fileIn(stateFolder, "refused", thumbprintOf(der)), der, 0o644);
}

/**
 * A person has looked and says yes. The certificate is one that was refused before; afterwards it is the only one that
 * this device may show, because a device has one server.
 *
 * @param thumbprint as it was shown; colons, blanks and small letters do not matter
 */
export async function acceptServerCertificate(
  stateFolder: string,
  thumbprint: string,
): Promise<Refused | undefined> {
  const plain = plainThumbprint(thumbprint);
  const der = await readIfThere(fileIn(stateFolder, "refused", plain));
  if (der === undefined || thumbprintOf(der) !== plain) {
    return {
      kind: "refused",
      reason: `no certificate with thumbprint ${thumbprint} was seen; connect to the device first`,
    };
  }
  const trust = join(stateFolder, "trust");
  await mkdir(trust, { recursive: true });
  for (const name of await readdir(trust)) {
    // What was trusted before is kept beside the refused ones: a person may go back to it.
    if (name.endsWith(".der")) await rename(join(trust, name), join(stateFolder, "refused", name));
  }
  await writeWhole(fileIn(stateFolder, "trust", plain), der, 0o644);
  return undefined;
}

/**
 * Accepts a certificate that came as a file from whoever looks after the server, and not over the wire: nobody has to
 * meet the server before it can be trusted.
 *
 * @param file PEM or DER
 * @param thumbprint what the person compared; the file must hold that certificate and no other
 */
export async function acceptCertificateFile(
  stateFolder: string,
  file: Uint8Array,
  thumbprint: string,
): Promise<Refused | undefined> {
  let der: Uint8Array;
  try {
    der = new X509Certificate(file).raw;
  } catch {
    return { kind: "refused", reason: "the file holds no certificate (PEM or DER)" };
  }
  const found = thumbprintOf(der);
  if (found !== plainThumbprint(thumbprint)) {
    return {
      kind: "refused",
      reason: `the file holds the certificate ${found}, not ${thumbprint}`,
    };
  }
  await keepRefused(stateFolder, der);
  return acceptServerCertificate(stateFolder, thumbprint);
}

function plainThumbprint(shown: string): string {
  return shown.replaceAll(/[^0-9A-Fa-f]/g, "").toUpperCase();
}

function fileIn(stateFolder: string, folder: "trust" | "refused", thumbprint: string): string {
  return join(stateFolder, folder, `${thumbprint}.der`);
}
