import { startJournalThread } from "../buffer/journal-thread.ts";
import type { Command } from "./command.ts";

export const runCommand: Command = {
  name: "run",
  usage: "run --settings gateway.yaml",
  what: "Acquires, keeps and shows values until it is ended.",
  async run(args, context) {
    // The journal's thread loads its code on another core while we load ours and read the settings.
    const journalThread = startJournalThread();
    const { runGateway } = await import("./run-gateway.ts");
    return await runGateway(args, context, journalThread);
  },
};
