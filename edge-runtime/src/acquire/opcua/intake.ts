import { isDeepStrictEqual } from "node:util";

import { status as codes, saysOverflow } from "@millwright/wire-contract";

import { createBatchBuilder } from "../batch-builder.ts";
import type { DriverContext, ReadingBatch } from "../driver.ts";
import { lostSpan } from "../lost-span.ts";
import { emptyLastSeen, isLastSeen, noteLastSeen, type LastSeen } from "./last-seen.ts";
import type { ItemPlan, PointPlan } from "./items.ts";
import { describe, toScalar, toUs, type DeviceVariant } from "./values.ts";

/** What we need of the library's DataValue. */
export interface DeviceValue {
  readonly value: DeviceVariant | null;
  readonly statusCode: { readonly value: number };
  readonly sourceTimestamp: Date | null;
  readonly sourcePicoseconds: number;
}

/** One change of one item. */
export interface Change {
  readonly item: number;
  readonly value: DeviceValue;
}

/** What the giver of a message wants to know of it. */
export interface MessageFate {
  /** The last of its batches was asked for, or given up and counted. */
  handedOn(): void;
  /** All of it is on disk, or counted as lost. */
  settled(): void;
}

/** A batch that waits to be asked for, and the messages that are at an end with it. */
interface Waiting {
  batch: ReadingBatch;
  readonly messages: MessageFate[];
}

/** Rows of one batch. A message of a server with many items is cut, so that no batch holds the journal for long. */
const rowsMax = 4_096;
/** OPC 10000-6, A.2: Good without any value. */
const badNoData = 0x809b_0000;

/**
 * Turns what the server sent into batches and keeps them until they are asked for: at most `queueMax` readings, then
 * the oldest batch goes and is counted.
 */
export class Intake {
  readonly #context: DriverContext;
  readonly #points: readonly PointPlan[];
  readonly #items: readonly ItemPlan[];
  readonly #onMismatch: (point: number, found: string) => void;
  #queue: Waiting[] = [];
  #waiting = 0;
  /** The last value of each item, as far as it takes to know it again. */
  readonly seen: LastSeen;
  /** Items of which the server has spoken in this conversation. */
  readonly #heard: Uint8Array;
  /** Items whose next value may be one that an earlier conversation has had. */
  readonly #known: Uint8Array;
  /** What a Read gave, until the subscription's first word on the item, which is the same value in most cases. */
  #first: (DeviceValue | undefined)[] = [];
  #wake: () => void = () => undefined;

  constructor(
    context: DriverContext,
    points: readonly PointPlan[],
    items: readonly ItemPlan[],
    seen: LastSeen | undefined,
    onMismatch: (point: number, found: string) => void,
  ) {
    this.#context = context;
    this.#points = points;
    this.#items = items;
    this.#onMismatch = onMismatch;
    this.seen = seen ?? emptyLastSeen(items.length);
    this.#heard = new Uint8Array(items.length);
    this.#known = new Uint8Array(items.length).fill(seen === undefined ? 0 : 1);
  }

  /** Readings that wait to be asked for. */
  get waiting(): number {
    return this.#waiting;
  }

  /** False until the server has said anything of this item in this conversation. */
  hasSeen(item: number): boolean {
    return this.#heard[item] === 1;
  }

  /** True when the last value of an item was bad. */
  isBad(item: number): boolean {
    return (this.seen.status[item] ?? 0) >>> 30 >= 2;
  }

  shift(): ReadingBatch | undefined {
    const entry = this.#queue.shift();
    if (entry === undefined) return undefined;
    this.#waiting -= entry.batch.count;
    for (const message of entry.messages) message.handedOn();
    // Due is what is handed on or counted as lost: what is given up here is still in the server, and due there.
    if (entry.batch.late !== true) this.#context.due(entry.batch.count);
    this.#wake();
    return entry.batch;
  }

  /** Gives up what was not asked for: the server still has it, and will be asked again. */
  clear(): void {
    // What was not handed on has not been seen: it must not be taken for a repeat when it comes again.
    const live = this.#queue.filter(({ batch }) => batch.late !== true);
    const unread = new Set(live.flatMap(({ batch }) => [...batch.point]));
    for (const [item, plan] of this.#items.entries()) {
      if (plan.points.some((point) => unread.has(point))) this.seen.us[item] = NaN;
    }
    this.#queue = [];
    this.#waiting = 0;
  }

  /** Source time of the last value of an item, µs; NaN when there was none or it said none. */
  seenUs(item: number): number {
    return this.seen.us[item] ?? NaN;
  }

  /** Called when batches come, and when the last has gone. One listener. */
  onChange(listener: () => void): void {
    this.#wake = listener;
  }

  /** The present state, read at the beginning. Old source times are expected (field practice 15). */
  takeRead(changes: readonly Change[], receivedUs: number): void {
    for (const { item, value } of changes) this.#first[item] = value;
    this.#take(changes, receivedUs);
  }

