/**
 * The certificate with which the gateway speaks HTTPS. It is made here and signed by itself, because a plant's network has
 * nobody who could sign it and the gateway needs nobody else to work. A person compares its thumbprint once with what the
 * gateway's own terminal says; browsers remember it from then on.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  randomBytes,
  webcrypto,
  X509Certificate,
} from "node:crypto";
import { isIP } from "node:net";

import type { PageCertificate } from "@millwright/live-feed";

import type { AccessFiles } from "./access-files.ts";
import { readOwn, writeOwn } from "./own-file.ts";

export interface HttpsCertificate extends PageCertificate {
  /** SHA-256 of the DER, in the form in which browsers show it: capitals with colons. */
  readonly thumbprint: string;
  readonly validToUs: number;
}

const dayMs = 86_400_000;
/** Apple's devices take no server certificate that is valid for longer than 825 days. */
const validDays = 800;
/** Time for people to see the new thumbprint on H7 before the old one would have ended. */
const renewBeforeDays = 60;

/**
 * Reads the certificate; makes it at the first time, when it is near its end or not valid yet, and when the settings name
 * the gateway otherwise. The key stays the same.
 *
 * @param names and addresses under which the page answers
 */
export async function ensureHttpsCertificate(
  files: Pick<AccessFiles, "httpsKey" | "httpsCertificate">,
  names: readonly string[],
  nowUs: number,
): Promise<HttpsCertificate> {
  const key = readOwn(files.httpsKey);
  const certificate = readOwn(files.httpsCertificate);
  if (key !== undefined && certificate !== undefined) {
    const held = viewOf(key, certificate);
    if (mayServe(certificate, key, names, nowUs)) return held;
  }
  const made = await make(key, names, nowUs);
  // The key first: a certificate without its key is of no use to anybody.
  if (made.key !== key) await writeOwn(files.httpsKey, made.key);
  await writeOwn(files.httpsCertificate, made.certificate);
  return viewOf(made.key, made.certificate);
}

function mayServe(
  certificate: string,
  key: string,
  names: readonly string[],
  nowUs: number,
): boolean {
  const read = new X509Certificate(certificate);
  const nowMs = nowUs / 1_000;
  return (
    read.checkPrivateKey(createPrivateKey(key)) &&
    read.validFromDate.getTime() <= nowMs &&
    nowMs < read.validToDate.getTime() - renewBeforeDays * dayMs &&
    names.every((name) =>
      isIP(name) === 0 ? read.checkHost(name) !== undefined : read.checkIP(name) !== undefined,
    )
  );
}

/** ECDSA on P-256: taken by every browser, and a handshake costs a small gateway a millisecond (RSA 2048: ten). */
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

async function make(
  keyPem: string | undefined,
  names: readonly string[],
  nowUs: number,
): Promise<PageCertificate> {
  // Loaded only here, once in two years: it takes 0.2 s.
  const x509 = await import("./x509.ts");
  const keys =
    keyPem === undefined
      ? await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])
      : await importPair(keyPem);
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    // Positive, and drawn anew for each (RFC 5280, 4.1.2.2).
    serialNumber: `01${randomBytes(15).toString("hex")}`,
    name: [{ CN: [names[0] ?? "millwright"] }],
    // A day back, because the clock of a panel may be behind ours.
    notBefore: new Date(nowUs / 1_000 - dayMs),
    notAfter: new Date(nowUs / 1_000 + validDays * dayMs),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value })),
      ),
    ],
  });
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
  return {
    certificate: made.toString("pem"),
    key: keyPem ?? key.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}

async function importPair(keyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const secret = createPrivateKey(keyPem);
  const subtle = webcrypto.subtle;
  const [privateKey, publicKey] = await Promise.all([
    subtle.importKey("pkcs8", secret.export({ format: "der", type: "pkcs8" }), algorithm, true, [
      "sign",
    ]),
    subtle.importKey(
      "spki",
      createPublicKey(secret).export({ format: "der", type: "spki" }),
      algorithm,
      true,
      ["verify"],
    ),
  ]);
  return { privateKey, publicKey };
}

function viewOf(key: string, certificate: string): HttpsCertificate {
  const read = new X509Certificate(certificate);
  return {
    key,
    certificate,
    thumbprint: createHash("sha256")
      .update(read.raw)
      .digest("hex")
      .toUpperCase()
      .replace(/..(?=.)/g, "$&:"),
    validToUs: read.validToDate.getTime() * 1_000,
  };
}
