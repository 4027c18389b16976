/** Files of this gateway's own: readable by its user alone, whole or not there. */
import { closeSync, fchmodSync, fstatSync, openSync, readFileSync } from "node:fs";
import { mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Undefined when there is none. What others could have read is made readable by the owner alone from now on. */
export function readOwn(file: string): string | undefined {
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch (failure) {
    if (failure instanceof Error && "code" in failure && failure.code === "ENOENT")
      return undefined;
    throw failure;
  }
  try {
    if ((fstatSync(handle).mode & 0o077) !== 0) fchmodSync(handle, 0o600);
    return readFileSync(handle, "utf8");
  } finally {
    closeSync(handle);
  }
}

/** On the medium when it resolves: content, then name. Nobody waits for the disk meanwhile but who asked. */
export async function writeOwn(file: string, content: string): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = `${file}.new`;
  const handle = await open(temporary, "w", 0o600);
  try {
    await handle.chmod(0o600);
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  const names = await open(folder, "r");
  try {
    await names.sync();
  } finally {
    await names.close();
  }
}
