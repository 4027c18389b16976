import { X509Certificate } from "node:crypto";
import { mkdir, readdir, rename } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";

import type { Refused } from "@millwright/kit";

import { readIfThere, thumbprintOf, uriIn, writeWhole } from "./own-certificate.ts";
import type { OpcuaSettings } from "./settings.ts";

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

/**
 * Where the accepted certificate of a server lies. A device has one server and one accepted certificate; the second
 * server of a redundant pair has a folder of its own, so that accepting one does not refuse the other.
 */
export function trustFolderOf(
  settings: Pick<OpcuaSettings, "url" | "redundantUrl">,
  stateFolder: string,
): string {
  // The settings of the second server of a pair carry its address in both places.
  return settings.url === settings.redundantUrl ? join(stateFolder, secondServer) : stateFolder;
}

const secondServer = "second-server";

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
export async function judge(trustFolder: string, der: Uint8Array): Promise<TrustVerdict> {
  const accepted = await readIfThere(fileIn(trustFolder, "trust", thumbprintOf(der)));
  if (accepted?.equals(der) === true) return "trusted";
  const others = await readdir(join(trustFolder, "trust")).catch(() => []);
  return others.some((name) => name.endsWith(".der")) ? "changed" : "unknown";
}

/** Keeps a certificate that was refused, so that it can be accepted without asking the server again. */
export async function keepRefused(trustFolder: string, der: Uint8Array): Promise<void> {
  await mkdir(join(trustFolder, "refused"), { recursive: true });
  await writeWhole(fileIn(trustFolder, "refused", thumbprintOf(der)), der, 0o644);
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
  let seen = false;
  // Both servers of a pair may show one certificate; then it is accepted for both.
  for (const folder of [stateFolder, join(stateFolder, secondServer)]) {
    const der = await readIfThere(fileIn(folder, "refused", plain));
    if (der === undefined || thumbprintOf(der) !== plain) continue;
    seen = true;
    const trust = join(folder, "trust");
    await mkdir(trust, { recursive: true });
    for (const name of await readdir(trust)) {
      // What was trusted before is kept beside the refused ones: a person may go back to it.
      if (name.endsWith(".der")) await rename(join(trust, name), join(folder, "refused", name));
    }
    await writeWhole(fileIn(folder, "trust", plain), der, 0o644);
  }
  if (seen) return undefined;
  return {
    kind: "refused",
    reason: `no certificate with thumbprint ${thumbprint} was seen; connect to the device first`,
  };
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

function fileIn(trustFolder: string, folder: "trust" | "refused", thumbprint: string): string {
  return join(trustFolder, folder, `${thumbprint}.der`);
}
