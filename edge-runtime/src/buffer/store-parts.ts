import path from "node:path";

import type { Epoch, GatewayId } from "@millwright/wire-contract";

import type { Loss } from "../hand-over.ts";
import { AggregateLane } from "./aggregate-lane.ts";
import { BrokenFrames } from "./broken-frames.ts";
import { CaptureFiles, captureFolderOf } from "./captures/capture-files.ts";
import { CaptureTable, captureRows } from "./captures/capture-table.ts";
import { Captures, captureLimits, type CaptureLimits } from "./captures/captures.ts";
import { ClaimTable } from "./claim-table.ts";
import { ClockTable } from "./clock-table.ts";
import { Completeness } from "./completeness.ts";
import { CriticalLane } from "./critical-lane.ts";
import { Epochs } from "./epochs.ts";
import { EventTable } from "./events/event-table.ts";
import { JournalEvents } from "./events/journal-events.ts";
import { FactTable } from "./fact-table.ts";
import { FillMeter } from "./fill-meter.ts";
import { Follow } from "./follow.ts";
import { FrameTable } from "./frame-table.ts";
import { GroupCommit } from "./group-commit.ts";
import { HeldFrames } from "./held-frames.ts";
import { journalName } from "./journal-copy.ts";
import { LettingGo } from "./letting-go.ts";
import type { Medium } from "./medium.ts";
import { AnswerLane } from "./orders/answer-lane.ts";
import { OrderTable } from "./orders/order-table.ts";
import { OtherHub } from "./other-hub.ts";
import { RawTier } from "./raw-tier.ts";
import { RunNote } from "./run-note.ts";
import type { Run } from "./run.ts";
import { SampleLane } from "./sample-lane.ts";
import { SealAgain } from "./seal-again.ts";
import { Sealer } from "./sealing.ts";
import { StartTable } from "./start-table.ts";
import { TagTable } from "./tag-table.ts";
import { TellingLane } from "./telling-lane.ts";
import { Tiers } from "./tiers/tiers.ts";
import { ToldTable } from "./told-table.ts";
import { Transactions } from "./transactions.ts";

/** Builds the parts of a store upon its file and joins them; no other file knows all of them. */

export interface StoreOptions {
  readonly folder: string;
  readonly gateway: GatewayId;
  /** 128 random bits, new at every start. */
  readonly epoch: Epoch;
  readonly keepRawHours: number;
  readonly bytesMax: number;
  readonly tellEveryMs: number;
  readonly captures?: CaptureLimits;
  /** Which start of its machine this is; undefined where the system does not say it. */
  readonly boot: string | undefined;
  readonly nowUs: number;
  readonly nowMs: number;
}

/** What the store answers questions with. */
export interface StoreParts {
  readonly transactions: Transactions;
  readonly groups: GroupCommit;
  readonly epochs: Epochs;
  readonly runNote: RunNote;
  readonly hub: OtherHub;
  readonly held: HeldFrames;
  readonly tags: TagTable;
  readonly claims: ClaimTable;
  readonly clocks: ClockTable;
  readonly sealer: Sealer;
  readonly facts: FactTable;
  readonly critical: CriticalLane;
  readonly telling: TellingLane;
  readonly again: SealAgain;
  readonly tiers: Tiers;
  readonly captures: Captures;
  readonly events: JournalEvents;
  readonly orders: OrderTable;
  readonly answers: AnswerLane;
  readonly follow: Follow;
  readonly lettingGo: LettingGo;
  readonly fillMeter: FillMeter;
  readonly broken: BrokenFrames;
}

const hourUs = 3_600_000_000;

