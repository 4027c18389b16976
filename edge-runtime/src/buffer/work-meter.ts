/**
 * CPU time of a thread that answers questions, by what each was for.
 *
 * Linux adds to the clock of a thread at each tick of 1 to 4 ms and when the thread is taken off its processor, so between
 * two looks inside one run of 2 ms it often stands still: slices of re-packing measured at both ends came out at little more than
 * half. After a sleep the clock is right. So it is looked at when a question arrives, and what was spent since
 * the question before belongs to that one, with what it left to be collected.
 */
export class WorkMeter {
  readonly #cpuUs: () => number;
  readonly #spentUs = new Map<string, number>();
  #name: string | undefined;
  #sinceUs: number;

  /** @param cpuUs of the thread since it began */
  constructor(cpuUs: () => number = threadCpuUs) {
    this.#cpuUs = cpuUs;
    this.#sinceUs = cpuUs();
  }

  /** A question has arrived: the one before is over. */
  begin(name: string): void {
    const nowUs = this.#cpuUs();
    if (this.#name !== undefined) {
      this.#spentUs.set(this.#name, this.spentUs(this.#name) + nowUs - this.#sinceUs);
    }
    this.#name = name;
    this.#sinceUs = nowUs;
  }

  /** For questions of this name, without the one under way, µs. */
  spentUs(name: string): number {
    return this.#spentUs.get(name) ?? 0;
  }
}

function threadCpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}
