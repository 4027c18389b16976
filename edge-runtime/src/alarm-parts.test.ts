/** A whole gateway that raises an alarm on a value of its own, and is started again. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import type { AlarmCounts, AlarmRow } from "@millwright/wire-contract/events";

import { runRuntime } from "./runtime.ts";
import { loadSettings } from "./settings/load-settings.ts";

interface Answer {
  readonly rows: readonly AlarmRow[];
  readonly counts: AlarmCounts;
}

test("an alarm is raised by a sample, kept in the journal, and there with its true time after a restart", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "millwright-alarm-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, "gateway.yaml");
  writeFileSync(
    file,
    `gateway: { id: gw-1, name: Gateway 1 }
journal: { folder: journal, mebibytesMax: 64, commitEveryMs: 20 }
hmi: { port: 0 }
alarms:
  classes: { room: { action: Find out what takes the memory. } }
  list:
    - { id: memory, class: room, priority: 3, message: Memory in use, tag: gateway/memory.used, limits: { H: 0.001 } }
`,
  );
  /** Runs the gateway until it tells of an alarm. */
  const firstAlarm = async (seed: string): Promise<Answer> => {
    const end = new AbortController();
    const ready = Promise.withResolvers<string>();
    const running = runRuntime(
      {
        ...{ settings: loadSettings(file), software: "test", clock: systemClock, log: silentLog },
        random: seededRandom(seed),
        ready: ({ hmi }) => {
          ready.resolve(hmi);
        },
      },
      end.signal,
    );
    try {
      const url = await Promise.race([ready.promise, running.then(() => "")]);
      for (;;) {
        const answer = (await (await fetch(`${url}/api/alarms`)).json()) as Answer;
        if (answer.rows.length > 0) return answer;
        await sleep(50);
      }
    } finally {
      end.abort();
      await running;
    }
  };
  const before = await firstAlarm("one");
  const [alarm] = before.rows;
  assert.equal(alarm?.id, "memory/H");
  assert.equal(alarm.state, "unacknowledged");
  assert.deepEqual(before.counts.active, [0, 0, 1]);
  const after = await firstAlarm("two");
  assert.equal(after.rows[0]?.raisedUs, alarm.raisedUs);
  assert.equal(after.rows[0].state, "unacknowledged");
});