  takeMessage(changes: readonly Change[], receivedUs: number, message: MessageFate): void {
    const fresh = changes.filter((change) => this.#isNew(change));
    for (const { item, value } of fresh) {
      if (saysOverflow(value.statusCode.value)) this.#sayOverflow(item, value, receivedUs);
    }
    this.#take(fresh, receivedUs, { message });
  }

  /** Values of the device's own history. */
  takeHistory(changes: readonly Change[], receivedUs: number, message: MessageFate): void {
    this.#take(changes, receivedUs, { late: true, message });
  }

  /** The same for somebody who waits for them: they pass by what is queued here. */
  lateBatches(changes: readonly Change[], receivedUs: number): readonly ReadingBatch[] {
    return this.#batchesOf(changes, receivedUs, true);
  }

  /** A point that the server does not know, or cannot give: bad alone, the others run. */
  takeBad(points: readonly number[], code: number, receivedUs: number): void {
    if (points.length === 0) return;
    const builder = createBatchBuilder(points.length);
    for (const point of points) builder.push(point, NaN, NaN, code);
    this.#append(builder.take(receivedUs));
  }

  #isNew({ item, value }: Change): boolean {
    // After a break some servers repeat the last value of each item; it was handed on by the conversation before.
    if (this.#known[item] === 1) {
      this.#known[item] = 0;
      if (isLastSeen(this.seen, item, value)) return false;
    }
    const first = this.#first[item];
    if (first === undefined) return true;
    this.#first[item] = undefined;
    const same =
      toUs(first.sourceTimestamp, first.sourcePicoseconds) ===
        toUs(value.sourceTimestamp, value.sourcePicoseconds) ||
      (first.sourceTimestamp === null && value.sourceTimestamp === null);
    return !(
      same &&
      first.statusCode.value === value.statusCode.value &&
      isDeepStrictEqual(first.value?.value, value.value?.value)
    );
  }

  #sayOverflow(item: number, value: DeviceValue, receivedUs: number): void {
    const toTime = toUs(value.sourceTimestamp, value.sourcePicoseconds);
    const upTo = Number.isNaN(toTime) ? receivedUs : toTime;
    const seen = this.seenUs(item);
    const from = Number.isNaN(seen) ? upTo : Math.min(seen, upTo);
    for (const point of this.#items[item]?.points ?? []) {
      this.#context.lost(point, NaN, "lost at source", from, upTo);
    }
  }

  #take(
    changes: readonly Change[],
    receivedUs: number,
    how: { readonly message?: MessageFate; readonly late?: boolean } = {},
  ): void {
    const { message } = how;
    const batches = this.#batchesOf(changes, receivedUs, how.late);
    const last = batches.pop();
    if (last === undefined) {
      if (message !== undefined) this.#follow(message);
      return;
    }
    if (how.late !== true) {
      for (const { item, value } of changes) {
        this.#heard[item] = 1;
        noteLastSeen(this.seen, item, value);
      }
    }
    for (const batch of batches) this.#append(batch);
    // Batches are settled in order, so the last one speaks for all rows of its message.
    this.#append(last, message);
  }

  /** A message without news shares the fate of what waits before it: the value that it repeats may be among that. */
  #follow(message: MessageFate): void {
    const before = this.#queue.at(-1);
    if (before === undefined) {
      message.handedOn();
      message.settled();
      return;
    }
    before.messages.push(message);
    before.batch = settling(before.batch, before.messages);
  }

  #batchesOf(
    changes: readonly Change[],
    receivedUs: number,
    late: boolean | undefined,
  ): ReadingBatch[] {
    let rows = 0;
    for (const { item } of changes) rows += this.#items[item]?.points.length ?? 0;
    if (rows === 0) return [];
    const batches: ReadingBatch[] = [];
    let builder = createBatchBuilder(Math.min(rows, rowsMax));
    for (const { item, value } of changes) {
      const measuredUs = toUs(value.sourceTimestamp, value.sourcePicoseconds);
      for (const point of this.#items[item]?.points ?? []) {
        if (builder.full) {
          batches.push(asLate(builder.take(receivedUs), late));
          builder = createBatchBuilder(Math.min(rows, rowsMax));
        }
        rows--;
        this.#push(builder, point, measuredUs, value);
      }
    }
    batches.push(asLate(builder.take(receivedUs), late));
    return batches;
  }

  #push(
    builder: ReturnType<typeof createBatchBuilder>,
    point: number,
    measuredUs: number,
    { value, statusCode }: DeviceValue,
  ): void {
    const plan = this.#points[point];
    if (plan === undefined) return;
    const code = statusCode.value;
    const bad = code >>> 30 >= 2;
    if (value === null || value.dataType === 0) {
      builder.push(point, measuredUs, NaN, bad ? code : badNoData);
      return;
    }
    const scalar = toScalar(value, plan.type, plan.path);
    if (scalar !== undefined) {
      builder.push(point, measuredUs, scalar, code);
    } else if (bad) {
      builder.push(point, measuredUs, NaN, code);
    } else {
      this.#onMismatch(point, describe(value));
      builder.push(point, measuredUs, NaN, codes.badTypeMismatch);
    }
  }

  #append(batch: ReadingBatch, message?: MessageFate): void {
    const messages = message === undefined ? [] : [message];
    this.#queue.push({
      batch: message === undefined ? batch : settling(batch, messages),
      messages,
    });
    this.#waiting += batch.count;
    while (this.#waiting > this.#context.queueMax && this.#queue.length > 1) {
      const oldest = this.#queue.shift();
      if (oldest === undefined) break;
      const { measuredUs, receivedUs, count, late = false } = oldest.batch;
      this.#waiting -= count;
      this.#context.due(count);
      this.#context.lost(-1, count, "queue full", ...lostSpan(measuredUs, receivedUs, late));
      // Counted is settled: the server need not keep what the ledger has explained.
      for (const given of oldest.messages) {
        given.handedOn();
        given.settled();
      }
    }
    this.#wake();
  }
}

/** @param messages as they are when the batch is on disk */
function settling(batch: ReadingBatch, messages: readonly MessageFate[]): ReadingBatch {
  return {
    ...batch,
    settle: () => {
      for (const message of messages) message.settled();
      return Promise.resolve();
    },
  };
}

function asLate(batch: ReadingBatch, late: boolean | undefined): ReadingBatch {
  return late === true ? { ...batch, late: true } : batch;
}
