import assert from "node:assert/strict";

import {
  frameBytes,
  parseFrame,
  type GatewayId,
  type SealedFrame,
} from "@millwright/wire-contract";

import type { CaptureRow } from "./captures/capture-table.ts";
import type { FrameTable, HeldItem } from "./frame-table.ts";
import { seqOf, type LaneState, type Place } from "./lane-book.ts";
import { sealVoid } from "./sealing.ts";
import type { ToldPlace } from "./told-table.ts";

/**
 * Voids: what stands in a lane for frames that are gone, so that its numbers have no gap (no-loss protocol 4.4). What was
 * in them is for others to claim. All inside a transaction.
 */
export class Voids {
  readonly #gateway: GatewayId;
  readonly #frames: FrameTable;

  constructor(gateway: GatewayId, frames: FrameTable) {
    this.#gateway = gateway;
    this.#frames = frames;
  }

  /** The end of what was released, or of a frame or void that is held; undefined inside a void. */
  placeAt(state: LaneState, seq: number): Place | undefined {
    if (seq === state.base.seq) return state.base;
    return this.#frames.placeAt(state.rank, state.lane, seq);
  }

  /** For all between a place where the hub stands and what was released. */
  ofReleased(state: LaneState, before: Place, nowUs: number): void {
    const { rank, lane, base, startedUs } = state;
    const range = { firstUs: startedUs, lastUs: nowUs, sealedUs: nowUs };
    const sealed = sealVoid(this.#where(state), before, base, range);
    this.#frames.removeRange(rank, lane, before.seq, base.seq);
    this.#frames.putVoid(rank, lane, before.seq + 1, sealed);
  }

  /** For one frame that cannot be read. @returns the void */
  ofBroken(state: LaneState, item: HeldItem): Uint8Array {
    const before = this.placeAt(state, item.fromSeq - 1) ?? {
      seq: item.fromSeq - 1,
      chain: 0n,
      cum: item.cum - item.samples,
    };
    const at = { seq: seqOf(item.id), chain: item.chain, cum: item.cum };
    const sealed = sealVoid(this.#where(state), before, at, item);
    this.#frames.remove(state.lane, item.id, item.kind);
    this.#frames.putVoid(state.rank, state.lane, item.fromSeq, sealed);
    return frameBytes(sealed);
  }

  /** For told frames that follow each other; voids between and right before them become one with it. */
  ofTold(state: LaneState, gone: readonly ToldPlace[], nowUs: number): void {
    const { rank, lane, stored } = state;
    const toSeq = seqOf(gone.at(-1)?.id ?? 0);
    let afterSeq = seqOf(gone[0]?.id ?? 0) - 1;
    for (;;) {
      const gap = this.#frames.voidEndingAt(rank, lane, afterSeq);
      if (gap === undefined || gap.fromSeq <= stored.seq) break;
      afterSeq = gap.fromSeq - 1;
    }
    const before = this.placeAt(state, afterSeq);
    const at = this.placeAt(state, toSeq);
    assert(before !== undefined && at !== undefined, "told frames lie between two places");
    const voids = this.#frames.voidsBetween(rank, lane, afterSeq, toSeq);
    const heads = voids.flatMap(({ whole }) => {
      const parsed = parseFrame(whole);
      return parsed.kind === "frame" ? [parsed.head] : [];
    });
    const ranges = [...gone, ...heads];
    const range = {
      firstUs: Math.min(...ranges.map(({ firstUs }) => firstUs)),
      lastUs: Math.max(...ranges.map(({ lastUs }) => lastUs)),
      sealedUs: Math.min(nowUs, ...ranges.map(({ sealedUs }) => sealedUs)),
    };
    const sealed = sealVoid(this.#where(state), before, at, range);
    this.#frames.removeRange(rank, lane, afterSeq, toSeq);
    for (const { id } of voids) this.#frames.remove(lane, id, "void");
    this.#frames.putVoid(rank, lane, afterSeq + 1, sealed);
  }

  /**
   * For what of a capture lies above `fromSeq - 1` and above what is stored; voids right before it become one with it.
   *
   * @param fromSeq its first frame that is not to be sent any more
   * @returns the void
   */
  ofCapture(state: LaneState, fromSeq: number, capture: CaptureRow, nowUs: number): SealedFrame {
    const { rank } = state;
    const toSeq = seqOf(capture.id);
    let afterSeq = Math.max(fromSeq - 1, state.stored.seq);
    let before = this.placeAt(state, afterSeq);
    for (;;) {
      const gap = this.#frames.voidEndingAt(rank, "capture", afterSeq);
      if (gap === undefined || afterSeq <= state.stored.seq) break;
      afterSeq = gap.fromSeq - 1;
      before = this.placeAt(state, afterSeq);
      this.#frames.remove("capture", gap.id, "void");
    }
    const at = this.placeAt(state, toSeq);
    assert(
      before !== undefined && at !== undefined,
      "a capture lies between two frames of its lane",
    );
    const range = { firstUs: capture.start_us, lastUs: capture.start_us, sealedUs: nowUs };
    const sealed = sealVoid(this.#where(state), before, at, range);
    this.#frames.removeRange(rank, "capture", afterSeq, toSeq);
    this.#frames.putVoid(rank, "capture", afterSeq + 1, sealed);
    return sealed;
  }

  #where(state: LaneState): Parameters<typeof sealVoid>[0] {
    return { gateway: this.#gateway, epoch: state.epoch, lane: state.lane };
  }
}
