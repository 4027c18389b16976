import { createPublicKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";

import { SettingsRefused } from "../faults.ts";
import type { TokenPolicy } from "./endpoints.ts";
import type { Library, opcua } from "./library.ts";
import type { OpcuaSettings } from "./settings.ts";

/** Numbers of the kinds of user token (OPC 10000-4, 7.43). */
const tokenTypes = { anonymous: 0, password: 1, certificate: 2 } as const;

export interface TokenSituation {
  readonly device: string;
  readonly settings: OpcuaSettings;
  readonly policies: readonly TokenPolicy[];
  readonly channelPolicyUri: string;
  /** The channel hides what it carries (SignAndEncrypt). */
  readonly channelEncrypts: boolean;
  readonly serverCertificate: Buffer;
  readonly serverNonce: Buffer;
}

export interface UserToken {
  readonly token:
    opcua.AnonymousIdentityToken | opcua.UserNameIdentityToken | opcua.X509IdentityToken;
  readonly signature?: opcua.SignatureData;
}

/**
 * The token policy to use for the user of the settings: encrypting ones first. A policy that names none is protected by
 * that of the channel (OPC 10000-4, 7.42).
 *
 * @returns undefined when the server offers nothing that is safe for this user
 */
export function chooseTokenPolicy(
  kind: keyof typeof tokenTypes,
  policies: readonly TokenPolicy[],
  channelPolicyUri: string,
  channelEncrypts: boolean,
): { readonly policyId: string; readonly policyUri: string } | "not offered" | "plain text" {
  const ofKind = policies
    .filter((policy) => policy.tokenType === tokenTypes[kind])
    .map((policy) => ({
      policyId: policy.policyId ?? "",
      policyUri:
        policy.securityPolicyUri === null || policy.securityPolicyUri === ""
          ? channelPolicyUri
          : policy.securityPolicyUri,
    }))
    // SHA-1 and PKCS#1 1.5 policies leak passwords to a patient listener; not used even inside a channel.
    .filter(
      (policy) => !/#Basic(?:128|128Rsa15|192|256|192Rsa15|256Rsa15)$/.test(policy.policyUri),
    );
  const first = ofKind[0];
  if (first === undefined) return "not offered";
  const encrypting = ofKind.find((policy) => !policy.policyUri.endsWith("#None"));
  if (encrypting !== undefined) return encrypting;
  // Field practice 29: a password never travels when neither channel nor token policy encrypts it.
  return kind === "password" && !channelEncrypts ? "plain text" : first;
}

export async function makeUserToken(
  library: Library,
  situation: TokenSituation,
): Promise<UserToken> {
  const { device, settings } = situation;
  const { user } = settings;
  const policy = chooseTokenPolicy(
    user.kind,
    situation.policies,
    situation.channelPolicyUri,
    situation.channelEncrypts,
  );
  if (policy === "not offered") {
    throw new SettingsRefused(
      device,
      `it does not offer users by ${user.kind}`,
      "Choose a kind of user that the controller offers.",
    );
  }
  if (policy === "plain text") {
    throw new SettingsRefused(
      device,
      "the password would travel in plain text",
      "Use security: sign-and-encrypt, or let the controller offer an encrypting policy for user names.",
    );
  }
  switch (user.kind) {
    case "anonymous":
      return { token: new library.AnonymousIdentityToken({ policyId: policy.policyId }) };
    case "password":
      return {
        token: passwordToken(
          library,
          policy,
          user.name,
          // Editors end files with a line feed; no controller takes one in a password.
          (await readSecret(device, user.passwordFile)).toString("utf8").replace(/\r?\n$/, ""),
          situation,
        ),
      };
    case "certificate": {
      const certificate = new X509Certificate(await readSecret(device, user.certificateFile));
      const key = (await readSecret(device, user.keyFile)).toString("ascii");
      const signature = await library.computeSignatureAsync(
        situation.serverCertificate,
        situation.serverNonce,
        library.crypto_utils.makePrivateKeyFromPem(key),
        library.fromURI(policy.policyUri),
      );
      const token = new library.X509IdentityToken({
        policyId: policy.policyId,
        certificateData: certificate.raw,
      });
      return signature === undefined ? { token } : { token, signature };
    }
  }
}

function passwordToken(
  library: Library,
  policy: { readonly policyId: string; readonly policyUri: string },
  userName: string,
  password: string,
  situation: TokenSituation,
): opcua.UserNameIdentityToken {
  const plain = Buffer.from(password, "utf8");
  const factory = library.getCryptoFactory(library.fromURI(policy.policyUri));
  if (factory === null) {
    // Only reached inside a channel that encrypts: chooseTokenPolicy has seen to it.
    return new library.UserNameIdentityToken({
      policyId: policy.policyId,
      userName,
      password: plain,
      encryptionAlgorithm: null,
    });
  }
  // OPC 10000-4, 7.41.2.2: length of what follows, password, nonce; encrypted for the server's certificate.
  const length = Buffer.alloc(4);
  length.writeUInt32LE(plain.length + situation.serverNonce.length);
  const block = Buffer.concat([length, plain, situation.serverNonce]);
  const publicKey = createPublicKey(
    new X509Certificate(situation.serverCertificate).publicKey.export({
      type: "spki",
      format: "pem",
    }),
  );
  return new library.UserNameIdentityToken({
    policyId: policy.policyId,
    userName,
    password: factory.asymmetricEncrypt(block, publicKey),
    encryptionAlgorithm: factory.asymmetricEncryptionAlgorithm,
  });
}

async function readSecret(device: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (failure) {
    throw new SettingsRefused(
      device,
      `${file} cannot be read`,
      "Check that the file is there and that this program may read it.",
      { cause: failure },
    );
  }
}
