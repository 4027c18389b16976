import type { LossReason } from "@millwright/wire-contract";

import type { DriverContext } from "../driver.ts";
import { fillHoles } from "./history.ts";
import type { Intake } from "./intake.ts";
import type { ItemLags } from "./item-lags.ts";
import type { ItemPlan } from "./items.ts";
import type { Library, opcua } from "./library.ts";
import type { OpenHole } from "./open-hole.ts";
import type { ServerFacts } from "./server-facts.ts";
import type { Session } from "./session.ts";
import { toUs } from "./values.ts";

/**
 * Conversations that ask for the history of one hole. A server that does not answer ends the conversation each time, and
 * without a bound nothing else would ever be heard of it.
 */
const attemptsMax = 5;
/** By device and hole. An open hole is the exception; more than this are not open at once. */
const attempts = new Map<string, number>();
const attemptsKept = 1_000;

export interface Filling {
  readonly library: Library;
  readonly session: Session;
  readonly facts: ServerFacts;
  readonly context: DriverContext;
  readonly items: readonly ItemPlan[];
  readonly nodeIds: readonly (opcua.NodeId | undefined)[];
  readonly lags: ItemLags;
  readonly intake: Intake;
  /** Opens structures. */
  readonly decode: (values: readonly opcua.DataValue[]) => Promise<void>;
  /** By the server's clock. */
  readonly nowUs: () => number;
  /** @param point -1 for the whole device */
  readonly lose: (point: number, reason: LossReason, fromUs: number, toUs: number) => void;
}

/**
 * Reads a hole from the server's history and puts into the ledger what it does not have. After each wait it is asked
 * whether the conversation lasts: what comes later belongs to the next one, which has the hole then.
 */
export async function fillHole(hole: OpenHole, work: Filling, signal: AbortSignal): Promise<void> {
  const { library, session, facts, context, nodeIds, lags, intake } = work;
  const { clock } = context;
  const { holes, unreadable } = hole.plan(lags, nodeIds, work.nowUs());
  const name = `${context.device} ${hole.sinceUs}`;
  const wanted = isWorthAsking(name) ? holes : [];
  const take = async (item: number, values: readonly opcua.DataValue[]): Promise<void> => {
    await work.decode(values);
    // A slow reader slows the reading of history; what is in the server's history stays there.
    while (intake.waiting > context.queueMax / 2) await clock.sleep(20, signal);
    signal.throwIfAborted();
    const last = values.at(-1);
    if (last === undefined) return;
    const part = hole.takePart(item, toUs(last.sourceTimestamp, last.sourcePicoseconds));
    const changes = values.map((value) => ({ item, value }));
    intake.takeHistory(changes, clock.nowUs(), part);
  };
  const rest = (ms: number): Promise<void> => clock.sleep(ms, signal);
  const unread = await fillHoles(library, session, wanted, facts.limits.history, take, rest);
  signal.throwIfAborted();
  const unasked = [...unreadable, ...(wanted === holes ? [] : holes.map(({ item }) => item))];
  const unfilled = [...unread, ...unasked.map((item) => ({ item, fromUs: NaN }))];
  charge(hole, holes.length + unreadable.length, unfilled, work);
  hole.fill();
  attempts.delete(name);
  context.log.info("acquire.opcua-history-read", {
    items: holes.length,
    failed: unfilled.length,
  });
}

/** Counts the attempt. */
function isWorthAsking(name: string): boolean {
  const before = attempts.get(name) ?? 0;
  attempts.set(name, before + 1);
  const oldest = attempts.keys().next().value;
  if (attempts.size > attemptsKept && oldest !== undefined) attempts.delete(oldest);
  return before < attemptsMax;
}

function charge(
  hole: OpenHole,
  count: number,
  unfilled: readonly { readonly item: number; readonly fromUs: number }[],
  { items, lose }: Filling,
): void {
  const { sinceUs, untilUs } = hole;
  const isWhole = ({ item, fromUs }: { item: number; fromUs: number }): boolean =>
    Number.isNaN(fromUs) && Number.isNaN(hole.readUs(item));
  if (count > 0 && unfilled.length === count && unfilled.every(isWhole)) {
    // The server has no history of any of it: one entry for the device says the same as one for each value.
    lose(-1, "link lost", sinceUs, untilUs);
    return;
  }
  for (const { item, fromUs } of unfilled) {
    // What was read is no loss: the entry begins where the reading ended, as far as the device's clock goes with ours.
    const readUs = Number.isNaN(fromUs) ? hole.readUs(item) : fromUs;
    const lostUs = Number.isNaN(readUs) ? sinceUs : Math.min(Math.max(sinceUs, readUs), untilUs);
    for (const point of items[item]?.points ?? []) lose(point, "link lost", lostUs, untilUs);
  }
}
