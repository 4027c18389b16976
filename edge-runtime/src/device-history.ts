/**
 * What devices keep of their own past, joined with the orders that ask for it and the journal that takes it in. Part of
 * `runtime.ts`.
 */
import { race, type Clock } from "@millwright/kit";
import {
  historyRunsMax,
  type DeviceId,
  type DeviceStatus,
  type SampleColumns,
  type Scalar,
  type TagBook,
  type TagDefinition,
  type TagId,
} from "@millwright/wire-contract";

import type { HistoryWish, ReadingBatch } from "./acquire/driver.ts";
import type {
  DeclaredTag,
  DeviceHistory,
  FetchedPiece,
  OrderProgress,
  PastRange,
} from "./hand-over.ts";
import type { DeviceSettings } from "./settings/load-device.ts";

/** What is read at once, at most: an hour, in which the journal thins, too; little to read again after a break. */
const pieceUs = 3_600_000_000;
/** The same of tags faster than 10 Hz: what the journal has of it is held in memory meanwhile. */
const fastPieceUs = 600_000_000;
const fastMs = 100;
/** Tags of one device that are read together. */
const tagsMax = 16;
/** A commit takes some milliseconds, and who waits for room has time. */
const roomEveryMs = 20;

/** A device and its conversation, as far as it can be asked for its past. */
export interface HistoryDevice {
  readonly status: Pick<DeviceStatus, "device">;
  readonly keepsTime: boolean;
  readHistory(
    wish: HistoryWish,
    choose: (batch: ReadingBatch) => Promise<ReadingBatch>,
    signal: AbortSignal,
  ): Promise<readonly number[]>;
}

/** What a person has written of a device, as far as it plays a part here. */
export interface HistorySettings {
  readonly id: DeviceId;
  readonly clockPolicy: DeviceSettings["clockPolicy"];
  /** By point. */
  readonly tags: Iterable<{ readonly tag: Pick<DeclaredTag, "id" | "clock"> }> & {
    at(point: number): { readonly tag: Pick<DeclaredTag, "id" | "clock"> } | undefined;
  };
}

export interface DeviceHistoryParts {
  readonly settings: readonly HistorySettings[];
  readonly devices: readonly HistoryDevice[];
  readonly book: Pick<TagBook, "byId">;
  readonly readSamples: (
    tag: number,
    fromUs: number,
    toUs: number,
    max: number,
  ) => Promise<SampleColumns>;
  readonly thinnedHours: (
    tag: number,
    fromHour: number,
    toHour: number,
  ) => Promise<readonly number[]>;
  /** Whether the journal takes so many now. */
  readonly hasRoom: (batch: Pick<ReadingBatch, "count" | "wide">) => boolean;
  readonly clock: Clock;
}

/**
 * Whether a value that was read is known again in the device's history: by its time, which has to be that of the device.
 * Else one value would be kept with two times, and counted twice.
 */
function isKnownByTime({ clockPolicy, tags }: Omit<HistorySettings, "id">, point: number): boolean {
  return clockPolicy !== "ignore" && tags.at(point)?.tag.clock === "device";
}

/** Tags of a device whose past can be read, for the beat. */
export function historyRunsOf(
  device: Omit<HistorySettings, "id">,
  indices: Int32Array,
  points: readonly number[],
): NonNullable<DeviceStatus["history"]> {
  const tags = points
    .filter((point) => isKnownByTime(device, point))
    .flatMap((point) => indices[point] ?? [])
    .sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const tag of tags) {
    const run = runs.at(-1);
    if (run !== undefined && tag <= run[1] + 1) run[1] = tag;
    else runs.push([tag, tag]);
  }
  return runs.slice(0, historyRunsMax);
}

export function createDeviceHistory(parts: DeviceHistoryParts): DeviceHistory {
  const points = new Map<TagId, number>();
  const pointOf = (settings: Pick<HistorySettings, "tags">, tag: TagId): number => {
    const point = points.get(tag) ?? findPoint(settings, tag);
    points.set(tag, point);
    return point;
  };
  /** Each device is asked by one order at a time. */
  const turns = new Map<DeviceId, Promise<unknown>>();
  return {
    async fetch(order, from, signal) {
      const group = groupFrom(parts, order, from.tag);
      const before = turns.get(group.device) ?? Promise.resolve();
      const work = before.then(() => fetchPiece({ ...parts, pointOf }, order, from, group, signal));
      turns.set(
        group.device,
        work.catch(() => undefined),
      );
      return await race(work, signal);
    },
  };
}

/** The next tags of an order that are of one device. */
interface Group {
  readonly device: DeviceId;
  readonly tags: readonly TagDefinition[];
  /** With tags that the gateway does not have: they are passed over. */
  readonly count: number;
}

