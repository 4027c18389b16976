/** What the hub holds, decoded frame by frame with the wire contract alone, and read as history reads it. */
import { unrankedEpoch, type FrameStore, type StoredFrame } from "@millwright/cloud-hub/parts";
import type { Stored } from "@millwright/scenario";
import {
  decodeSamples,
  severityOf,
  type Epoch,
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
  // By epoch, place on the raw lane and number: the order in which the gateway kept them.
  const epochs = epochsInOrder(frames);
  const inOrder = frames.toSorted(
    (a, b) =>
      epochs.indexOf(a.head.epoch) - epochs.indexOf(b.head.epoch) ||
      a.head.rawFrom - b.head.rawFrom ||
      a.head.seq - b.head.seq,
  );
  const told: Told[] = [];
  for (const { head, body } of inOrder) {
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
      });
    }
  }
  const entries = await store.entriesBetween(gateway, ...all);
  return { samples: latePlaced(repeats === "kept" ? told : onceEach(told)), entries };
}

/**
 * By rank. One that no hello has named to this hub has none: it was restored, the broker brought frames that it had lost,
 * and their journal never came back. It lies where its first frame was sealed.
 */
function epochsInOrder(frames: readonly StoredFrame[]): readonly Epoch[] {
  const epochs = [...Map.groupBy(frames, ({ head }) => head.epoch)].map(([epoch, own]) => ({
    epoch,
    rank: own[0]?.epochRank ?? unrankedEpoch,
    sealedUs: Math.min(...own.map(({ head }) => head.sealedUs)),
  }));
  const isRanked = ({ rank }: { readonly rank: number }): boolean => rank !== unrankedEpoch;
  const inOrder = epochs.filter(isRanked).toSorted((a, b) => a.rank - b.rank);
  for (const one of epochs.filter((epoch) => !isRanked(epoch))) {
    const next = inOrder.findIndex(({ sealedUs }) => sealedUs > one.sealedUs);
    inOrder.splice(next < 0 ? inOrder.length : next, 0, one);
  }
  return inOrder.map(({ epoch }) => epoch);
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
