import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { signal } from "@preact/signals";

import { followMarkNews, gatherMs } from "./mark-news.ts";

test("marks are asked for once for all news of alarms and episodes within a time, in a storm too", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const news = signal<Readonly<Record<string, number>>>({ alarms: 7 });
    const tell = (topic: string): void => {
      news.value = { ...news.value, [topic]: (news.value[topic] ?? 0) + 1 };
    };
    const questions: string[] = [];
    const end = followMarkNews([{ news }], () => {
      questions.push("marks");
    });
    const asked = (): number => questions.length;
    mock.timers.tick(10 * gatherMs);
    assert.equal(asked(), 0, "what was told before the chart is no news");
    tell("commands");
    tell("rules");
    mock.timers.tick(gatherMs);
    assert.equal(asked(), 0, "no mark is made of commands and rules");
    tell("alarms");
    mock.timers.tick(gatherMs - 1);
    assert.equal(asked(), 0);
    mock.timers.tick(1);
    assert.equal(asked(), 1);
    tell("episodes");
    mock.timers.tick(gatherMs);
    assert.equal(asked(), 2);
    // Ten news a second are as many as the feed tells.
    for (let at = 0; at < 100; at++) {
      tell("alarms");
      mock.timers.tick(100);
    }
    mock.timers.tick(gatherMs);
    assert.ok(
      asked() > 2 && asked() <= 2 + 10_000 / gatherMs + 1,
      `${asked()} questions in ten seconds`,
    );
    tell("alarms");
    end();
    const before = asked();
    mock.timers.tick(gatherMs);
    assert.equal(asked(), before, "a chart that is gone asks for nothing");
  } finally {
    mock.timers.reset();
  }
});
