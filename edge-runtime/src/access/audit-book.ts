/** Keeps audit entries: chained, in the journal, anchored outside it. One writer, so that the chain has no branches. */
import { messageChain, type Clock, type Log } from "@millwright/kit";
import type { EventRecord, NewEvent } from "@millwright/wire-contract/events";

import type { AuditNote, EventBook } from "../hand-over.ts";
import { anchoredHead, readAnchor, writeAnchor } from "./audit-anchor.ts";
import {
  anchorBreak,
  chainBegin,
  chained,
  endBreak,
  headOf,
  ChainWalk,
  type ChainBreak,
  type ChainedEntry,
  type ChainFound,
  type ChainHead,
} from "./audit-chain.ts";
import type { GatewaySecret } from "./secret.ts";

/** What is not kept yet; people and rules make some a minute, so a book that is this far behind takes nothing at all. */
const waitingMax = 1_000;
/** An event may have 16 KiB; a reason that somebody pastes shall not keep the entry from being written. */
const textCharsMax = 1_000;
/** A page of the book while it is verified: some milliseconds of the journal's thread. */
const pageMax = 200;
const verifyEveryMs = 24 * 3_600_000;
/** The journal was full or failed; a person is waiting for it to recover. */
const tryEveryMs = 5_000;
/** The entry about a break that was found: the book says itself where it was cut. */
export const breakAct = "access.audit-break";

export interface AuditBookOptions {
  readonly book: EventBook;
  readonly anchorFile: string;
  readonly secret: GatewaySecret;
  /**
   * There is a hub: when the journal's share for events is full, the oldest that the hub has safely go. Without one every
   * entry from the first has to be here.
   */
  readonly hasHub: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** What verifying has found. Where `from` is not 1, the entries before it are at the hub. */
export interface Verified extends ChainFound {
  readonly atUs: number;
  /** Breaks that were found before; the book goes on after each of them. */
  readonly earlier: number;
}

interface Waiting {
  readonly event: Omit<ChainedEntry, "body"> & { readonly body: AuditNote };
  readonly resolve: () => void;
  readonly reject: (failure: unknown) => void;
}

export class AuditBook {
  readonly #options: AuditBookOptions;
  readonly #waiting: Waiting[] = [];
  #head: ChainHead;
  #writing = false;
  #verified: Verified | undefined;
  /** The last entry could not be kept: nobody may act until one can. */
  #failed: string | undefined;

  private constructor(options: AuditBookOptions, head: ChainHead) {
    this.#options = options;
    this.#head = head;
  }

  /** Goes on where the journal ends. What is missing there, or is not what was written, is told by the next entry. */
  static async open(options: AuditBookOptions): Promise<AuditBook> {
    const [last] = (await options.book.list({ kind: "audit", max: 1 })).flatMap(toChained);
    const audit = new AuditBook(options, last === undefined ? chainBegin : headOf(last));
    const broken = audit.#breakAtEnd();
    if (broken !== undefined) {
      options.log.error("access.audit-broken", { entry: broken.index, what: broken.what });
      await audit.add({
        person: "gateway",
        device: "gateway",
        act: breakAct,
        object: `entry ${broken.index}`,
        result: "failed",
        why: broken.what,
      });
    }
    return audit;
  }

  /** Found last; undefined until the first time. */
  get verified(): Verified | undefined {
    return this.#verified;
  }

  /** Why nothing can be kept; undefined while it can. */
  get failed(): string | undefined {
    return this.#failed;
  }

