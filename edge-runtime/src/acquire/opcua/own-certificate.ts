import { createHash, X509Certificate, type webcrypto } from "node:crypto";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

import type { Refused } from "@millwright/kit";

import type { Library } from "./library.ts";

/** This gateway's application certificate: what a controller is asked to trust. */
export interface OwnCertificate extends OwnCertificateView {
  /** DER. */
  readonly certificate: Buffer;
  readonly key: ReturnType<Library["crypto_utils"]["makePrivateKeyFromPem"]>;
}

const yearsValid = 10;
const dayMs = 86_400_000;

/** Where the certificate in use lies, and where the next one lies until a person has switched to it. */
const inUse = "own";
const prepared = "own-next";

/**
 * Reads the certificate, or makes it at the very first time. It is never renewed here, however old: controllers trust
 * by thumbprint, and a silent renewal stops a plant (field practice 28).
 */
export async function ensureOwnCertificate(
  library: Library,
  stateFolder: string,
  nowUs: number,
): Promise<OwnCertificate> {
  const folder = join(stateFolder, inUse);
  let files = await readPair(folder);
  if (files === undefined && (await readPair(join(stateFolder, prepared))) !== undefined) {
    // A switch that a power cut has interrupted: a third certificate would be one that nobody trusts.
    await rename(join(stateFolder, prepared), folder);
    files = await readPair(folder);
  }
  files ??= await makePair(library, folder, nowUs);
  const { der, pem } = files;
  return {
    ...viewOf(folder, der),
    certificate: der,
    key: library.crypto_utils.makePrivateKeyFromPem(pem),
  };
}

/** What a person is shown of our certificate. */
export interface OwnCertificateView {
  /** SHA-1 of the DER, in capitals: the form in which controllers show it. */
  readonly thumbprint: string;
  readonly certificateFile: string;
  readonly applicationUri: string;
  readonly validToUs: number;
}

/** The certificate in use; undefined before the first conversation with the device. */
export async function lookAtOwn(stateFolder: string): Promise<OwnCertificateView | undefined> {
  const folder = join(stateFolder, inUse);
  const files = await readPair(folder);
  return files === undefined ? undefined : viewOf(folder, files.der);
}

/**
 * First half of a renewal: makes the next certificate, or finds the one that was made before, and leaves the one in use
 * in use. A person now lets the controller trust the next one.
 */
export async function prepareNext(
  library: Library,
  stateFolder: string,
  nowUs: number,
): Promise<OwnCertificateView> {
  const folder = join(stateFolder, prepared);
  const { der } = (await readPair(folder)) ?? (await makePair(library, folder, nowUs));
  return viewOf(folder, der);
}

/** Second half: the next conversation shows the prepared certificate; the old one is kept under its thumbprint. */
export async function switchToNext(stateFolder: string): Promise<OwnCertificateView | Refused> {
  const folder = join(stateFolder, inUse);
  const next = await readPair(join(stateFolder, prepared));
  if (next === undefined) {
    return { kind: "refused", reason: "no next certificate was made; run it with --renew first" };
  }
  const old = await readPair(folder);
  if (old !== undefined) await rename(folder, join(stateFolder, `own-${thumbprintOf(old.der)}`));
  await rename(join(stateFolder, prepared), folder);
  return viewOf(folder, next.der);
}

function viewOf(folder: string, der: Buffer): OwnCertificateView {
  const read = new X509Certificate(der);
  return {
    thumbprint: thumbprintOf(der),
    certificateFile: join(folder, certificateName),
    applicationUri: uriIn(read) ?? "",
    validToUs: read.validToDate.getTime() * 1_000,
  };
}

const certificateName = "gateway.der";
const keyName = "gateway-key.pem";

interface Pair {
  readonly der: Buffer;
  readonly pem: string;
}

async function readPair(folder: string): Promise<Pair | undefined> {
  const der = await readIfThere(join(folder, certificateName));
  const pem = await readIfThere(join(folder, keyName));
  return der === undefined || pem === undefined ? undefined : { der, pem: pem.toString("ascii") };
}

async function makePair(library: Library, folder: string, nowUs: number): Promise<Pair> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const made = await make(library, nowUs);
  // The key first: a certificate without its key could be shown to a person and then be of no use.
  await writeWhole(join(folder, keyName), made.pem, 0o600);
  await writeWhole(join(folder, certificateName), made.der, 0o644);
  return made;
}

async function make(library: Library, nowUs: number): Promise<Pair> {
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
