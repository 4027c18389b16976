import assert from "node:assert/strict";
import { test } from "node:test";

import { screenName } from "./screen-name.ts";

test("another value in a chart and another tab of the alarms are the same screen, what they lead to is not", () => {
  assert.equal(screenName(["trends", "1h", "a"]), screenName(["trends", "8h~1d", "a", "b"]));
  assert.equal(screenName(["alarms"]), screenName(["alarms", "returned"]));
  const others = [
    [],
    ["alarms"],
    ["alarms", "active", "hot"],
    ["alarms", "history", "hot", "1-2"],
    ["trends"],
    ["machine", "Pump 1"],
    ["machine", "Pump 1", "episode-7"],
    ["machine", "Pump 2"],
  ];
  assert.equal(new Set(others.map(screenName)).size, others.length);
});
