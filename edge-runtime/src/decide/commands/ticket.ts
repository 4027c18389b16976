/**
 * The number that the gateway gives out and a command brings back (field practice 71): when, by this gateway's own
 * monotonic clock, the command was about to be sent. It expires with the gateway's run, and setting a clock moves it in
 * neither direction.
 */
export class Tickets {
  readonly #run: string;

  /** @param run names this run of the gateway: of no other one */
  constructor(run: string) {
    this.#run = run;
  }

  give(nowMs: number): string {
    return `${this.#run}-${Math.ceil(nowMs)}`;
  }

  /** When it was given, monotonic ms; undefined for a number of another run, or one that was never given. */
  givenMs(ticket: string, nowMs: number): number | undefined {
    const [run, count = "", ...more] = ticket.split("-");
    if (run !== this.#run || more.length > 0 || !/^\d{1,15}$/.test(count)) return undefined;
    const givenMs = Number(count);
    return givenMs <= Math.ceil(nowMs) ? givenMs : undefined;
  }
}
