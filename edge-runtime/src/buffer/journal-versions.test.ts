import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { parseFrame } from "@millwright/wire-contract";

import { newRig, tag } from "./test-rig.ts";

/** Journals as older programs left them, each with ten samples of t1 (0, 0.5, 1 … 4.5) that no hub has. */
for (const version of [1, 2]) {
  test(`a journal of version ${version} is opened, sends what waits and shows its charts`, async (context) => {
    const rig = newRig(context);
    const stored = path.join(import.meta.dirname, `cases/journal-of-version-${version}`);
    cpSync(stored, rig.folder, { recursive: true });
    const journal = rig.open();
    await journal.adoptTags([tag("t1")]);

    const [lane] = (await journal.outbox.lanes()).filter((each) => each.lane === "live");
    assert(lane !== undefined);
    assert.notEqual(lane.epoch, journal.epoch);
    const frames = await journal.outbox.framesAfter(lane.epoch, "live", 0, Infinity);
    assert.deepEqual(
      frames.map(({ seq, bytes }) => [seq, parseFrame(bytes).kind]),
      [1, 2, 3, 4, 5].map((seq) => [seq, "frame"]),
    );
    const chart = await journal.readSamples(0, -Infinity, Infinity, 100);
    assert.deepEqual([...chart.value], [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5]);
    assert.deepEqual(rig.broken, []);
  });
}
