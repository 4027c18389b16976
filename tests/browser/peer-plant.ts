/** One value of a machine beside the same value of all machines of the fixture's fleet, reckoned as the plant does. */
import type { GatewayRow, LiveTag, PeerAnswer, PeerMachine } from "@millwright/wire-contract";

import { valueAt } from "./plant.ts";

export interface PeersAsked {
  readonly gateway: string;
  readonly tag: LiveTag;
  readonly fromUs: number;
  readonly toUs: number;
}

export interface PeerFleet {
  readonly rows: readonly GatewayRow[];
  /** Each gateway has all of them. */
  readonly tags: readonly LiveTag[];
  readonly nowUs: number;
  /** The machine that is asked for runs so much above the others. */
  readonly factor: number;
}

const minuteUs = 60e6;
/** The hub has not sorted what came since. */
const unsortedUs = 8 * minuteUs;
const columnsMax = 240;

export function peersOf({ rows, tags, nowUs, factor }: PeerFleet, asked: PeersAsked): PeerAnswer {
  const { gateway, tag, fromUs, toUs } = asked;
  const stepUs = Math.ceil((toUs - fromUs) / columnsMax / minuteUs) * minuteUs;
  const beginUs = Math.floor(fromUs / stepUs) * stepUs;
  const columns = Math.ceil((toUs - beginUs) / stepUs);
  const machines = rows.flatMap((row, at) =>
    tags
      .filter(({ name }) => name === tag.name)
      .map((one) => {
        const isOwn = row.gateway === gateway && one.id === tag.id;
        const scale = isOwn ? factor : 1 + 0.01 * ((at % 5) - 2);
        const us = (column: number): number => beginUs + (column + 0.5) * stepUs;
        const line = Array.from({ length: columns }, (_, column) => {
          // Every fifth gateway was away for a part of the time.
          const away = at % 5 === 4 && column > columns / 3 && column < columns / 2;
          return away || us(column) > nowUs - unsortedUs
            ? null
            : valueAt(one, us(column) / 1_000) * scale;
        });
        return { row, one, isOwn, line, now: valueAt(one, nowUs / 1_000) * scale };
      }),
  );
  const there = (column: number): readonly number[] =>
    machines.flatMap(({ line }) => line[column] ?? []);
  const edge = (share: number): readonly (number | null)[] =>
    Array.from({ length: columns }, (_, column) => quantile(there(column), share));
  const [low, median, high] = [edge(0.1), edge(0.5), edge(0.9)];
  const newest = machines.map(({ now }) => now);
  const places = machines.map(({ row, one, line, now }): PeerMachine => {
    const of = line.flatMap((value, at) => {
      const middle = median[at] ?? null;
      return value === null || middle === null ? [] : [{ value, middle, at }];
    });
    return {
      ...{ gateway: row.gateway, name: row.name, site: row.site, asset: one.asset, tag: one.id },
      columns: of.length,
      above: of.filter(({ value, at }) => value > (high[at] ?? Infinity)).length,
      below: of.filter(({ value, at }) => value < (low[at] ?? -Infinity)).length,
      away:
        of.length === 0
          ? null
          : of.reduce((sum, { value, middle }) => sum + value - middle, 0) / of.length,
      now,
    };
  });
  return {
    ...{ tier: "minutes", fromUs: beginUs, stepUs, found: machines.length, unlike: 1 },
    counts: Array.from({ length: columns }, (_, column) => there(column).length),
    ...{ low, median, high },
    own: machines.find(({ isOwn }) => isOwn)?.line ?? [],
    gaps: [],
    atUs: nowUs,
    ...(machines.length < 3
      ? {}
      : {
          now: {
            count: newest.length,
            low: quantile(newest, 0.1) ?? NaN,
            median: quantile(newest, 0.5) ?? NaN,
            high: quantile(newest, 0.9) ?? NaN,
          },
        }),
    machines: places.toSorted((a, b) => out(b) - out(a)),
  };
}

function out({ above, below, columns }: PeerMachine): number {
  return columns === 0 ? -1 : (above + below) / columns;
}

function quantile(values: readonly number[], share: number): number | null {
  if (values.length < 3) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const [a = NaN, b = NaN] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return a + (b - a) * (place - Math.floor(place));
}
