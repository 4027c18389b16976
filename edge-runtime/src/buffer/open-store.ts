import path from "node:path";

import { messageChain } from "@millwright/kit";

import { isCorrupt, isFull, JournalDamaged } from "./faults.ts";
import { moveAside } from "./pages/inspect-file.ts";
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
    return new Store(options);
  } catch (failure) {
    if (!(failure instanceof JournalDamaged) && !isCorrupt(failure)) throw failure;
    const aside = moveAside(options.folder, path.join(options.folder, "journal.db"), options.nowUs);
    return new Store(options, { ...aside, why: messageChain(failure) });
  }
}
