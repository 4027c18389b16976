/**
 * A process that appends, lets the hub have everything at once, and prints how far it was settled, until it is killed.
 * Started by a test of this folder: FOLDER FIRST-VALUE.
 */
import { seededRandom, silentLog, systemClock } from "@millwright/kit";

import { openJournal } from "../journal.ts";
import { batchOf, gateway, markOf, tag } from "../test-rig.ts";

const journal = await openJournal({
  folder: process.argv[2] ?? "",
  gateway,
  commitEveryMs: 5,
  tellEveryMs: 5,
  keepRawHours: 72,
  bytesMax: 256 * 2 ** 20,
  clock: systemClock,
  random: seededRandom(process.pid),
  log: silentLog,
  onBroken: (failure) => {
    throw failure;
  },
});
await journal.adoptTags([tag("t1")]);
process.stdout.write("open\n");
const each = 64;
for (let value = Number(process.argv[3]); ; value += each) {
  const values = Array.from({ length: each }, (_value, at) => value + at);
  const settle = (): Promise<void> => {
    process.stdout.write(`${value + each - 1}\n`);
    return Promise.resolve();
  };
  // The time says the same as the value, so that rows can be told apart by either.
  const measuredUs = Float64Array.from(values, (one) => 1_767_225_600_000_000 + one * 1_000);
  journal.append({ ...batchOf(values, systemClock.nowUs(), { settle }), measuredUs });
  for (const lane of await journal.outbox.lanes()) {
    if (lane.headSeq > 0) await journal.outbox.take(markOf(lane, lane.headSeq, lane.headChain));
  }
  await new Promise((resolve) => setImmediate(resolve));
}
