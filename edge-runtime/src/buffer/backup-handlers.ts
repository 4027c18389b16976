import { isAbsolute } from "node:path";

import { messageChain } from "@millwright/kit";
import type { DoorHandlers } from "@millwright/local-door";

import type { Journal } from "./journal.ts";

/** What the runtime answers to the command `backup`: only it may read the file while it runs. */
export function backupHandlers(journal: Pick<Journal, "copyTo">): DoorHandlers {
  return {
    "/copy-journal": async (body) => {
      const file = Buffer.from(body).toString();
      if (!isAbsolute(file)) return { kind: "refused", reason: "the copy needs an absolute path" };
      try {
        await journal.copyTo(file);
        return { json: { file } };
      } catch (failure) {
        return { kind: "refused", reason: messageChain(failure) };
      }
    },
  };
}
