import assert from "node:assert/strict";
import { statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import fc from "fast-check";

import { roomOf } from "./room.ts";
import { batchOf, newRig, tag } from "./test-rig.ts";

test("the shares of a budget fit into it, and the log is folded before it has taken its own", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2 ** 20, max: 2 ** 40 }), (bytesMax) => {
      const room = roomOf(bytesMax);
      assert(room.foldBytes <= room.logBytes);
      const shares = room.sampleBytesMax + room.eventBytesMax + 2 * room.logBytes;
      assert(shares + room.reserveBytes <= bytesMax);
      assert(room.thinAboveBytes < room.sampleBytesMax);
    }),
  );
});

test("the log is folded at 2 MiB, so that nobody waits for more than that", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  let longest = 0;
  // Numbers that do not repeat, so that 10,000 of them are some 80 KB.
  for (let commit = 0; commit < 60; commit++) {
    const values = Array.from({ length: 10_000 }, (_value, row) => Math.sin(commit * 1e4 + row));
    assert(journal.append(batchOf(values, rig.clock.nowUs())));
    await journal.commit();
    longest = Math.max(longest, statSync(path.join(rig.folder, "journal.db-wal")).size);
    await rig.clock.advance(1_000);
  }
  const { bytesWritten } = journal.counters();
  assert(bytesWritten > 6 * 2 ** 20, `${bytesWritten} bytes were written`);
  assert(longest > 2 * 2 ** 20 && longest < 2.5 * 2 ** 20, `${longest} bytes at most`);
});
