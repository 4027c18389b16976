import type { Figure, Figures } from "./bench.ts";

/** The middle one; the mean of the two in the middle when there is an even number of them. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Of sorted or unsorted values, nearest rank. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** The median of each figure, its limit and its peers over all runs. */
export function mediansOf(runs: readonly Figures[]): Figures {
  const [first = {}] = runs;
  return Object.fromEntries(
    Object.entries(first).map(([key, figure]) => {
      const all = runs.flatMap((run) => run[key] ?? []);
      return [key, medianOf(figure, all)];
    }),
  );
}

function medianOf(first: Figure, all: readonly Figure[]): Figure {
  const limits = all.flatMap((figure) => figure.limit ?? []);
  const peers = Object.keys(first.peers ?? {}).map((peer): [string, number] => [
    peer,
    median(all.flatMap((figure) => figure.peers?.[peer] ?? [])),
  ]);
  return {
    value: median(all.map((figure) => figure.value)),
    unit: first.unit,
    ...(limits.length > 0 && { limit: median(limits) }),
    ...(peers.length > 0 && { peers: Object.fromEntries(peers) }),
    ...(first.note !== undefined && { note: first.note }),
  };
}
