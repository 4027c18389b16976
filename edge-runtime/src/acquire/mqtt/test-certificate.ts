/** For tests: a certificate by which a client signs in at a broker, signed by itself. */
import { createPrivateKey, randomBytes, webcrypto } from "node:crypto";

import * as x509 from "../../access/x509.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export interface ClientCertificate {
  /** PEM, both. */
  readonly certificate: string;
  readonly key: string;
}

export async function makeClientCertificate(name: string): Promise<ClientCertificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: `01${randomBytes(15).toString("hex")}`,
    // Authorities are told apart by their names.
    name: [{ CN: [`${name} ${randomBytes(4).toString("hex")}`] }],
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
    ],
  });
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
  return {
    certificate: made.toString("pem"),
    key: key.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}
