/** What the hub holds, decoded frame by frame with the wire contract alone. */
import type { FrameStore } from "@millwright/cloud-hub/parts";
import type { Stored } from "@millwright/scenario";
import {
  decodeSamples,
  severityOf,
  type GatewayId,
  type LedgerEntry,
} from "@millwright/wire-contract";

export interface HubContent {
  /** By epoch rank, place on the raw lane and number: within a tag, the order in which the gateway kept them. */
  readonly samples: readonly Stored[];
  readonly entries: readonly LedgerEntry[];
}

const all = [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER] as const;

export async function readHub(store: FrameStore, gateway: GatewayId): Promise<HubContent> {
  const frames = await store.samplesBetween(gateway, ...all);
  const inOrder = frames.toSorted(
    (a, b) =>
      a.epochRank - b.epochRank || a.head.rawFrom - b.head.rawFrom || a.head.seq - b.head.seq,
  );
  const samples: Stored[] = [];
  for (const { head, body } of inOrder) {
    const dictionary = await store.dictionary(gateway, head.dictionary);
    if (dictionary === undefined) throw new Error(`frame ${head.seq} has no dictionary`);
    const columns = decodeSamples(body, dictionary);
    if ("kind" in columns) throw new Error(`frame ${head.seq}: ${columns.reason}`);
    for (let row = 0; row < columns.count; row++) {
      // "Device unreachable" is a sample too, but none that the device has handed out.
      if (severityOf(columns.status[row] ?? 0) !== "good") continue;
      samples.push({
        tag: dictionary.byIndex(columns.tag[row] ?? -1)?.id ?? "",
        measuredUs: columns.measuredUs[row] ?? NaN,
        value: columns.value[row] ?? NaN,
      });
    }
  }
  return { samples, entries: await store.entriesBetween(gateway, ...all) };
}
