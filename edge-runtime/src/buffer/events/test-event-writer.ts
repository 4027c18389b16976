/** A process that keeps events and says how many it has kept, and prints each number once it is kept, until it is killed. */
import { seededRandom, silentLog, systemClock } from "@millwright/kit";

import { openJournal } from "../journal.ts";
import { gateway } from "../test-rig.ts";
import { commandEvent } from "./describe-event-book.ts";

const journal = await openJournal({
  folder: process.argv[2] ?? "",
  gateway,
  commitEveryMs: 1_000,
  tellEveryMs: 1_000,
  keepRawHours: 72,
  bytesMax: 256 * 2 ** 20,
  clock: systemClock,
  random: seededRandom(process.pid),
  log: silentLog,
  onBroken: (failure) => {
    throw failure;
  },
});
for (let count = Number(journal.events.state("writer") ?? 0) + 1; ; count++) {
  const kept = journal.events.keep([commandEvent(`c-${count}`, count)]);
  journal.events.saveState("writer", count);
  const [record] = await kept;
  process.stdout.write(`${record?.number ?? 0}\n`);
}
