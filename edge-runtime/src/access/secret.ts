/**
 * A secret of this gateway, in a file that no backup holds. PIN hashes are made with it, so that whoever has the journal
 * or a backup of it cannot try PINs: of six digits there are a million, which is no work at all without it.
 */
import { createHmac, hkdfSync, randomBytes } from "node:crypto";

import { readOwn, writeOwn } from "./own-file.ts";

export interface GatewaySecret {
  /** 32 bytes for one purpose; the keys of two purposes say nothing of each other (RFC 5869). */
  key(purpose: string): Buffer;
  /** Over a text, in hexadecimal. */
  mac(purpose: string, text: string): string;
}

const secretBytes = 32;

/** Reads the secret, or makes it at the very first time. */
export async function openSecret(file: string): Promise<GatewaySecret> {
  const found = readOwn(file);
  const secret = found === undefined ? randomBytes(secretBytes) : Buffer.from(found, "base64");
  if (secret.length !== secretBytes) {
    throw new Error(`${file} does not hold the ${secretBytes} bytes of this gateway's secret`);
  }
  if (found === undefined) await writeOwn(file, secret.toString("base64"));
  const key = (purpose: string): Buffer =>
    Buffer.from(hkdfSync("sha256", secret, "", `millwright ${purpose}`, secretBytes));
  return {
    key,
    mac: (purpose, text) => createHmac("sha256", key(purpose)).update(text).digest("hex"),
  };
}
