import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { loadSettings } from "./load-settings.ts";
import { SettingsFaulty } from "./problem.ts";

function fileWith(t: TestContext, assets: string): string {
  const folder = mkdtempSync(join(tmpdir(), "millwright-assets-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, "gateway.yaml");
  writeFileSync(
    file,
    `gateway: { id: line-1, name: Line 1 }
journal: { folder: journal }
devices:
  - id: pump
    protocol: modbus
    connection: { framing: tcp, host: 127.0.0.1, port: 502, unit: 1 }
    tags:
      - { id: pump/state, address: "holding:1", type: uint16, kind: state }
      - { id: pump/vibration, address: "holding:2", type: float32, unit: mm/s }
${assets}`,
  );
  return file;
}

test("an asset says what its tags mean, and what its state is told by", (t) => {
  const { assets, detection } = loadSettings(
    fileWith(
      t,
      `assets:
  - id: Pump 1
    type: motor-pump
    tags: { vibration: pump/vibration }
    state: { tag: pump/state, values: { "0": off, "2": running }, settleS: 60 }
    detection: { limits: { vibration: { high: 7.1 } } }
`,
    ),
  );
  const [pump] = assets;
  assert.equal(pump?.tags["vibration"], "pump/vibration");
  assert.deepEqual(pump.state?.values, { "0": "off", "2": "running" });
  assert.deepEqual(pump.detection.states, ["running"], "what is not said holds while it runs");
  assert.equal(detection.episodesPerDayMax, 1);
});

test("every tag and property that an asset names and nobody has stands in the report", (t) => {
  const file = fileWith(
    t,
    `assets:
  - id: Pump 1
    tags: { vibration: pump/vibrations }
    state: { tag: pump/stat, above: 3 }
    context: { job: pump/job }
    detection: { watch: [flow], limits: { head: { low: 1 } } }
  - id: Pump 1
    tags: {}
`,
  );
  assert.throws(
    () => loadSettings(file),
    (failure) => {
      assert.ok(failure instanceof SettingsFaulty);
      const said = failure.problems.map(
        ({ where, what }) => `${where.replace(/^.*: assets/, "assets")}: ${what}`,
      );
      assert.deepEqual(said, [
        'assets[0] (Pump 1).tags.vibration: "pump/vibrations" is no tag',
        'assets[0] (Pump 1).state.tag: "pump/stat" is no tag',
        'assets[0] (Pump 1).context.job: "pump/job" is no tag',
        'assets[0] (Pump 1).detection.watch: "flow" is no property of this asset; its tags name them',
        'assets[0] (Pump 1).detection.limits: "head" is no property of this asset; its tags name them',
        "assets[1] (Pump 1): is declared twice",
      ]);
      return true;
    },
  );
});

test("a state that is told by nothing, or by two things, is refused", (t) => {
  for (const state of [
    "{ tag: pump/state }",
    '{ tag: pump/state, above: 1, values: {"1": off} }',
  ]) {
    const file = fileWith(t, `assets: [{ id: Pump 1, tags: {}, state: ${state} }]\n`);
    assert.throws(() => loadSettings(file), /needs either values .* or above/);
  }
});
