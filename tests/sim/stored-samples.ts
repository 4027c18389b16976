/** What the hub holds, decoded frame by frame with the wire contract alone, and read as history reads it. */
import { unrankedEpoch, type FrameStore } from "@millwright/cloud-hub/parts";
import type { Stored } from "@millwright/scenario";
import {
  decodeSamples,
  severityOf,
  type GatewayId,
  type LedgerEntry,
} from "@millwright/wire-contract";

import { boxOf } from "./values-of-device.ts";

export interface HubContent {
  /** Within a tag, in the order in which they were made; none twice, by their identity. */
  readonly samples: readonly Stored[];
  readonly entries: readonly LedgerEntry[];
}

interface Told extends Stored {
  /** As the hub reads it: what the gateway stamped, with what is known of its clock. */
  readonly readUs: number;
  readonly segment: number;
  readonly late: boolean;
}

/** The way of a poll and its answer, and what a step of the clock may be before it begins a segment. */
const readWithinUs = 200_000;

const all = [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER] as const;

/**
 * @param repeats also those that have the identity of another one
 * @param madeUs when a value was made in truth, µs; left out, every clock was right
 */
export async function readHub(
  store: FrameStore,
  gateway: GatewayId,
  repeats: "dropped" | "kept" = "dropped",
  madeUs: (value: number) => number | undefined = () => undefined,
): Promise<HubContent> {
  const frames = await store.samplesBetween(gateway, ...all);
  // By epoch rank, place on the raw lane and number: the order in which the gateway kept them.
  const inOrder = frames.toSorted(
    (a, b) =>
      a.epochRank - b.epochRank || a.head.rawFrom - b.head.rawFrom || a.head.seq - b.head.seq,
  );
  // The newest record of a run says by how much its clock was off.
  const records = await store.clockRecords(gateway, ...all);
  const offsets = new Map(records.map(({ segment, offsetUs }) => [segment, offsetUs]));
  const told: Told[] = [];
  for (const { head, body, epochRank } of inOrder) {
    // Named by no hello to this hub: it was restored, the broker brought frames of what it had lost, and their journal never
    // came back.
    const apart = epochRank === unrankedEpoch ? { apart: head.epoch } : {};
    const dictionary = await store.dictionary(gateway, head.dictionary);
    if (dictionary === undefined) throw new Error(`frame ${head.seq} has no dictionary`);
    const columns = decodeSamples(body, dictionary);
    if ("kind" in columns) throw new Error(`frame ${head.seq}: ${columns.reason}`);
    for (let row = 0; row < columns.count; row++) {
      // "Device unreachable" is a sample too, but none that the device has handed out.
      if (severityOf(columns.status[row] ?? 0) !== "good") continue;
      const measuredUs = columns.measuredUs[row] ?? NaN;
      const tag = dictionary.byIndex(columns.tag[row] ?? -1);
      const offsetUs = offsets.get(head.clock.segment) ?? head.clock.offsetUs;
      told.push({
        tag: tag?.id ?? "",
        measuredUs,
        readUs: measuredUs + (tag?.clock === "gateway" ? offsetUs : 0),
        value: columns.value[row] ?? NaN,
        segment: head.clock.segment,
        late: head.late,
        ...apart,
      });
    }
  }
  const entries = await store.entriesBetween(gateway, ...all);
  return { samples: latePlaced(repeats === "kept" ? told : onceEach(told), madeUs), entries };
}

/** Identity: tag, clock segment, source time, and the value, where two of one time are two. */
function onceEach(told: readonly Told[]): readonly Told[] {
  const known = new Set<string>();
  return told.filter(({ tag, segment, measuredUs, value }) => {
    const identity = `${tag}/${segment}/${measuredUs}/${value}`;
    if (known.has(identity)) return false;
    known.add(identity);
    return true;
  });
}

/**
 * Within a tag one run of the clock after the other, in the order in which they began; what came late stands in its run
 * where its time says. A run of which nothing came in its turn has no place of its own: it stands where its time says, too,
 * before the runs that began later. Where a clock of the tag was wrong and nobody has said by how much, times do not tell
 * which run began first: then order is that within the run.
 */
function latePlaced(
  told: readonly Told[],
  madeUs: (value: number) => number | undefined,
): readonly Stored[] {
  const isWrong = ({ readUs, value }: Told): boolean =>
    Math.abs(readUs - (madeUs(value) ?? readUs)) > readWithinUs;
  const misleading = new Set(told.filter(isWrong).map(seriesOf));
  // Two copies with the same random numbers stamp in one segment, and are two boxes all the same.
  const ofBox = ({ segment, ...one }: Told): string => `${seriesOf(one)}/${segment}`;
  const runs = [...Map.groupBy(told, ofBox).values()].map((run) =>
    run.some(({ late }) => late) ? run.toSorted((a, b) => a.measuredUs - b.measuredUs) : run,
  );
  const placed: (readonly Told[])[] = [];
  for (const run of runs) {
    const [first] = run;
    if (first === undefined || !run.every(({ late }) => late)) {
      placed.push(run);
    } else if (misleading.has(seriesOf(first))) {
      placed.push(run.map((one) => ({ ...one, apart: ofBox(one) })));
    } else {
      placed.splice(placed.findLastIndex((other) => beganBefore(other, run)) + 1, 0, run);
    }
  }
  return placed.flat();
}

/** Of a tag and device, as far as its times say. */
function beganBefore([one]: readonly Told[], [other]: readonly Told[]): boolean {
  if (one === undefined || other === undefined) return false;
  return seriesOf(one) === seriesOf(other) && one.readUs <= other.readUs;
}

function seriesOf({ tag, value }: Pick<Told, "tag" | "value">): string {
  return `${tag}/${boxOf(value)}`;
}
