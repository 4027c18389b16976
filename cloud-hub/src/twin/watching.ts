/**
 * Which tags somebody is looking at now. Their gateways tell these in full and at once; all others as their rules say.
 * Counted, because two pages may look at one tag.
 */
import type { TagId } from "@millwright/wire-contract";

export class Watching {
  readonly #counts = new Map<string, Map<TagId, number>>();

  /** @returns what ends the looking, once */
  watch(gateway: string, tags: readonly TagId[]): () => void {
    const counts = this.#counts.get(gateway) ?? new Map<TagId, number>();
    this.#counts.set(gateway, counts);
    for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      for (const tag of tags) {
        const left = (counts.get(tag) ?? 0) - 1;
        if (left > 0) counts.set(tag, left);
        else counts.delete(tag);
      }
      if (counts.size === 0 && this.#counts.get(gateway) === counts) this.#counts.delete(gateway);
    };
  }

  /** @param max the first that were asked for, when there are more */
  watched(gateway: string, max: number): readonly TagId[] {
    return [...(this.#counts.get(gateway)?.keys() ?? [])].slice(0, max);
  }
}
