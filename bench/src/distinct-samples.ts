import {
  decodeDictionary,
  decodeSamples,
  type Dictionary,
  type ParsedFrame,
} from "@millwright/wire-contract";

type Frame = Extract<ParsedFrame, { readonly kind: "frame" }>;

/** Counts samples once, however often they were sent: by tag and the time at which they were measured. */
export class DistinctSamples {
  readonly #frames: Frame[] = [];

  take(frame: Frame): void {
    this.#frames.push(frame);
  }

  count(): number {
    const dictionaries = new Map<bigint, Dictionary>();
    for (const { head, body } of this.#frames) {
      if (head.content !== "dictionary") continue;
      const dictionary = decodeDictionary(body);
      if (!("kind" in dictionary)) dictionaries.set(dictionary.hash, dictionary);
    }
    const known = new Map<number, Set<number>>();
    for (const { head, body } of this.#frames) {
      const dictionary = dictionaries.get(head.dictionary);
      if (head.content !== "samples" || dictionary === undefined) continue;
      const columns = decodeSamples(body, dictionary);
      if ("kind" in columns) throw new Error(`frame ${head.seq}: ${columns.reason}`);
      for (let row = 0; row < columns.count; row++) {
        const tag = columns.tag[row] ?? -1;
        const times = known.get(tag) ?? new Set<number>();
        known.set(tag, times.add(columns.measuredUs[row] ?? Number.NaN));
      }
    }
    return [...known.values()].reduce((sum, times) => sum + times.size, 0);
  }
}
