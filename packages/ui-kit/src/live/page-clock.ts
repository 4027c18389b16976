/** The two clocks of the device that shows a page. They come in from outside, so that a test can play them. */
export interface PageClock {
  /** Milliseconds since an unspecified start; never steps, but may stand still while the device sleeps. */
  monotonicMs(): number;
  /** Milliseconds since 1970 UTC; may step in either direction. */
  wallMs(): number;
}

/** The gateway's clock as far as a page can know it: the last time heard, carried on by the page's own. */
export class GatewayTime {
  #heardUs = 0;
  #atMs = 0;

  /** The last time heard, µs; 0 as long as nothing was. */
  get heardUs(): number {
    return this.#heardUs;
  }

  hear(nowUs: number, monotonicMs: number): void {
    this.#heardUs = nowUs;
    this.#atMs = monotonicMs;
  }

  /** µs since 1970 UTC by the gateway's clock; 0 as long as nothing was heard. */
  nowUs(monotonicMs: number): number {
    return this.#heardUs === 0 ? 0 : this.#heardUs + (monotonicMs - this.#atMs) * 1_000;
  }
}
