/** A process that appends and prints what was settled, until it is killed. Started by a test of this folder. */
import { seededRandom, silentLog, systemClock } from "@millwright/kit";

import { openJournal } from "./journal.ts";
import { batchOf, gateway, tag } from "./test-rig.ts";

const journal = await openJournal({
  folder: process.argv[2] ?? "",
  gateway,
  commitEveryMs: 5,
  keepRawHours: 72,
  tellEveryMs: 1_000,
  bytesMax: 256 * 2 ** 20,
  clock: systemClock,
  random: seededRandom(process.pid),
  log: silentLog,
  onBroken: (failure) => {
    throw failure;
  },
});
await journal.adoptTags([tag("t1")]);
for (let value = 1; ; value++) {
  const settle = (): Promise<void> => {
    process.stdout.write(`${value}\n`);
    return Promise.resolve();
  };
  journal.append(batchOf([value], systemClock.nowUs(), { settle }));
  await new Promise((resolve) => setImmediate(resolve));
}