function groupFrom({ book }: DeviceHistoryParts, order: PastRange, from: number): Group {
  const tags: TagDefinition[] = [];
  let count = 0;
  for (const id of order.tags.slice(from)) {
    const tag = book.byId(id);
    const [first] = tags;
    if (tag !== undefined) {
      if (first !== undefined && (tag.device !== first.device || tags.length >= tagsMax)) break;
      tags.push(tag);
    }
    count++;
  }
  return { device: tags[0]?.device ?? ("" as DeviceId), tags, count };
}

async function fetchPiece(
  parts: DeviceHistoryParts & {
    readonly pointOf: (settings: Pick<HistorySettings, "tags">, tag: TagId) => number;
  },
  order: PastRange,
  { tag: place, atUs: fromUs }: Pick<OrderProgress, "tag" | "atUs">,
  { device: id, tags, count }: Group,
  signal: AbortSignal,
): Promise<FetchedPiece> {
  signal.throwIfAborted();
  const stepUs = tags.some(({ expectedMs }) => expectedMs < fastMs) ? fastPieceUs : pieceUs;
  const toUs = Math.min(order.toUs, (Math.floor(fromUs / stepUs) + 1) * stepUs);
  const settings = parts.settings.find((one) => one.id === id);
  const device = parts.devices.find(({ status }) => status.device === id);
  const known = new Map<number, ReadonlySet<number>>();
  const unread = new Set<TagId>();
  const tagOf = new Map<number, TagId>();
  const hour = Math.floor(fromUs / pieceUs);
  for (const tag of tags) {
    const point = settings === undefined ? -1 : parts.pointOf(settings, tag.id);
    if (settings === undefined || device?.keepsTime !== true || !isKnownByTime(settings, point)) {
      unread.add(tag.id);
      continue;
    }
    // Of samples that have gone nobody can say which they were: they would be counted once more.
    if ((await parts.thinnedHours(tag.index, hour, hour + 1)).length > 0) {
      unread.add(tag.id);
      continue;
    }
    const here = await parts.readSamples(tag.index, fromUs - 1, toUs + 1, Infinity);
    known.set(
      point,
      new Set(Array.from(here.measuredUs.subarray(0, here.count), (us) => Math.round(us))),
    );
    tagOf.set(point, tag.id);
  }
  let samples = 0;
  const choose = async (batch: ReadingBatch): Promise<ReadingBatch> => {
    const chosen = rowsOf(batch, (point, us) => known.get(point)?.has(Math.round(us)) === false);
    // Nothing of it may be refused: the device would not be asked again.
    while (!parts.hasRoom(chosen)) await parts.clock.sleep(roomEveryMs, signal);
    samples += chosen.count;
    return chosen;
  };
  if (device !== undefined && known.size > 0) {
    const wish = { points: [...known.keys()], fromUs, toUs };
    for (const point of await device.readHistory(wish, choose, signal)) {
      const tag = tagOf.get(point);
      if (tag !== undefined) unread.add(tag);
    }
  }
  const goesOn = toUs < order.toUs;
  const next = goesOn ? { tag: place, atUs: toUs } : { tag: place + count, atUs: order.fromUs };
  const last = !goesOn && next.tag >= order.tags.length;
  return { ...next, samples, unread: [...unread], last };
}

function findPoint({ tags }: Pick<HistorySettings, "tags">, id: TagId): number {
  let point = 0;
  for (const { tag } of tags) {
    if (tag.id === id) return point;
    point++;
  }
  return -1;
}

/** Rows that are wanted, in the columns that there are: nobody else looks at these any more. */
function rowsOf(
  batch: ReadingBatch,
  isWanted: (point: number, measuredUs: number) => boolean,
): ReadingBatch {
  const { point, measuredUs, value, status } = batch;
  const wide = new Map<number, Scalar>();
  let kept = 0;
  for (let row = 0; row < batch.count; row++) {
    if (!isWanted(point[row] ?? -1, measuredUs[row] ?? NaN)) continue;
    point[kept] = point[row] ?? -1;
    measuredUs[kept] = measuredUs[row] ?? NaN;
    value[kept] = value[row] ?? NaN;
    status[kept] = status[row] ?? 0;
    const scalar = batch.wide?.get(row);
    if (scalar !== undefined) wide.set(kept, scalar);
    kept++;
  }
  return {
    count: kept,
    point: point.subarray(0, kept),
    measuredUs: measuredUs.subarray(0, kept),
    receivedUs: batch.receivedUs,
    value: value.subarray(0, kept),
    status: status.subarray(0, kept),
    late: true,
    ...(wide.size === 0 ? {} : { wide }),
  };
}
