import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** User name and password, as two lines: what a gateway's `credentialsFile` holds. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/**
 * Reads the credentials of `user`, which are made at the first start: no password is the same in two places, and none
 * has a default. Readable by the owner of the file alone.
 */
export function keepCredentials(file: string, user: string): Credentials {
  const known = readCredentials(file);
  if (known !== undefined) return known;
  // 192 bits, in letters that need no quotes in a settings file, a command line or an address.
  const made = { user, password: randomBytes(24).toString("base64url") };
  writeSecret(file, `${made.user}\n${made.password}\n`);
  return made;
}

/** Undefined when there is no such file. */
export function readCredentials(file: string): Credentials | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (failure) {
    if (failure instanceof Error && "code" in failure && failure.code === "ENOENT")
      return undefined;
    throw failure;
  }
  const [user, password] = text.split("\n").map((line) => line.trim());
  return user === undefined || password === undefined || password === ""
    ? undefined
    : { user, password };
}

/** Whole or not at all, also when the power fails: a half-written password would lock the hub out of its own data. */
export function writeSecret(file: string, text: string): void {
  const part = `${file}.part`;
  const handle = openSync(part, "w", 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(part, file);
  // The name reaches the disk with its folder.
  const folder = openSync(dirname(file), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
