/** What is told of models, as events and in the log. */
import type { Clock, Log } from "@millwright/kit";
import type { ModelEvent } from "@millwright/wire-contract/events";

import type { EventBook } from "../../hand-over.ts";
import type { BundleUse } from "./bundle-use.ts";
import type { BundleWatch } from "./bundle-watch.ts";

export class ModelNews {
  readonly #book: EventBook;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(book: EventBook, clock: Clock, log: Log) {
    this.#book = book;
    this.#clock = clock;
    this.#log = log;
  }

  /** Of a bundle, on all its assets. */
  ofUse(
    use: BundleUse,
    what: ModelEvent["what"],
    reason: string,
    more: Partial<ModelEvent> = {},
  ): void {
    const { name, version } = use.bundle?.manifest ?? { name: use.name, version: "" };
    this.#keep("", name, { what, bundle: name, version, role: use.file.role, reason, ...more });
  }

  /** Of a bundle on one asset. */
  ofWatch(
    { manifest, role, asset }: BundleWatch,
    what: ModelEvent["what"],
    reason: string,
    more: Partial<ModelEvent> = {},
  ): void {
    const { name, version } = manifest;
    this.#keep(asset, name, { what, bundle: name, version, role, reason, ...more });
  }

  /** Of the process that runs them, where no bundle is known to have ended it. */
  ofHost(reason: string, windowsLost: number): void {
    const none = { bundle: "", version: "", role: "live" } as const;
    this.#keep("", "detect-host", { what: "crashed", ...none, reason, windowsLost });
  }

  #keep(asset: string, subject: string, body: ModelEvent): void {
    const { what, bundle, version, reason } = body;
    this.#log.info(`detect.model-${what}`, { bundle, version, reason });
    this.#book
      .keep([{ kind: "model", atUs: this.#clock.nowUs(), asset, subject, body }])
      .catch((failure: unknown) => {
        this.#log.error("detect.model-event-not-kept", { error: failure });
      });
  }
}
