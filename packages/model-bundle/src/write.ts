/** Writes a bundle's folder: for training programs, so that sizes and digests are never written by hand. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { manifestFile } from "./files.ts";
import type { Manifest } from "./manifest.ts";

/**
 * The same content gives the same bytes. The manifest is written last: until it stands, a gateway that looks sees the bundle
 * that was there before, or none.
 *
 * @param files by path in the folder
 */
export function writeBundle(
  folder: string,
  manifest: Omit<Manifest, "files">,
  files: Readonly<Record<string, Uint8Array | string>>,
): void {
  const declared: Record<string, { bytes: number; sha256: string }> = {};
  for (const path of Object.keys(files).toSorted()) {
    const content = files[path];
    if (content === undefined) continue;
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
    declared[path] = {
      bytes: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
    };
  }
  const whole: Manifest = { ...manifest, files: declared };
  writeFileSync(join(folder, manifestFile), `${JSON.stringify(whole, null, 2)}\n`);
}
