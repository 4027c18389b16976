import { createHash, X509Certificate, type webcrypto } from "node:crypto";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

import type { Library } from "./library.ts";

/** This gateway's application certificate: what a controller is asked to trust. */
export interface OwnCertificate {
  /** DER. */
  readonly certificate: Buffer;
  readonly key: ReturnType<Library["crypto_utils"]["makePrivateKeyFromPem"]>;
  /** SHA-1 of the DER, in capitals: the form in which controllers show it. */
  readonly thumbprint: string;
  readonly certificateFile: string;
  readonly applicationUri: string;
  readonly validToUs: number;
}

const yearsValid = 10;
const dayMs = 86_400_000;

/**
 * Reads the certificate, or makes it at the very first time. It is never renewed here, however old: controllers trust
 * by thumbprint, and a silent renewal stops a plant (field practice 28).
 */
export async function ensureOwnCertificate(
  library: Library,
  stateFolder: string,
  nowUs: number,
): Promise<OwnCertificate> {
  const folder = join(stateFolder, "own");
  const certificateFile = join(folder, "gateway.der");
  const keyFile = join(folder, "gateway-key.pem");
  let der = await readIfThere(certificateFile);
  let pem = (await readIfThere(keyFile))?.toString("ascii");
  if (der === undefined || pem === undefined) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const made = await make(library, nowUs);
    [der, pem] = [made.der, made.pem];
    // The key first: a certificate without its key could be shown to a person and then be of no use.
    await writeWhole(keyFile, pem, 0o600);
    await writeWhole(certificateFile, der, 0o644);
  }
  const read = new X509Certificate(der);
  return {
    certificate: der,
    key: library.crypto_utils.makePrivateKeyFromPem(pem),
    thumbprint: thumbprintOf(der),
    certificateFile,
    applicationUri: uriIn(read) ?? "",
    validToUs: read.validToDate.getTime() * 1_000,
  };
}

async function make(
  library: Library,
  nowUs: number,
): Promise<{ readonly der: Buffer; readonly pem: string }> {
  const crypto = library.crypto_utils;
  // The library's types name the browser's global; Node's is the same thing under another name.
  const generate = crypto.generatePrivateKey as (bits: 2048) => Promise<webcrypto.CryptoKey>;
  const privateKey = await generate(2048);
  const { privPem } = await crypto.privateKeyToPEM(privateKey);
  const host = hostname();
  const { cert } = await crypto.createSelfSignedCertificate({
    privateKey,
    // A day back, because the controller's clock may be behind ours.
    notBefore: new Date(nowUs / 1_000 - dayMs),
    notAfter: new Date(nowUs / 1_000 + yearsValid * 365 * dayMs),
    subject: `CN=Millwright@${host}`,
    dns: [host],
    applicationUri: `urn:${host}:millwright`,
    purpose: crypto.CertificatePurpose.ForApplication,
  });
  return { der: new X509Certificate(cert).raw, pem: privPem };
}

/** SHA-1 as 40 capital hexadecimal digits: OPC 10000-6, 6.2.2 names certificates by it. */
export function thumbprintOf(der: Uint8Array): string {
  return createHash("sha1").update(der).digest("hex").toUpperCase();
}

/** The application URI in the alternative names; undefined when the certificate has none. */
export function uriIn(certificate: X509Certificate): string | undefined {
  return /URI:([^,]+)/.exec(certificate.subjectAltName ?? "")?.[1];
}

/** Undefined when there is no such file. */
export async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (failure) {
    if (failure instanceof Error && "code" in failure && failure.code === "ENOENT")
      return undefined;
    throw failure;
  }
}

/** After a power cut the file is there whole or not at all. */
export async function writeWhole(
  file: string,
  content: string | Uint8Array,
  mode: number,
): Promise<void> {
  const temporary = `${file}.new`;
  const handle = await open(temporary, "w", mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}
