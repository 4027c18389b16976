/** What the journal still knows of a time, brought into the order in which it was received. */
import type { SampleColumns, Scalar } from "@millwright/wire-contract";
import type { EventRecord } from "@millwright/wire-contract/events";

/** What a backtest asks of a journal. */
export interface Past {
  /** Samples of one tag by measured time, both ends included, in the order in which they were received. */
  samples(tag: number, fromUs: number, toUs: number): Promise<SampleColumns>;
  /** When the gateway began to run, oldest first. */
  starts(fromUs: number, toUs: number): Promise<readonly Start[]>;
}

export interface Start {
  readonly beganUs: number;
  /** Up to where the run before had come; undefined where it was killed. */
  readonly endedUs?: number;
}

export interface Stretch {
  readonly fromUs: number;
  readonly toUs: number;
}

/** @param events of kind rule, the newest first */
export function startsIn(events: readonly EventRecord[]): readonly Start[] {
  return events.toReversed().flatMap((event) => {
    if (event.kind !== "rule" || event.body.what !== "started") return [];
    const { untilUs } = event.body;
    return [{ beganUs: event.atUs, ...(untilUs === undefined ? {} : { endedUs: untilUs }) }];
  });
}

export interface PastTag {
  /** In the dictionary. */
  readonly index: number;
  /** Stamped by its device: when it was received is not known any more, so that it counts from when it was measured. */
  readonly byDevice: boolean;
}

/** What is played. Values come in the order of their instants. */
export interface Player {
  value(
    tag: number,
    atUs: number,
    value: Scalar | undefined,
    status: number,
    measuredUs: number,
  ): void;
  /** The gateway ended here, and began again there: what was in memory is gone. */
  restarted(endedUs: number, beganUs: number): void;
  /** All values up to here have come. */
  upTo(atUs: number): void;
  /** Waited for after each piece, by those who ask somebody else. */
  caughtUp?(): Promise<void>;
}

/** Read at a time, so that a week of fast tags fits into memory: 36,000 rows of a tag at 10 Hz. */
const pieceUs = 3_600_000_000;
/** A step back of gateway time by more means that the clock was set. */
const clockBackUs = 1_000_000;

export async function playPast(
  past: Past,
  tags: readonly PastTag[],
  { fromUs, toUs }: Stretch,
  player: Player,
  signal: AbortSignal,
): Promise<{ readonly samples: number }> {
  const starts = [...(await past.starts(fromUs, toUs))];
  let samples = 0;
  let playedUs = fromUs;
  const lastUs = new Float64Array(tags.length).fill(-Infinity);
  for (let beginUs = fromUs; beginUs < toUs; beginUs += pieceUs) {
    signal.throwIfAborted();
    const endUs = Math.min(toUs, beginUs + pieceUs);
    const columns: SampleColumns[] = [];
    for (const { index } of tags) columns.push(await past.samples(index, beginUs, endUs - 1));
    const piece = inOrder(columns, tags, lastUs);
    for (const at of piece.order) {
      const atUs = piece.atUs[at] ?? 0;
      for (let next = starts[0]; next !== undefined && atUs >= next.beganUs; next = starts[0]) {
        // Of a run that was killed nothing is known but what it received.
        player.restarted(next.endedUs ?? playedUs, next.beganUs);
        starts.shift();
      }
      playedUs = Math.max(playedUs, atUs);
      const tag = piece.tag[at] ?? 0;
      const row = piece.row[at] ?? 0;
      const of = columns[tag];
      const value = of?.wide?.get(row) ?? of?.value[row];
      player.value(tag, atUs, value, of?.status[row] ?? 0, of?.measuredUs[row] ?? 0);
      samples++;
    }
    player.upTo(endUs - 1);
    await player.caughtUp?.();
  }
  return { samples };
}

interface Piece {
  readonly tag: Int32Array;
  readonly row: Int32Array;
  readonly atUs: Float64Array;
  /** Places, in the order in which they are played. */
  readonly order: readonly number[];
}

/** @param lastUs by tag: the newest time of a device's stamps so far */
function inOrder(
  columns: readonly SampleColumns[],
  tags: readonly PastTag[],
  lastUs: Float64Array,
): Piece {
  const count = columns.reduce((sum, each) => sum + each.count, 0);
  const piece = {
    tag: new Int32Array(count),
    row: new Int32Array(count),
    atUs: new Float64Array(count),
  };
  // The clock of the gateway was set back so many times before this row: those of one time lie together.
  const era = new Int32Array(count);
  const order: number[] = [];
  let at = 0;
  for (const [tag, each] of columns.entries()) {
    const byDevice = tags[tag]?.byDevice === true;
    let eras = 0;
    let beforeUs = -Infinity;
    for (let row = 0; row < each.count; row++, at++) {
      const us = each.measuredUs[row] ?? 0;
      piece.tag[at] = tag;
      piece.row[at] = row;
      piece.atUs[at] = us;
      if (byDevice) {
        // What goes back was filled in from the device's history: live, it never was a current value.
        if (us < (lastUs[tag] ?? 0)) continue;
        lastUs[tag] = us;
      } else if (us < beforeUs - clockBackUs) eras++;
      beforeUs = us;
      era[at] = eras;
      order.push(at);
    }
  }
  order.sort(
    (a, b) => (era[a] ?? 0) - (era[b] ?? 0) || (piece.atUs[a] ?? 0) - (piece.atUs[b] ?? 0) || a - b,
  );
  return { ...piece, order };
}

/** Looked back for so far: what a device last told of a value that does not change may be days old. */
const lookBackUs = 8 * 86_400_000_000;

/** What was known of a tag when the time began. */
export async function lastBefore(
  past: Pick<Past, "samples">,
  tag: number,
  beforeUs: number,
): Promise<
  { readonly value: number; readonly status: number; readonly measuredUs: number } | undefined
> {
  let toUs = beforeUs;
  for (let widthUs = pieceUs; toUs > beforeUs - lookBackUs; widthUs *= 2) {
    const found = await past.samples(tag, toUs - widthUs, toUs - 1);
    let last = -1;
    for (let row = 0; row < found.count; row++) {
      if (last < 0 || (found.measuredUs[row] ?? 0) >= (found.measuredUs[last] ?? 0)) last = row;
    }
    if (last >= 0) {
      return {
        value: found.value[last] ?? NaN,
        status: found.status[last] ?? 0,
        measuredUs: found.measuredUs[last] ?? 0,
      };
    }
    toUs -= widthUs;
  }
  return undefined;
}
