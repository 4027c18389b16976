import type { Random } from "@millwright/kit";

/** All gateways ask in the same moment after a broker restart; chance spreads them over this time. */
const jitterMs = 1_000;
/** Field practice 48: a node once a minute (a setting), 20 requests a second in all. */
const perSecondMax = 20;

/**
 * Says when which node may be asked for its births. One for all conversations of the process: a broker that flaps must
 * not set the clock of a node back.
 */
export class RebirthPacer {
  readonly #wantedMs = new Map<string, number>();
  readonly #askedMs = new Map<string, number>();
  #second = -Infinity;
  #inSecond = 0;

  /** Asks for `node` as soon as it may be; does nothing when that is already so. */
  want(node: string, everyMs: number, nowMs: number, random: Random): void {
    if (this.#wantedMs.has(node)) return;
    const asked = this.#askedMs.get(node) ?? -Infinity;
    this.#wantedMs.set(node, Math.max(nowMs, asked + everyMs) + random.next() * jitterMs);
  }

  /** The births came, or nobody needs them any more. */
  forget(node: string): void {
    this.#wantedMs.delete(node);
  }

  /** Those of `nodes` that are to be asked now; the caller asks them. */
  due(nodes: Iterable<string>, nowMs: number): string[] {
    if (nowMs - this.#second >= 1_000) {
      this.#second = nowMs;
      this.#inSecond = 0;
    }
    const due: string[] = [];
    for (const node of nodes) {
      if (this.#inSecond >= perSecondMax) break;
      const at = this.#wantedMs.get(node);
      if (at === undefined || at > nowMs) continue;
      this.#wantedMs.delete(node);
      this.#askedMs.set(node, nowMs);
      this.#inSecond++;
      due.push(node);
    }
    return due;
  }
}