  /** On disk when it resolves. Rejects when it cannot be kept; then `failed` says so until one can. */
  async add(note: AuditNote): Promise<void> {
    if (this.#waiting.length >= waitingMax) throw new Error("the audit book is too far behind");
    const { clock } = this.#options;
    const subject = note.person;
    await new Promise<void>((resolve, reject) => {
      const event = { atUs: Math.round(clock.nowUs()), asset: "", subject, body: shortened(note) };
      this.#waiting.push({ event, resolve, reject });
      void this.#write();
    });
  }

  /** The newest first. */
  async list(max: number): Promise<readonly (ChainedEntry & { readonly number: number })[]> {
    const { book } = this.#options;
    return (await book.list({ kind: "audit", max })).flatMap(toChained);
  }

  /** Reads all of it, from the newest to the first. */
  async verify(signal: AbortSignal): Promise<Verified> {
    const { book, clock, log } = this.#options;
    const anchor = this.#anchor();
    // What the hub has may go here when there is no more room; without a hub everything is here.
    const walk = new ChainWalk(anchor.head, !this.#options.hasHub);
    let before: number | undefined;
    let earlier = 0;
    for (;;) {
      signal.throwIfAborted();
      const page = await book.list({
        kind: "audit",
        max: pageMax,
        ...(before === undefined ? {} : { before }),
      });
      for (const entry of page.flatMap(toChained)) {
        walk.take(entry);
        before = entry.number;
        if (entry.body.act === breakAct) earlier++;
      }
      if (page.length < pageMax) break;
    }
    const found = walk.end();
    const broken = found.broken ?? anchor.broken;
    this.#verified = {
      ...found,
      atUs: clock.nowUs(),
      earlier,
      ...(broken === undefined ? {} : { broken }),
    };
    if (broken !== undefined) {
      log.error("access.audit-broken", { entry: broken.index, what: broken.what });
    }
    return this.#verified;
  }

  /** Tries again to keep what could not be kept. Rejects when `signal` aborts. */
  async keepTrying(signal: AbortSignal): Promise<never> {
    const { clock } = this.#options;
    for (;;) {
      await clock.sleep(tryEveryMs, signal);
      if (this.#failed !== undefined) await this.#write();
    }
  }

  /** Now and once a day. Rejects when `signal` aborts. */
  async verifyDaily(signal: AbortSignal): Promise<never> {
    const { clock, log } = this.#options;
    for (;;) {
      try {
        await this.verify(signal);
      } catch (failure) {
        if (failure === signal.reason) throw failure;
        log.warn("access.audit-unread", { reason: messageChain(failure) });
      }
      await clock.sleep(verifyEveryMs, signal);
    }
  }

  async #write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      let head = this.#head;
      const events = batch.map(({ event }): NewEvent => {
        const entry = chained(head, event);
        head = headOf(entry);
        return { kind: "audit", ...entry };
      });
      try {
        await this.#options.book.keep(events);
      } catch (failure) {
        // The chain stands where it stood, and what was done is kept as soon as there is room again.
        this.#failed = messageChain(failure);
        for (const { reject } of batch) reject(failure);
        this.#waiting.unshift(
          ...batch.map(({ event }) => ({ event, resolve: none, reject: none })),
        );
        break;
      }
      this.#head = head;
      this.#failed = undefined;
      await this.#moveAnchor();
      for (const { resolve } of batch) resolve();
    }
    this.#writing = false;
  }

  /** The entries are kept; without the anchor only the cutting off of the newest would not be found. */
  async #moveAnchor(): Promise<void> {
    const { anchorFile, secret, log } = this.#options;
    try {
      await writeAnchor(anchorFile, secret, this.#head);
    } catch (failure) {
      log.error("access.anchor-not-written", { reason: messageChain(failure) });
    }
  }

  #breakAtEnd(): ChainBreak | undefined {
    const { head, broken } = this.#anchor();
    return broken ?? endBreak(this.#head, head) ?? anchorBreak(this.#head, head);
  }

  #anchor(): { readonly head: ChainHead; readonly broken?: ChainBreak } {
    const { anchorFile, secret } = this.#options;
    const anchor = readAnchor(anchorFile, secret);
    const head = anchoredHead(anchor);
    if (anchor.kind === "forged") return { head, broken: { index: 0, what: anchor.what } };
    if (anchor.kind === "none" && this.#head.index > 0) {
      const what = `${anchorFile} is not there, so nobody can say whether entries are missing after ${this.#head.index}`;
      return { head, broken: { index: this.#head.index, what } };
    }
    return { head };
  }
}

const none = (): void => undefined;

function toChained(record: EventRecord): readonly (ChainedEntry & { readonly number: number })[] {
  return record.kind === "audit" ? [record] : [];
}

function shortened(note: AuditNote): AuditNote {
  return Object.fromEntries(
    Object.entries(note).map(([key, text]) => [
      key,
      text.length > textCharsMax ? `${text.slice(0, textCharsMax)}…` : text,
    ]),
  ) as unknown as AuditNote;
}
