import type { Epoch, JournalBirth, RoadLane } from "@millwright/wire-contract";

import type { Loss } from "../hand-over.ts";
import type { BrokenFrames } from "./broken-frames.ts";
import type { ClaimTable } from "./claim-table.ts";
import type { CriticalLane } from "./critical-lane.ts";
import type { JournalEvents } from "./events/journal-events.ts";
import type { FactTable } from "./fact-table.ts";
import type { HeldFrames } from "./held-frames.ts";
import type { Medium } from "./medium.ts";
import type { PutAside } from "./pages/put-aside.ts";
import type { RawTier } from "./raw-tier.ts";
import type { RunNote } from "./run-note.ts";
import type { Run } from "./run.ts";
import type { Sealer } from "./sealing.ts";
import { inMemoryUs, lossesWhileDown, type StartTable } from "./start-table.ts";
import type { TagTable } from "./tag-table.ts";
import type { TellingLane } from "./telling-lane.ts";
import type { Tiers } from "./tiers/tiers.ts";
import { toldLane } from "./told-lane.ts";
import type { Transactions } from "./transactions.ts";

/**
 * How an epoch begins: at every start, after a crash as after a clean stop (no-loss protocol 2 and 4.5), and where the
 * running one has to be left because another journal goes on in it.
 */
export class Epochs {
  readonly #parts;
  #birth: JournalBirth;

  constructor(parts: {
    readonly medium: Medium;
    readonly transactions: Transactions;
    readonly held: HeldFrames;
    readonly raw: RawTier;
    readonly tags: TagTable;
    readonly claims: ClaimTable;
    readonly sealer: Sealer;
    readonly facts: FactTable;
    readonly starts: StartTable;
    readonly critical: CriticalLane;
    readonly telling: TellingLane;
    readonly tiers: Tiers;
    readonly events: JournalEvents;
    readonly broken: BrokenFrames;
    readonly runNote: RunNote;
    readonly run: Run;
  }) {
    this.#parts = parts;
    this.#birth = { epoch: parts.sealer.epoch, startedUs: parts.run.nowUs };
  }

  /** What the journal is known by: its first start. */
  get birth(): JournalBirth {
    return this.#birth;
  }

  /**
   * The first thing of a run. What could not be kept since the last commit of the one before is claimed.
   *
   * @param aside the file that was here before; the first run after it claims what was lost with it
   */
  begin(aside?: PutAside): void {
    const { medium, transactions, held, raw, tags, claims, sealer, facts, starts } = this.#parts;
    const { critical, telling, tiers, events, broken, runNote, run } = this.#parts;
    const { nowUs } = run;
    const last = starts.newest(1)[0];
    const rank = last === undefined ? 1 : last.rank + 1;
    const closedUs = facts.number("last commit") ?? 0;
    const lastCommitUs = last === undefined ? 0 : starts.lastCommitUs(closedUs, nowUs);
    const parent = last === undefined ? {} : { parent: last.record.epoch };
    const record = { epoch: sealer.epoch, ...parent, lastCommitUs, startedUs: nowUs };
    transactions.write(
      "begin an epoch",
      () => {
        if (last !== undefined) {
          held.checkLast(last.rank, (found) => {
            broken.tell(found);
          });
          const devices = tags.devices();
          const firstUs = raw.lastFrameFirstUs;
          const keptUs = starts.samplesKeptUs(closedUs, nowUs, facts.number("kept to"));
          for (const loss of lossesWhileDown(devices, firstUs, keptUs, nowUs)) {
            claims.add(loss, run.nowMs);
          }
        }
        tiers.giveUp(medium.isolated);
        events.giveUp(medium.isolated.events);
        if (aside !== undefined && last === undefined)
          claims.add(journalLost(aside, nowUs), run.nowMs);
        starts.add({ rank, record });
        runNote.begin();
        held.open({ rank, record });
        critical.tellStart({ rank, nowUs }, record);
        telling.catchUp({ rank, nowUs });
      },
      { rank },
    );
    run.rank = rank;
    const first = starts.first();
    if (first !== undefined) this.#birth = { epoch: first.epoch, startedUs: first.startedUs };
  }

  /**
   * Another journal has gone on in this epoch: this one is a copy, or has one. What it holds of the lane above the last
   * proven number is sealed again with the coming work on the tiers (no-loss protocol 6).
   *
   * @param fresh the epoch to go on in, when it is the running one that has to be left
   */
  leave(epoch: Epoch, lane: RoadLane, fresh: Epoch): void {
    const { transactions, held, run } = this.#parts;
    const state = held.book.find(epoch, lane);
    if (state === undefined) return;
    if (state.rank === run.rank) this.#goOnIn(fresh);
    transactions.write("leave a lane", () => {
      held.leave(state);
    });
  }

  /** As with a start, but nothing was lost: what was gathered is sealed where it belongs, and a new epoch follows. */
  #goOnIn(fresh: Epoch): void {
    const { transactions, held, tags, sealer, starts, critical, telling, run } = this.#parts;
    const { epoch, heads } = sealer;
    transactions.write("end an epoch", () => {
      telling.adopt(run.moment, toldLane(this.#parts), tags.current, run.nowMs);
    });
    telling.kept();
    const rank = run.rank + 1;
    sealer.begin(fresh);
    const { nowUs } = run;
    const lastCommitUs = held.provenUs(run.rank, nowUs) - inMemoryUs;
    const record = { epoch: fresh, parent: epoch, lastCommitUs, startedUs: nowUs };
    try {
      transactions.write(
        "begin another epoch",
        () => {
          starts.add({ rank, record });
          held.open({ rank, record });
          critical.tellStart({ rank, nowUs }, record);
          critical.tellDictionaries({ rank, nowUs });
        },
        { rank },
      );
    } catch (failure) {
      sealer.begin(epoch);
      sealer.heads = heads;
      throw failure;
    }
    run.rank = rank;
    this.#parts.runNote.goOn();
  }
}

function journalLost({ lostFromUs }: PutAside, nowUs: number): Loss {
  return {
    reason: "journal lost",
    scope: { kind: "gateway" },
    fromUs: lostFromUs,
    toUs: nowUs,
    count: { kind: "unknown" },
  };
}
