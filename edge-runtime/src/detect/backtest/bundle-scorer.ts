/** The detect host of the gateway, asked for the windows of a backtest: behind the same walls, in the same runs as live. */
import type { Clock, Log, Random } from "@millwright/kit";
import type { Bundle } from "@millwright/model-bundle";

import { ModelHost } from "../host/model-host.ts";
import type { HostProgram } from "../host/host-process.ts";

export interface DueWindow {
  /** When what made it due was received, µs. */
  readonly heardUs: number;
  readonly endUs: number;
  readonly vector: Float64Array;
}

const slot = 1;
/** Windows on their way; far below what the host loses windows at. */
const outstandingMax = 500;

export class BundleScorer implements AsyncDisposable {
  readonly #host: ModelHost;
  #scores: Float64Array = new Float64Array(0);
  /** By window: it was answered, or is lost. */
  #done = new Uint8Array(0);
  #outstanding = 0;
  #stopped: string | undefined;
  #wake: () => void = () => undefined;

  private constructor(program: HostProgram, clock: Clock, random: Random, log: Log) {
    this.#host = new ModelHost({
      ...{ program, clock, random, log },
      listener: {
        scored: (_slot, asker, _endUs, outputs, at) => {
          this.#settle(asker, outputs[at] ?? NaN);
        },
        stopped: (_slot, _what, reason) => {
          this.#stopped = reason;
          this.#wake();
        },
        ended: (_reason, _slot, windowsLost) => {
          // The host does one after the other: what is lost is the first that has no answer.
          for (let lost = 0; lost < windowsLost; lost++) this.#settle(this.#done.indexOf(0), NaN);
        },
      },
    });
  }

  /** @returns the scorer, or why the bundle is refused */
  static async open(
    bundle: Bundle,
    options: {
      readonly program: HostProgram;
      readonly clock: Clock;
      readonly random: Random;
      readonly log: Log;
    },
  ): Promise<BundleScorer | { readonly refused: string }> {
    const { program, clock, random, log } = options;
    const scorer = new BundleScorer(program, clock, random, log);
    try {
      const [refusal] = await scorer.#host.deploy([{ slot, bundle }], () => undefined);
      if (refusal === undefined) return scorer;
      await scorer.#host.close();
      return { refused: refusal.reason };
    } catch (failure) {
      await scorer.#host.close();
      throw failure;
    }
  }

  /** One score a window, NaN where there is none. Rejects when the bundle is stopped, with the reason. */
  async score(windows: readonly DueWindow[]): Promise<Float64Array> {
    this.#scores = new Float64Array(windows.length).fill(NaN);
    this.#done = new Uint8Array(windows.length);
    for (const [at, { endUs, vector, heardUs }] of windows.entries()) {
      this.#outstanding++;
      this.#host.score(slot, at, endUs, vector);
      // What one turn of the event loop brings goes as one run, live as here: after a silence these are several windows. How
      // many go together tells in the last bits, because a product with one row is reckoned in another order.
      if (windows[at + 1]?.heardUs === heardUs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      await this.#until(outstandingMax);
    }
    await this.#until(0);
    return this.#scores;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#host.close();
  }

  #settle(at: number, score: number): void {
    if (at < 0 || this.#done[at] !== 0) return;
    this.#done[at] = 1;
    this.#scores[at] = score;
    this.#outstanding--;
    this.#wake();
  }

  async #until(outstanding: number): Promise<void> {
    while (this.#outstanding > outstanding) {
      if (this.#stopped !== undefined) throw new Error(`the bundle was stopped: ${this.#stopped}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#stopped !== undefined) throw new Error(`the bundle was stopped: ${this.#stopped}`);
  }
}
