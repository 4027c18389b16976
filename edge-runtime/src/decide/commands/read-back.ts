/** How it is seen that a machine did what it was told (field practice 69, 70). */
import type { Clock } from "@millwright/kit";
import type { Scalar, TagId } from "@millwright/wire-contract";

import type { Grant } from "./command.ts";
import type { TagTerms } from "./tag-terms.ts";

/** What has to be read, and when it says that the machine did it. Pure. */
export interface Proof {
  readonly tag: TagId;
  readonly withinMs: number;
  shows(value: Scalar): boolean;
}

/** Undefined where nothing is read back. */
export function proofOf(
  grant: Grant,
  value: Scalar,
  terms: (tag: TagId) => TagTerms | undefined,
): Proof | undefined {
  const { handshake, readBack, tag } = grant;
  if (handshake !== undefined) {
    const { cleared, withinMs } = handshake;
    return { tag, withinMs, shows: (read) => terms(tag)?.same(read, cleared) === true };
  }
  switch (readBack.kind) {
    case "none":
      return undefined;
    case "same":
      return {
        tag,
        withinMs: readBack.withinMs,
        shows: (read) => terms(tag)?.same(read, value) === true,
      };
    case "tag":
      return {
        tag: readBack.tag,
        withinMs: readBack.withinMs,
        shows: (read) => Math.abs(toNumber(read) - toNumber(value)) <= readBack.tolerance,
      };
    case "status":
      return {
        tag: readBack.tag,
        withinMs: readBack.withinMs,
        shows: (read) => terms(readBack.tag)?.same(read, readBack.reaches) === true,
      };
  }
}

function toNumber(value: Scalar): number {
  return typeof value === "string" || value instanceof Uint8Array ? NaN : Number(value);
}

export interface ReadBackEnd {
  readonly shown: boolean;
  /** The last that was read after the write; absent when nothing was. */
  readonly value?: Scalar;
}

interface Waiter {
  readonly proof: Proof;
  /** Wall time just before the write: what was received earlier says nothing of it. */
  readonly afterUs: number;
  last: Scalar | undefined;
  readonly end: (shown: boolean) => void;
}

/** Waits for readings that were received after a write. */
export class ReadBacks {
  readonly #clock: Clock;
  readonly #waiting = new Map<TagId, Set<Waiter>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A good value of a tag was read, or was proven to hold still. @param receivedUs not ahead of the clock */
  read(tag: TagId, value: Scalar, receivedUs: number): void {
    const waiters = this.#waiting.get(tag);
    for (const waiter of waiters ?? []) {
      if (receivedUs <= waiter.afterUs) continue;
      waiter.last = value;
      if (waiter.proof.shows(value)) waiter.end(true);
    }
  }

  /**
   * Begins to look at once; the time runs from `end()`, because only an accepted write has begun to be done.
   *
   * @param afterUs just before the write was sent
   */
  watch(
    proof: Proof,
    afterUs: number,
  ): { end(signal: AbortSignal): Promise<ReadBackEnd>; stop(): void } {
    const ended = Promise.withResolvers<boolean>();
    const waiter: Waiter = { proof, afterUs, last: undefined, end: ended.resolve };
    const waiters = this.#waiting.get(proof.tag) ?? new Set();
    waiters.add(waiter);
    this.#waiting.set(proof.tag, waiters);
    const stop = (): void => {
      waiters.delete(waiter);
      if (waiters.size === 0 && this.#waiting.get(proof.tag) === waiters) {
        this.#waiting.delete(proof.tag);
      }
    };
    return {
      stop,
      end: async (signal) => {
        const given = new AbortController();
        const timeUp = this.#clock
          .sleep(proof.withinMs, AbortSignal.any([signal, given.signal]))
          .then(
            () => false,
            () => false,
          );
        const shown = await Promise.race([ended.promise, timeUp]);
        given.abort();
        stop();
        return { shown, ...(waiter.last === undefined ? {} : { value: waiter.last }) };
      },
    };
  }
}
