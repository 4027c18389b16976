import type { Loss } from "../hand-over.ts";
import type { ClaimTable } from "./claim-table.ts";
import type { ClockTable } from "./clock-table.ts";
import type { Completeness } from "./completeness.ts";
import type { CriticalLane } from "./critical-lane.ts";
import type { FactTable } from "./fact-table.ts";
import { isFull } from "./faults.ts";
import type { FillMeter } from "./fill-meter.ts";
import type { Group } from "./group.ts";
import type { HeldFrames } from "./held-frames.ts";
import { heldLanes, type ToldLane } from "./lane-book.ts";
import type { LettingGo } from "./letting-go.ts";
import type { Medium } from "./medium.ts";
import type { RunNote } from "./run-note.ts";
import type { Run } from "./run.ts";
import type { KeptPart, SampleLane } from "./sample-lane.ts";
import type { Sealer } from "./sealing.ts";
import type { TellingLane } from "./telling-lane.ts";
import { toldLane } from "./told-lane.ts";
import type { Transactions } from "./transactions.ts";

/** What became of a group. */
export interface Committed {
  /** `full`: nothing was changed, and the same group may be tried again when there is room. */
  readonly kind: "done" | "full";
  readonly samples: number;
  /** Too large for any frame, and told in the ledger. */
  readonly rejected: number;
  /** Something was sealed for the road. */
  readonly sealed: boolean;
}

/**
 * The group commit: samples become frames, and in the same transaction what of them is told, where their sources go on,
 * the losses beside them, and what may be let go.
 */
export class GroupCommit {
  readonly #parts;
  /** All claims are sealed with the next commit that has a link, also those that still grow. */
  #claimsDue = false;
  /** The last group had waited for room, and what came after it may be in memory since. */
  #hasWaited: boolean;

  constructor(parts: {
    readonly medium: Medium;
    readonly transactions: Transactions;
    readonly held: HeldFrames;
    readonly claims: ClaimTable;
    readonly clocks: ClockTable;
    readonly sealer: Sealer;
    readonly facts: FactTable;
    readonly critical: CriticalLane;
    readonly samples: SampleLane;
    readonly telling: TellingLane;
    readonly lettingGo: LettingGo;
    readonly fillMeter: FillMeter;
    readonly completeness: Completeness;
    readonly runNote: RunNote;
    readonly run: Run;
  }) {
    this.#parts = parts;
    this.#hasWaited = parts.facts.number("kept to") !== undefined;
  }

  /** With the next commit all that is kept is told, and what it leaves out is claimed. */
  tellAll(): void {
    this.#parts.telling.noteNext();
    this.#claimsDue = true;
  }

  /** A group that finds no room changes nothing but the open claims: it is to be handed in again without its losses. */
  commit(group: Group): Committed {
    const { medium, transactions, claims, sealer, telling, run } = this.#parts;
    const { lettingGo, fillMeter, completeness } = this.#parts;
    const { nowUs, nowMs, linkUp } = group;
    run.at(nowUs, nowMs);
    if (linkUp && !run.linkUp) telling.snapshot(nowMs);
    telling.watch(group.watched);
    run.linkUp = linkUp;
    const before = sealer.heads;
    const lane = toldLane(this.#parts);
    telling.record(group.recorded, nowMs, lane);
    const usedBefore = medium.usedBytes;
    for (const loss of group.losses) claims.add(loss, nowMs);
    this.#makeRoom();
    const allClaims = this.#claimsDue && linkUp;
    const tooLarge: Loss[] = [];
    let samples: number;
    try {
      samples = transactions.write("commit", () => this.#keep(group, lane, tooLarge), {
        allClaims,
      });
    } catch (failure) {
      if (!isFull(failure)) throw failure;
      lettingGo.foundNoRoom();
      telling.takenBack();
      return { kind: "full", samples: 0, rejected: 0, sealed: false };
    }
    telling.kept();
    this.#hasWaited = group.takenUs !== undefined;
    if (allClaims) this.#claimsDue = false;
    fillMeter.add(medium.usedBytes - usedBefore, samples);
    // Written with the next commit, which is never far: the samples were accepted and cannot be handed back.
    for (const loss of tooLarge) claims.add(loss, nowMs);
    lettingGo.foundRoom();
    completeness.say(group.takenUs ?? nowUs);
    const sealed = heldLanes.some((held) => sealer.heads[held] !== before[held]);
    return { kind: "done", samples, rejected: tooLarge.length, sealed };
  }

  /** Inside a transaction. @returns samples kept */
  #keep(group: Group, lane: ToldLane, tooLarge: Loss[]): number {
    const { clocks, critical, samples, telling, facts, lettingGo, run } = this.#parts;
    const { runNote } = this.#parts;
    const { nowUs, nowMs, last } = group;
    const at = run.moment;
    const kept = (part: KeptPart): void => {
      telling.tell(at, nowMs, lane, part);
    };
    for (const record of group.clocks) {
      clocks.put(record);
      critical.tellClock(at, record);
    }
    let count = 0;
    for (const chunk of group.chunks) {
      count += samples.keep(at, chunk, kept, (loss) => tooLarge.push(loss));
    }
    telling.seal(at, nowMs, lane, last);
    for (const [device, point] of group.resume) facts.setResume(device, point);
    if (group.takenUs !== undefined) facts.set("kept to", group.takenUs);
    else if (this.#hasWaited) facts.forget("kept to");
    if (last) {
      facts.set("last commit", nowUs);
      runNote.end();
    }
    lettingGo.withCommit(last);
    return count;
  }

  /** In a transaction of its own: one that needs the room would be taken back together with what made it. */
  #makeRoom(): void {
    const { transactions, lettingGo } = this.#parts;
    if (!lettingGo.full) return;
    try {
      transactions.write("make room", () => {
        lettingGo.some();
      });
    } catch (failure) {
      // Letting go is written into the log first, and a disk may have no room for that either.
      if (!isFull(failure)) throw failure;
    }
  }
}
