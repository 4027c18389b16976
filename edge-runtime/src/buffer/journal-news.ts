import type { Log } from "@millwright/kit";

import type { FileFindings } from "./pages/inspect-file.ts";

/** What the log says of the journal: what was wrong with its file, and when room begins and ends to be short. */
export class JournalNews {
  readonly #log: Log;
  #full: boolean;
  #eventsFull = false;

  /** @param full as the file was found */
  constructor(log: Log, full: boolean) {
    this.#log = log;
    this.#full = full;
  }

  /** Samples are refused. */
  get full(): boolean {
    return this.#full;
  }

  found({ mendedPages, damagedPages, lostFrames, movedTo, why }: FileFindings): void {
    if (mendedPages.length > 0) this.#log.warn("buffer.pages-mended", { pages: mendedPages });
    if (movedTo !== undefined) this.#log.error("buffer.journal-moved-aside", { movedTo, why });
    else if (damagedPages.length > 0) {
      this.#log.error("buffer.pages-given-up", { pages: damagedPages });
    }
    // A power cut does that, too.
    if (lostFrames > 0) this.#log.warn("buffer.log-torn", { frames: lostFrames });
  }

  samples(full: boolean, bytes: number): void {
    if (full === this.#full) return;
    this.#full = full;
    if (full) this.#log.error("buffer.full", { bytes });
    else this.#log.info("buffer.has-room", { bytes });
  }

  events(full: boolean, bytes: number): void {
    if (full === this.#eventsFull) return;
    this.#eventsFull = full;
    if (full) this.#log.error("buffer.events-full", { bytes });
    else this.#log.info("buffer.events-have-room", { bytes });
  }
}
