/** Ed25519 keys (RFC 8032) of gateways and hubs: who made a stick, and what a person compares of it. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import {
  chmodSync,
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

import { Fault } from "@millwright/kit";

/** The half that signs. It never leaves the machine on which it was made. */
export interface SigningKey {
  readonly publicKey: PublicKey;
  sign(bytes: Uint8Array): Uint8Array;
}

/** The raw 32 bytes of a public key, in base64: as it travels in messages. */
export type PublicKey = string;

const publicKeyPattern = /^[A-Za-z0-9+/]{43}=$/;

/** The key file cannot be read or made. A key is never replaced by the way: the other side has pinned it. */
export class KeyUnusable extends Fault {
  override readonly name = "KeyUnusable";
  readonly code = "carrier.key-unusable";
  readonly retry = "never";
  readonly hint: string;

  constructor(file: string, options?: ErrorOptions) {
    super(`the key in ${file} cannot be used`, options);
    this.hint = `Give this program the right to read and write ${file}, or bring back the file from a backup; without it a new key is made, and the other side has to be told.`;
  }
}

/**
 * Reads the key in `file`, and makes it when there is none: readable by its owner alone, whole or not at all. Throws
 * `KeyUnusable`.
 */
export function openKey(file: string): SigningKey {
  try {
    return toSigningKey(createPrivateKey(readOwn(file) ?? makeKey(file)));
  } catch (cause) {
    throw new KeyUnusable(file, { cause });
  }
}

/** The key in `file`; undefined when there is none. Throws `KeyUnusable`. */
export function findKey(file: string): SigningKey | undefined {
  try {
    const pem = readOwn(file);
    return pem === undefined ? undefined : toSigningKey(createPrivateKey(pem));
  } catch (cause) {
    throw new KeyUnusable(file, { cause });
  }
}

export function isPublicKey(text: string): boolean {
  return publicKeyPattern.test(text);
}

/** @param publicKey a text that `isPublicKey` accepts; with any other nothing is ever signed */
export function isSignedBy(
  publicKey: PublicKey,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (!isPublicKey(publicKey)) return false;
  const x = Buffer.from(publicKey, "base64").toString("base64url");
  try {
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    return verify(null, bytes, key, signature);
  } catch {
    // 32 bytes that are no point of the curve.
    return false;
  }
}

/**
 * What people compare: the first 128 bits of SHA-256 over the raw key, in eight groups. Nobody finds a second key to
 * them, and nobody reads twice as much aloud. Programs compare whole keys.
 */
export function fingerprintOf(publicKey: PublicKey): string {
  const hex = createHash("sha256").update(Buffer.from(publicKey, "base64")).digest("hex");
  return (hex.slice(0, 32).match(/.{4}/g) ?? []).join("-");
}

/** Whether a person has typed the fingerprint of this key, with any blanks, dashes or colons and in any case. */
export function isFingerprintOf(typed: string, publicKey: PublicKey): boolean {
  const plain = (text: string): string => text.replace(/[\s:-]/g, "").toLowerCase();
  return plain(typed) === plain(fingerprintOf(publicKey));
}

function toSigningKey(key: KeyObject): SigningKey {
  const { x } = createPublicKey(key).export({ format: "jwk" });
  if (key.asymmetricKeyType !== "ed25519" || x === undefined) throw new Error("not an Ed25519 key");
  return {
    publicKey: Buffer.from(x, "base64url").toString("base64"),
    sign: (bytes) => sign(null, bytes, key),
  };
}

function readOwn(file: string): string | undefined {
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch (failure) {
    if (failure instanceof Error && "code" in failure && failure.code === "ENOENT")
      return undefined;
    throw failure;
  }
  try {
    // A restore or a copy may have opened it to others.
    if ((fstatSync(handle).mode & 0o077) !== 0) chmodSync(file, 0o600);
    return readFileSync(handle, "utf8");
  } finally {
    closeSync(handle);
  }
}

function makeKey(file: string): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  mkdirSync(dirname(file), { recursive: true });
  const part = `${file}.part`;
  const handle = openSync(part, "w", 0o600);
  try {
    writeSync(handle, pem);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(part, file);
  return pem;
}
