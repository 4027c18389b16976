/** One entry of the settings: which bundle it runs now, and what to run when that fails. */
import { statSync } from "node:fs";
import { join } from "node:path";

import { messageChain } from "@millwright/kit";
import { BundleRefused, loadBundle, type Bundle } from "@millwright/model-bundle";

import type { BundleUseFile } from "./settings.ts";

export class BundleUse {
  readonly file: BundleUseFile;
  readonly #folder: string;
  /** Folder that it runs from: the one of the settings, or after a return the previous one. */
  #name: string;
  /** Looked at every few seconds. */
  #manifest: string;
  #seen = "";
  bundle: Bundle | undefined;
  slot = -1;
  state: "runs" | "starts" | "stopped" | "refused" = "starts";
  note = "";

  /** @param folder of all bundles */
  constructor(file: BundleUseFile, folder: string) {
    this.file = file;
    this.#folder = folder;
    this.#name = file.bundle;
    this.#manifest = this.#manifestOf(this.#name);
  }

  get name(): string {
    return this.#name;
  }

  /** The previous bundle, once. */
  canReturn(): boolean {
    return this.file.previous !== undefined && this.#name === this.file.bundle;
  }

  takePrevious(): void {
    this.#name = this.file.previous ?? this.#name;
    this.#manifest = this.#manifestOf(this.#name);
  }

  /** @returns the bundle, or why it is refused */
  read(): Bundle | { readonly refused: string } {
    this.#seen = this.#stamp();
    try {
      return loadBundle(join(this.#folder, this.#name));
    } catch (failure) {
      if (failure instanceof BundleRefused)
        return { refused: `${failure.message}\n${failure.hint}` };
      return { refused: messageChain(failure) };
    }
  }

  /** Another manifest lies there than the one that was read: it is written last, so the rest is there, too. */
  hasChanged(): boolean {
    const stamp = this.#stamp();
    return stamp !== "" && stamp !== this.#seen;
  }

  #stamp(): string {
    const found = statSync(this.#manifest, { throwIfNoEntry: false });
    return found === undefined ? "" : `${found.ino} ${found.size} ${found.mtimeMs}`;
  }

  #manifestOf(name: string): string {
    return join(this.#folder, name, "manifest.json");
  }
}