/** Those that refer to each other have their types written: they meet in functions that are called later. */
export function buildParts(options: StoreOptions, medium: Medium, run: Run): StoreParts {
  const { db } = medium;
  const keepRawUs = options.keepRawHours * hourUs;

  const captureFiles = new CaptureFiles(captureFolderOf(options.folder));
  const captureTable = new CaptureTable(db);
  const toldFrames = new ToldTable(db);
  const frames = new FrameTable(db, toldFrames, captureRows(db, captureFiles));
  const held = new HeldFrames(db, options.gateway, frames, toldFrames, captureTable);
  const raw = new RawTier(db);
  const tags = new TagTable(db);
  const claims = new ClaimTable(db);
  const clocks = new ClockTable(db);
  const sealer = new Sealer(options.gateway, options.epoch, clocks);
  const facts = new FactTable(db);
  const starts = new StartTable(db);
  const orders = new OrderTable(db);
  const follow = new Follow({ db, facts, dictionaryOf: tags.byHash.bind(tags) });

  const claim = (loss: Loss): void => {
    claims.add(loss, run.nowMs);
  };
  const seals = { sealer, tags };
  const critical = new CriticalLane({ ...seals, frames, starts, clocks, claims });
  const samples = new SampleLane({ ...seals, raw });
  const answers = new AnswerLane({ ...seals, toldFrames, critical });
  const { tellEveryMs } = options;
  const telling = new TellingLane({ ...seals, toldFrames, raw, facts, tellEveryMs, claim });
  const aggregates = new AggregateLane({ ...seals, toldFrames, critical, clocks });
  const captures = new Captures({
    sealer,
    held,
    table: captureTable,
    files: captureFiles,
    limits: options.captures ?? captureLimits,
    claim,
  });
  captures.tidy();
  const events: JournalEvents = new JournalEvents({
    table: new EventTable(db),
    held,
    frames,
    critical,
    bytesMax: medium.room.eventBytesMax,
    journalUs: () => epochs.birth.startedUs,
    claim,
  });
  const broken = new BrokenFrames({ medium, claims, captures, critical, events, run });
  const again = new SealAgain({
    ...seals,
    db,
    frames,
    toldFrames,
    held,
    claims,
    critical,
    captures,
    events,
    broken: (found) => {
      broken.tell(found);
    },
  });
  const lettingGo: LettingGo = new LettingGo({
    medium,
    held,
    raw,
    tags,
    claims,
    facts,
    follow,
    events,
    run,
    keepRawUs,
    leastChunked: () => tiers.leastFrame,
  });
  const tiers: Tiers = new Tiers({
    db,
    facts,
    tags,
    claims,
    raw,
    keepRawUs,
    room: () => lettingGo.room,
    giveUp: () => lettingGo.giveUp(),
    shed: (rawBelow, retiredTo) => lettingGo.shed(rawBelow, retiredTo),
    neededFrom: () => lettingGo.frameNeededFrom,
    followedFrom: () => follow.heldFrom,
    dropped: (leastId) => {
      lettingGo.forgetBelow(leastId);
    },
    claim,
    rolled: (hour, frontier) => {
      aggregates.tell(run.moment, hour, frontier);
    },
  });

  const writes = { medium, sealer, held, raw, claims, critical, captures, events, run };
  const transactions = new Transactions(writes);
  const fillMeter = new FillMeter({ medium, held, tiers, lettingGo, run });
  const completeness = new Completeness({ sealer, raw, claims, telling, again, run });
  const joined = { transactions, held, claims, facts, starts, critical, events, broken, run };
  const runNote = new RunNote(facts, options.boot, path.join(options.folder, journalName));
  const parts = { ...joined, medium, raw, tags, sealer, telling, tiers, runNote };
  const epochs: Epochs = new Epochs(parts);
  const hub = new OtherHub(joined);
  const groups = new GroupCommit({
    medium,
    transactions,
    held,
    claims,
    clocks,
    sealer,
    facts,
    critical,
    samples,
    telling,
    lettingGo,
    fillMeter,
    completeness,
    runNote,
    run,
  });
  return {
    transactions,
    groups,
    epochs,
    runNote,
    hub,
    held,
    tags,
    claims,
    clocks,
    sealer,
    facts,
    critical,
    telling,
    again,
    tiers,
    captures,
    events,
    orders,
    answers,
    follow,
    lettingGo,
    fillMeter,
    broken,
  };
}
