import { widths } from "@millwright/aggregates";
import type { ClockState, Dictionary, TagDefinition } from "@millwright/wire-contract";

import { noClock, sealTold } from "./aggregate-frames.ts";
import type { ClockTable } from "./clock-table.ts";
import type { CriticalLane } from "./critical-lane.ts";
import { OldDictionaries } from "./old-dictionaries.ts";
import type { Moment, Sealer } from "./sealing.ts";
import type { TagTable } from "./tag-table.ts";
import type { ChunkRow } from "./tiers/chunk-table.ts";
import type { RolledHour } from "./tiers/roller.ts";
import type { ToldTable } from "./told-table.ts";

/**
 * Minutes as frames of the history lane, sealed in the transaction that rolls their hour up, and again when late samples
 * change it: of tags whose rule holds something back. Of a tag that is told in full the hub makes them itself, and they
 * are the same.
 */
export class AggregateLane {
  readonly #parts;
  readonly #dictionaries: OldDictionaries;

  constructor(parts: {
    readonly sealer: Sealer;
    readonly toldFrames: ToldTable;
    readonly tags: TagTable;
    readonly critical: CriticalLane;
    readonly clocks: ClockTable;
  }) {
    this.#parts = parts;
    this.#dictionaries = new OldDictionaries(parts);
  }

  /** @param frontier key of the last sample frame that was known when the hour was rolled up: the revision */
  tell(at: Moment, { hour, tags, rows }: RolledHour, frontier: number): void {
    const used = this.#dictionariesOf(rows);
    const clocks = this.#clocksOf(rows);
    // The hub reads stamps of such a segment at another time, where these minutes would be beside the truth.
    const isMoved = clocks.some(({ offsetUs }) => offsetUs !== 0);
    const told = tags.filter(
      ({ tag }) => isThinned(tag, used) && !(isMoved && tag.clock === "gateway"),
    );
    for (const [dictionary, some] of Map.groupBy(told, ({ tag }) => nameOf(tag, used))) {
      if (dictionary === undefined) continue;
      this.#dictionaries.tell(at, dictionary);
      sealTold(this.#parts, at, {
        widthUs: widths.minute,
        beginUs: hour * widths.hour,
        told: some
          .map(({ tag, minutes }) => ({ tag: tag.index, buckets: minutes }))
          .toSorted((a, b) => a.tag - b.tag),
        revision: frontier,
        dictionary,
        clock: clocks[0] ?? noClock,
      });
    }
  }

  /** The one in use first. */
  #dictionariesOf(rows: readonly ChunkRow[]): readonly Dictionary[] {
    const { tags } = this.#parts;
    const hashes = new Set(rows.map(({ dictionary }) => dictionary));
    hashes.delete(tags.current.hash);
    return [tags.current, ...[...hashes].toReversed().flatMap((hash) => tags.byHash(hash) ?? [])];
  }

  /** Of the segments that stamped, those that nothing had set first: what is learned of them moves their samples. */
  #clocksOf(rows: readonly ChunkRow[]): readonly ClockState[] {
    const { clocks } = this.#parts;
    const segments = new Set(rows.map(({ segment }) => segment));
    return [...segments]
      .map((segment) => clocks.of(segment) ?? { ...noClock, segment })
      .toSorted((a, b) => Number(a.disciplined) - Number(b.disciplined));
  }
}

/** Whether the hub was told less than all, by the rule of today or by one of those under which samples were kept. */
function isThinned({ index }: TagDefinition, dictionaries: readonly Dictionary[]): boolean {
  return dictionaries.some((dictionary) => {
    const rule = dictionary.byIndex(index)?.telling?.rule;
    return rule !== undefined && rule !== "full";
  });
}

/** The newest dictionary that knows the tag. */
function nameOf(
  { index }: TagDefinition,
  dictionaries: readonly Dictionary[],
): Dictionary | undefined {
  return dictionaries.find((dictionary) => dictionary.byIndex(index) !== undefined);
}
