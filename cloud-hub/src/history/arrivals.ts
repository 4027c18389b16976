/** What a pass has read of frames, by tag and clock segment. */
import { ruleOf } from "@millwright/aggregates";
import type {
  Dictionary,
  FrameHead,
  GatewayId,
  SampleColumns,
  TagDefinition,
} from "@millwright/wire-contract";

import type { ClockCorrections } from "./clock-corrections.ts";
import { SampleGatherer } from "./samples/gather-samples.ts";
import type { ArrivedSeries } from "./sort-series.ts";

/** Whose samples a group holds. */
interface Group {
  readonly series: number;
  readonly segment: number;
  /** Of the newest dictionary: it writes the chunk. */
  readonly tag: TagDefinition;
  readonly dictionary: Dictionary;
  readonly head: FrameHead;
}

/** The group by tag index, -1 where none is known yet. */
interface GroupMap {
  readonly groups: Int32Array;
  /** Tags without one: where there are none, rows need not be looked at. */
  missing: number;
}

/** A frame of samples, but for the samples. */
export interface ArrivedFrame {
  readonly head: FrameHead;
  readonly sampleCount: number;
}

/** Used for one pass after the other, because of the memory of its rows. */
export class Arrivals {
  readonly #rows = new SampleGatherer();
  #groups: Group[] = [];
  readonly #places = new Map<string, number>();
  /** By the numbers of a gateway's dictionary and clock segment. */
  readonly #maps = new Map<Int32Array, Map<number, GroupMap>>();
  readonly #knownToUs = new Map<GatewayId, number>();
  #frames: ArrivedFrame[] = [];

  /** Begins anew; what was answered before is not valid any more. */
  clear(): void {
    this.#rows.clear();
    this.#groups = [];
    this.#places.clear();
    this.#maps.clear();
    this.#knownToUs.clear();
    this.#frames = [];
  }

  /** In the order in which they came. */
  get frames(): readonly ArrivedFrame[] {
    return this.#frames;
  }

  /**
   * Takes what was decoded of a frame; it is copied.
   *
   * @param numbers series of the dictionary's tags, by tag index
   */
  add(head: FrameHead, dictionary: Dictionary, numbers: Int32Array, samples: SampleColumns): void {
    const { gateway, sealedUs, lastUs } = head;
    this.#frames.push({ head, sampleCount: samples.count });
    // The gateway was there when it sealed this, and the device when it stamped its last sample.
    const known = Math.max(this.#knownToUs.get(gateway) ?? 0, sealedUs, lastUs);
    this.#knownToUs.set(gateway, known);
    const map = this.#mapOf(numbers, head.clock.segment, dictionary.size);
    const { groups } = map;
    const { tag, count } = samples;
    for (let row = 0; row < count && map.missing > 0; row++) {
      const index = tag[row] ?? 0;
      if ((groups[index] ?? -1) >= 0) continue;
      groups[index] = this.#groupOf(index, head, dictionary, numbers);
      map.missing--;
    }
    this.#rows.add(samples, groups, sealedUs);
  }

  /** By series; those without a sample are left out. */
  finish(clocks: ClockCorrections): readonly ArrivedSeries[] {
    const samples = this.#rows.finish();
    const arrived = this.#groups.flatMap(({ head, ...group }, at): readonly ArrivedSeries[] => {
      const of = samples[at];
      if (of === undefined || of.count === 0) return [];
      const offsetUs = group.tag.clock === "device" ? 0 : clocks.of(head);
      const knownToUs = this.#knownToUs.get(head.gateway) ?? 0;
      return [
        { ...of, ...group, gateway: head.gateway, offsetUs, rule: ruleOf(group.tag), knownToUs },
      ];
    });
    return arrived.toSorted((a, b) => a.series - b.series);
  }

  #mapOf(numbers: Int32Array, segment: number, tags: number): GroupMap {
    let bySegment = this.#maps.get(numbers);
    if (bySegment === undefined) this.#maps.set(numbers, (bySegment = new Map<number, GroupMap>()));
    let map = bySegment.get(segment);
    if (map === undefined) {
      map = { groups: new Int32Array(numbers.length).fill(-1), missing: tags };
      bySegment.set(segment, map);
    }
    return map;
  }

  #groupOf(index: number, head: FrameHead, dictionary: Dictionary, numbers: Int32Array): number {
    const tag = dictionary.byIndex(index);
    if (tag === undefined) throw new Error(`tag ${index} is not in its dictionary`);
    // For stamps made by a device the segment is the device, so that what it sends again is known again.
    const segment = tag.clock === "device" ? 0 : head.clock.segment;
    const series = numbers[index] ?? -1;
    const place = `${series}/${segment}`;
    let group = this.#places.get(place);
    if (group === undefined) this.#places.set(place, (group = this.#rows.openGroup()));
    this.#groups[group] = { series, segment, tag, dictionary, head };
    return group;
  }
}
