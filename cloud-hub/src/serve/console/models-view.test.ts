import assert from "node:assert/strict";
import { test } from "node:test";

import type { EpisodeEvent, ModelEvent, Verdict } from "@millwright/wire-contract/events";

import type { EventView } from "../../event-views.ts";
import { versionsOf } from "./models-view.ts";

let number = 1_000;

function model(gateway: string, body: Partial<ModelEvent>, asset = ""): EventView {
  number--;
  const whole: ModelEvent = {
    ...{ what: "loaded", bundle: "pump-health", version: "1.0.0", role: "live", reason: "" },
    ...body,
  };
  return {
    ...{ kind: "model", gateway, asset, subject: whole.bundle, body: whole },
    ...{ number, atUs: number, journalUs: 0 },
  };
}

function episode(subject: string, verdict: Verdict): EventView {
  number--;
  const body: EpisodeEvent = {
    ...{ what: "ended", beginUs: 0, peakUs: 0, score: 1, severity: 0.5, class: "drift", verdict },
    ...{ levels: ["model"], contributions: [], detectors: ["pump-health 1.0.0"] },
  };
  return {
    ...{ kind: "episode", gateway: "gw-1", asset: "Pump 1", subject, body },
    ...{ number, atUs: number, journalUs: 0 },
  };
}

test("a bundle stands on each gateway as its newest event says", () => {
  const versions = versionsOf([
    model("gw-2", { what: "stopped", reason: "too slow" }),
    model("gw-1", { what: "loaded" }),
    model("gw-2", { what: "loaded" }),
    model("gw-1", { what: "loaded", version: "1.10.0", role: "shadow" }),
    model("gw-1", { what: "loaded", version: "1.9.0", role: "shadow" }),
  ]);
  assert.deepEqual(
    versions.map(({ version }) => version),
    ["1.10.0", "1.9.0", "1.0.0"],
  );
  const [, , service] = versions;
  assert.deepEqual(
    service?.places.map(({ gateway, what }) => `${gateway} ${what}`),
    ["gw-1 loaded", "gw-2 stopped"],
  );
});

test("windows of a shadow add up, its disagreements keep their times, drift is the newest of each tag", () => {
  const shadow = { version: "1.1.0", role: "shadow" } as const;
  const compared = { against: "1.0.0", fromUs: 1, toUs: 2, windows: 3_600, agreed: 3_500 };
  const [version] = versionsOf([
    model("gw-1", { ...shadow, what: "drifting", drift: [{ tag: "a", index: 0.4 }] }, "Pump 1"),
    model("gw-1", { ...shadow, what: "compared", comparison: compared }, "Pump 1"),
    model("gw-2", { ...shadow, what: "compared", comparison: compared }, "Pump 1"),
    model(
      "gw-1",
      { ...shadow, what: "disagreed", comparison: { ...compared, windows: 9, agreed: 0 } },
      "Pump 1",
    ),
    model(
      "gw-1",
      {
        ...shadow,
        what: "drifting",
        drift: [
          { tag: "a", index: 0.3 },
          { tag: "b", index: 0.5 },
        ],
      },
      "Pump 1",
    ),
  ]);
  assert.deepEqual([version?.windows, version?.agreed, version?.against], [7_200, 7_000, "1.0.0"]);
  assert.deepEqual(
    version?.disagreements.map(({ asset, windows }) => [asset, windows]),
    [["Pump 1", 9]],
  );
  assert.deepEqual(
    version.drift.map(({ tag, index }) => [tag, index]),
    [
      ["b", 0.5],
      ["a", 0.4],
    ],
  );
});

test("an episode counts once for its bundle, with the newest verdict on it", () => {
  const [version] = versionsOf([
    episode("E-1", "confirmed"),
    episode("E-2", "false"),
    episode("E-1", "open"),
    model("gw-1", {}),
  ]);
  assert.deepEqual(version?.verdicts, { episodes: 2, confirmed: 1, false: 1 });
});
