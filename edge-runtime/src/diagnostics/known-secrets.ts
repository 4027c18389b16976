/** Secrets of which this gateway knows the value: in files that its settings name, and in those of its own. */
import { closeSync, openSync, readSync } from "node:fs";

const secretFile = /(?:password|credential|secret|token|passphrase)s?File$/i;
const secretKey = /(?:password|passphrase|passwd|pwd|secret|token|pin)$/i;

/** A password is a line. */
const fileBytesMax = 4_096;
/** Settings are flatter; a device of the gateway's own may hold what is none. */
const deepestLevel = 8;

/**
 * Reads what is there. Looked for by name, because it is the second net: what is not found here is not shown by the first.
 *
 * @param written settings, as far as they were understood
 * @param toPath of a file that they name
 * @param ownFiles of the gateway: a secret in each line, or JSON that names one
 */
export function knownSecrets(
  written: unknown,
  toPath: (file: string) => string,
  ownFiles: readonly string[],
): ReadonlySet<string> {
  const secrets = new Set<string>();
  const take = (text: string | undefined): void => {
    const secret = text?.trim() ?? "";
    if (secret !== "") secrets.add(secret);
  };
  const walk = (value: unknown, level: number): void => {
    if (typeof value !== "object" || value === null || level > deepestLevel) return;
    for (const [key, inside] of Object.entries(value)) {
      if (typeof inside !== "string") {
        // In the wrong place, such as a number that somebody wrote for a PIN.
        if (typeof inside === "number" && secretKey.test(key)) take(String(inside));
        walk(inside, level + 1);
      } else if (secretFile.test(key)) {
        const lines = readLines(toPath(inside));
        // Of credentials the first line is the user, which stands in many texts.
        (/credential/i.test(key) ? lines.slice(1) : lines).forEach(take);
      } else if (secretKey.test(key)) take(inside);
    }
  };
  walk(written, 0);
  for (const file of ownFiles) {
    const lines = readLines(file);
    const json = jsonIn(lines.join("\n"));
    if (json === undefined) lines.forEach(take);
    else walk(json, 0);
  }
  return secrets;
}

/** The file of the door that commands ask holds its secret beside its port. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readLines(file: string): readonly string[] {
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch {
    // Then nobody here knows it, and nothing of ours can have said it.
    return [];
  }
  try {
    const buffer = Buffer.alloc(fileBytesMax);
    return buffer.toString("utf8", 0, readSync(handle, buffer)).split(/\r?\n/);
  } catch {
    return [];
  } finally {
    closeSync(handle);
  }
}
