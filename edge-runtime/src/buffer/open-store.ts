import path from "node:path";

import { messageChain } from "@millwright/kit";

import { isCorrupt, isFull, JournalDamaged } from "./faults.ts";
import { claimed, putAside, unclaimedAside } from "./pages/put-aside.ts";
import { releaseReserve } from "./reserve.ts";
import type { StoreOptions } from "./store-parts.ts";
import { Store } from "./store.ts";

/** Opens the journal; a file that cannot be put right is put aside, and the journal begins anew. */
export function openStore(options: StoreOptions): Store {
  for (;;) {
    try {
      return openWhole(options);
    } catch (failure) {
      // With the room that is kept for this it begins, and counts what it cannot keep. Some halvings, and there is none.
      if (!isFull(failure) || !releaseReserve(options.folder)) throw failure;
    }
  }
}

/** A file that cannot be used is put aside, and the journal goes on with another. */
function openWhole(options: StoreOptions): Store {
  try {
    return openAfter(options, "it was put aside by a start that ended before it could say why");
  } catch (failure) {
    if (!(failure instanceof JournalDamaged) && !isCorrupt(failure)) throw failure;
    putAside(options.folder, path.join(options.folder, "journal.db"), options.nowUs);
    return openAfter(options, messageChain(failure));
  }
}

/** @param why a file that was put aside, of which no journal has claimed the loss, was put there */
function openAfter(options: StoreOptions, why: string): Store {
  const aside = unclaimedAside(options.folder, options.nowUs, why);
  const store = new Store(options, aside);
  if (aside !== undefined) claimed(aside);
  return store;
}
