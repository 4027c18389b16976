/** One value of a machine beside that of all machines that have it: found in the twins, read from history, judged here. */
import type { ValueTable } from "@millwright/live-feed";
import {
  severityOf,
  type GatewayId,
  type LedgerEntry,
  type PeerAnswer,
  type PeerBandNow,
  type PeerMachine,
} from "@millwright/wire-contract";
import { staleAfterMs } from "@millwright/wire-contract/freshness";
import { toGaps } from "@millwright/wire-contract/history";
import { bandMachinesMin } from "@millwright/wire-contract/peers";

import { bandOf, placeOf } from "./history/peers/peer-band.ts";
import { peerColumns, type PeerColumns } from "./history/peers/peer-columns.ts";
import { hourTier } from "./history/rollups/rollup-store.ts";
import { findPeers, type Peer, type PeerGateway } from "./twin/find-peers.ts";

/** As far as the answer comes while somebody waits: minutes of a day of so many are read in about a second. */
export const machinesMax = 200;

export interface PeersAsked {
  readonly gateway: string;
  readonly tag: string;
  readonly fromUs: number;
  readonly toUs: number;
  /** That the chart has room for. */
  readonly columns: number;
}

export interface PeerSources {
  readonly gateways: () => readonly PeerGateway[];
  readonly table: (gateway: string) => ValueTable | undefined;
  readonly means: (
    places: readonly Pick<Peer, "gateway" | "tag">[],
    columns: PeerColumns,
    signal: AbortSignal,
  ) => Promise<readonly Float64Array[]>;
  readonly gaps: (
    gateway: GatewayId,
    tag: string,
    fromUs: number,
    toUs: number,
  ) => Promise<readonly LedgerEntry[]>;
  readonly nowUs: () => number;
  /** As far back as minutes are kept, µs. */
  readonly minutesFromUs: () => number;
}

/** Undefined where the gateway has no such value, or none that can be compared. */
export async function peersOf(
  sources: PeerSources,
  asked: PeersAsked,
  signal: AbortSignal,
): Promise<PeerAnswer | undefined> {
  const found = findPeers(sources.gateways(), asked);
  if (found === undefined) return undefined;
  const { gateway, tag, fromUs, toUs } = asked;
  const machines = found.machines.slice(0, machinesMax);
  const columns = peerColumns(fromUs, toUs, asked.columns, sources.minutesFromUs());
  const [lines, entries] = await Promise.all([
    sources.means(machines, columns, signal),
    sources.gaps(gateway as GatewayId, tag, fromUs, toUs),
  ]);
  const band = bandOf(lines, columns.count);
  const nowUs = sources.nowUs();
  const newest = machines.map((one) => newestOf(sources.table(one.gateway), one, nowUs));
  const now = bandNow(newest);
  return {
    tier: columns.tier === hourTier ? "hours" : "minutes",
    fromUs: columns.fromUs,
    stepUs: columns.stepUs,
    found: found.machines.length,
    unlike: found.unlike,
    counts: [...band.counts],
    low: toJson(band.low),
    median: toJson(band.median),
    high: toJson(band.high),
    own: toJson(lines[0] ?? new Float64Array(columns.count).fill(NaN)),
    gaps: toGaps(entries),
    atUs: nowUs,
    ...(now === undefined ? {} : { now }),
    machines: furthestFirst(
      machines.map(({ gateway: of, name, site, asset, tag: id }, at): PeerMachine => {
        const { away, ...place } = placeOf(lines[at] ?? new Float64Array(0), band);
        return {
          ...{ gateway: of, name, site, asset, tag: id },
          ...place,
          away: orNull(away),
          now: newest[at] ?? null,
        };
      }),
    ),
  };
}

/** Undefined where it is not good, or its last proof is too old: then it says what was. */
function newestOf(table: ValueTable | undefined, peer: Peer, nowUs: number): number | undefined {
  const { index, tag, expectedMs } = peer;
  // Numbers mean other tags while a dictionary is renewed.
  if (table?.book.idOf(index) !== tag) return undefined;
  const value = table.valueAt(index);
  const number = typeof value === "bigint" ? Number(value) : value;
  const ageMs = (nowUs - table.confirmedUsAt(index)) / 1_000;
  const proven = severityOf(table.statusAt(index)) === "good" && ageMs <= staleAfterMs(expectedMs);
  return proven && typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/** Of one column, that of the present. */
function bandNow(newest: readonly (number | undefined)[]): PeerBandNow | undefined {
  const { counts, low, median, high } = bandOf(
    newest.map((value) => Float64Array.of(value ?? NaN)),
    1,
  );
  const [count = 0] = counts;
  if (count < bandMachinesMin) return undefined;
  return { count, low: low[0] ?? NaN, median: median[0] ?? NaN, high: high[0] ?? NaN };
}

/** By the share of the time out of the band, then by how far; what could not be compared comes last. */
function furthestFirst(machines: readonly PeerMachine[]): readonly PeerMachine[] {
  const share = ({ columns, above, below }: PeerMachine): number =>
    columns === 0 ? -1 : (above + below) / columns;
  return machines.toSorted(
    (a, b) => share(b) - share(a) || Math.abs(b.away ?? 0) - Math.abs(a.away ?? 0),
  );
}

function toJson(values: Float64Array): readonly (number | null)[] {
  return Array.from(values, orNull);
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
