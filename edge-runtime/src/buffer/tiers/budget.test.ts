import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";

import { inTime, noCarry, rollUp, ruleOf, widths } from "@millwright/aggregates";
import { seededRandom } from "@millwright/kit";
import Database from "better-sqlite3";

import { batchOf, markOf, newRig, tag } from "../test-rig.ts";

const minuteUs = widths.minute;

test("near its bound the oldest samples are thinned, their buckets stay, and file and log never pass it", async (context) => {
  const rig = newRig(context);
  const bytesMax = 2 * 2 ** 20;
  const journal = rig.open({ bytesMax, commitEveryMs: 3_600_000, keepRawHours: 1_000 });
  await journal.adoptTags([tag("t1")]);
  const { clock } = rig;
  await clock.advance((widths.hour - (clock.nowUs() % widths.hour)) / 1_000);
  const random = seededRandom("budget");
  const beganUs = clock.nowUs();
  const measuredUs: number[] = [];
  const values: number[] = [];
  let greatest = 0;
  for (let minute = 0; minute < 330; minute++) {
    const some = Array.from({ length: 600 }, () => random.next());
    const times = some.map((_value, at) => clock.nowUs() + at * 100_000);
    const batch = { ...batchOf(some, 0), measuredUs: Float64Array.from(times) };
    assert.ok(journal.append(batch), `minute ${minute} finds room`);
    measuredUs.push(...times);
    values.push(...some);
    await clock.advance(60_000);
    await journal.commit();
    for (const lane of await journal.outbox.lanes()) {
      if (lane.headSeq > 0) {
        await journal.outbox.take(markOf(lane, lane.headSeq, lane.headChain));
      }
    }
    // A reader is there all the time; it never keeps the log from being folded.
    if (minute % 60 === 0) await journal.readSamples(0, -Infinity, Infinity, 10_000);
    const bytes = ["journal.db", "journal.db-wal"].reduce(
      (sum, file) => sum + statSync(`${rig.folder}/${file}`).size,
      0,
    );
    greatest = Math.max(greatest, bytes);
  }
  assert.ok(greatest <= bytesMax, `file and log were ${greatest} bytes`);

  const held = await journal.readSamples(0, -Infinity, Infinity, Infinity);
  assert.deepEqual(Array.from(held.value), values.slice(-held.count), "the newest are held");

  const [definition] = journal.dictionary.tags;
  assert.ok(definition !== undefined);
  const toUs = beganUs + 4 * widths.hour;
  const series = {
    count: values.length,
    measuredUs: Float64Array.from(measuredUs),
    value: Float64Array.from(values),
    status: new Uint32Array(values.length),
  };
  const expected = rollUp({
    rule: ruleOf(definition),
    samples: inTime(series, beganUs, toUs),
    before: noCarry,
    gaps: [],
    widthUs: minuteUs,
    fromUs: beganUs,
    toUs,
    knownToUs: toUs,
  });
  const minutes = await journal.readBuckets(0, minuteUs, beganUs, toUs);
  assert.deepEqual(Array.from(minutes.sum), Array.from(expected.buckets.sum));
  assert.deepEqual(Array.from(minutes.max), Array.from(expected.buckets.max));
  await journal.close();

  // Tiers (no-loss protocol 7): journaled = raw held + thinned.
  const db = new Database(`${rig.folder}/journal.db`);
  const thinned = db
    .prepare<[], number>("select sum(samples) from claim where reason = 'thinned'")
    .pluck()
    .get();
  db.close();
  assert.equal(thinned, values.length - held.count);
  assert.ok(thinned > 0, "something was thinned");
});
