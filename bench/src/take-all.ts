import type { JournalCore } from "@millwright/edge-runtime/journal";

/** As if the hub had all of it, safely. */
export async function takeAll(journal: JournalCore): Promise<void> {
  for (const { epoch, lane, headSeq, headChain } of await journal.outbox.lanes()) {
    if (headSeq === 0) continue;
    const chain = headChain.toString(16).padStart(16, "0");
    await journal.outbox.take({ epoch, lane, storedSeq: headSeq, chain, safeSeq: headSeq });
  }
}
