/**
 * Marks that came back on a stick, taken like any other: the chain has to be the journal's own, and the incarnation the
 * agreed one. Where the hub's database has become another one since, the file is what the answer to a hello would have
 * been, and is taken as such, but only while the gateway stands where it stood when it made the export: an older file
 * that turns up later must not undo what was agreed after it.
 */
import { fingerprintOf, isRefusal, readMarks, refuse, type MarksFile } from "@millwright/carrier";
import type { Log, Refused } from "@millwright/kit";
import type { GatewayId, LaneMark } from "@millwright/wire-contract";

import type { Outbox, OutboxLane } from "../../hand-over.ts";
import type { HubPin } from "./hub-pin.ts";

export interface TakeMarksOptions {
  readonly gateway: GatewayId;
  readonly outbox: Pick<
    Outbox,
    "lanes" | "take" | "leave" | "rewind" | "incarnation" | "agree" | "waiting"
  >;
  readonly pin: HubPin;
  readonly log: Log;
}

export interface TakenMarks {
  /** When the hub made them, µs by its clock. */
  readonly madeUs: number;
  /** Frames that waited for the hub before, and still do. */
  readonly waitedFrames: number;
  readonly waitingFrames: number;
  /** Lanes that go back, because the hub has less than it once had; they go with the next export, or a void for them. */
  readonly wentBack: number;
  /** Lanes of which the hub has another journal's frames. What this one holds of them is sealed again. */
  readonly foreign: number;
}

/** @param accept the hub's fingerprint, when a person typed it */
export async function takeMarks(
  bytes: Uint8Array,
  accept: string | undefined,
  options: TakeMarksOptions,
): Promise<TakenMarks | Refused> {
  const { gateway, outbox, pin, log } = options;
  const file = readMarks(bytes);
  if (isRefusal(file)) return file;
  if (file.gateway !== gateway)
    return refuse(`the marks are for gateway ${file.gateway}, and this is ${gateway}`);
  const notPinned = pin.judge(file.publicKey, accept);
  if (notPinned !== undefined) return notPinned;
  const agreed = outbox.incarnation();
  const isAnswer = file.incarnation !== agreed;
  if (isAnswer && file.after !== agreed)
    return refuse(
      "the marks were overtaken: this gateway has agreed with the hub on something newer since. Nothing is lost; export again and bring the new marks",
    );
  const waitedFrames = outbox.waiting().frames;
  if (isAnswer) await outbox.agree(file.incarnation);
  const { wentBack, foreign } = await meet(file, isAnswer, outbox);
  const taken = {
    madeUs: file.madeUs,
    waitedFrames,
    waitingFrames: outbox.waiting().frames,
    wentBack,
    foreign,
  };
  log.info("sync.marks-carried", { key: fingerprintOf(file.publicKey), ...taken });
  return taken;
}

/** Each lane beside its mark (no-loss protocol 8.3). One that an answer does not name is new to the hub. */
async function meet(
  file: MarksFile,
  isAnswer: boolean,
  outbox: TakeMarksOptions["outbox"],
): Promise<{ wentBack: number; foreign: number }> {
  let wentBack = 0;
  let foreign = 0;
  for (const lane of await outbox.lanes()) {
    const mark = file.marks.find((one) => one.epoch === lane.epoch && one.lane === lane.lane);
    if (isAnswer && (mark?.storedSeq ?? 0) < lane.baseSeq) {
      if (await outbox.rewind(mark ?? nothingOf(lane))) wentBack++;
    } else if (mark !== undefined && (await outbox.take(mark)) === "foreign") {
      foreign++;
      await outbox.leave(mark);
    }
  }
  return { wentBack, foreign };
}

function nothingOf({ epoch, lane }: OutboxLane): LaneMark {
  return { epoch, lane, storedSeq: 0, safeSeq: 0, chain: "0".repeat(16) };
}
