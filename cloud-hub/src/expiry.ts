import { messageChain, type Clock } from "@millwright/kit";

export interface ExpiryOptions {
  readonly keepDays: number;
  readonly clock: Pick<Clock, "nowUs">;
  /** Lets go what is older than `beforeUs`. @returns how many rows went */
  readonly expire: (beforeUs: number, nowUs: number) => Promise<number>;
  /** @param rows more than none */
  readonly gone: (rows: number) => void;
  readonly failed: (reason: string) => void;
}

const everyUs = 3_600_000_000;
const dayUs = 86_400_000_000;

/** Lets rows go that are older than they are kept, once an hour, however often it is asked. */
export class Expiry {
  readonly #options: ExpiryOptions;
  #triedUs = -Infinity;

  constructor(options: ExpiryOptions) {
    this.#options = options;
  }

  /** Never rejects: what fails is tried again in an hour. */
  async lookWhenDue(): Promise<void> {
    const { keepDays, clock, expire, gone, failed } = this.#options;
    const nowUs = clock.nowUs();
    // A clock that was set back is due, too.
    if (Math.abs(nowUs - this.#triedUs) < everyUs) return;
    this.#triedUs = nowUs;
    // By whole days, as events: the audit log has an entry a day.
    const beforeUs = Math.floor(nowUs / dayUs - keepDays) * dayUs;
    try {
      const rows = await expire(beforeUs, nowUs);
      if (rows > 0) gone(rows);
    } catch (failure) {
      failed(messageChain(failure));
    }
  }
}
