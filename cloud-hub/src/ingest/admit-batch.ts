/** What the messages of a batch hold, before anything of it is stored. */
import type { BatchScratch, Dictionary, GatewayId } from "@millwright/wire-contract";

import { admit, type AdmittedFrame, type AdmittedVoid, type Verdict } from "./admission.ts";
import type { DictionaryShelf } from "./dictionary-shelf.ts";
import type { Intake, Rejected } from "./frame-store.ts";
import type { InboxMessage } from "./inbox.ts";

/** @param scratch samples are decoded into this */
export async function admitBatch(
  messages: readonly InboxMessage[],
  dictionaries: DictionaryShelf,
  scratch: BatchScratch,
): Promise<Omit<Intake, "receivedUs">> {
  const frames: AdmittedFrame[] = [];
  const voids: AdmittedVoid[] = [];
  const rejected: Rejected[] = [];
  const judged = await judgeAll(messages, dictionaries, scratch);
  for (const [{ gateway, lane, bytes }, verdict] of judged) {
    if (verdict.kind === "void") voids.push(verdict.gap);
    else if (verdict.kind === "frame") frames.push(verdict.frame);
    else rejected.push({ gateway, lane, reason: verdict.reason, bytes });
  }
  return { frames, voids, rejected };
}

/** Each message is read once, and once more where its dictionary was not at hand and the store has it. */
async function judgeAll(
  messages: readonly InboxMessage[],
  dictionaries: DictionaryShelf,
  scratch: BatchScratch,
): Promise<readonly (readonly [InboxMessage, Verdict])[]> {
  // Dictionaries come first in their lane, and may come in the same batch as the samples that need them.
  const known = new Map<string, Dictionary>();
  const missing: { gateway: GatewayId; hash: bigint }[] = [];
  const dictionaryOf = (gateway: GatewayId, hash: bigint): Dictionary | undefined => {
    const found = known.get(`${gateway}/${hash}`) ?? dictionaries.get(gateway, hash);
    if (found === undefined) missing.push({ gateway, hash });
    return found;
  };
  const judge = ({ bytes, gateway, lane }: InboxMessage): Verdict => {
    const verdict = admit(bytes, gateway, lane, dictionaryOf, scratch);
    const dictionary = verdict.kind === "frame" ? verdict.frame.dictionary : undefined;
    if (dictionary !== undefined) known.set(`${gateway}/${dictionary.hash}`, dictionary);
    return verdict;
  };
  const judged = messages.toSorted(criticalFirst).map((message) => {
    const missingBefore = missing.length;
    const verdict = judge(message);
    return { message, verdict, waits: missing.length > missingBefore };
  });
  if (missing.length > 0) await dictionaries.fetch(missing);
  return judged.map(
    ({ message, verdict, waits }) => [message, waits ? judge(message) : verdict] as const,
  );
}

function criticalFirst(a: InboxMessage, b: InboxMessage): number {
  return Number(b.lane === "critical") - Number(a.lane === "critical");
}
