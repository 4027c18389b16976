/** What the hub holds, decoded frame by frame with the wire contract alone, and read as history reads it. */
import { unrankedEpoch, type FrameStore } from "@millwright/cloud-hub/parts";
import type { Stored } from "@millwright/scenario";
import {
  decodeSamples,
  severityOf,
  type GatewayId,
  type LedgerEntry,
} from "@millwright/wire-contract";

export interface HubContent {
  /** Within a tag, in the order in which they were made; none twice, by their identity. */
  readonly samples: readonly Stored[];
  readonly entries: readonly LedgerEntry[];
}

interface Told extends Stored {
  readonly segment: number;
  readonly late: boolean;
}

const all = [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER] as const;

/** @param repeats also those that have the identity of another one */
export async function readHub(
  store: FrameStore,
  gateway: GatewayId,
  repeats: "dropped" | "kept" = "dropped",
): Promise<HubContent> {
  const frames = await store.samplesBetween(gateway, ...all);
  // By epoch rank, place on the raw lane and number: the order in which the gateway kept them.
  const inOrder = frames.toSorted(
    (a, b) =>
      a.epochRank - b.epochRank || a.head.rawFrom - b.head.rawFrom || a.head.seq - b.head.seq,
  );
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
      told.push({
        tag: dictionary.byIndex(columns.tag[row] ?? -1)?.id ?? "",
        measuredUs: columns.measuredUs[row] ?? NaN,
        value: columns.value[row] ?? NaN,
        segment: head.clock.segment,
        late: head.late,
        ...apart,
      });
    }
  }
  const entries = await store.entriesBetween(gateway, ...all);
  return { samples: latePlaced(repeats === "kept" ? told : onceEach(told)), entries };
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
 * where its time says.
 */
function latePlaced(told: readonly Told[]): readonly Stored[] {
  const runs = Map.groupBy(told, ({ tag, segment }) => `${tag}/${segment}`);
  return [...runs.values()].flatMap((run) =>
    run.some(({ late }) => late) ? run.toSorted((a, b) => a.measuredUs - b.measuredUs) : run,
  );
}
