import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { loadSettings, type Settings } from "./load-settings.ts";

const bearing = { balls: 9, ballDiameter: 8, pitchDiameter: 40, contactAngleDeg: 0 };
const features = {
  list: [
    { name: "rms", kind: "rms" },
    { name: "velocity", kind: "velocity-rms" },
    { name: "kurtosis", kind: "kurtosis" },
    { name: "outer", kind: "line", line: "bpfo" },
  ],
  envelope: { fromHz: 2_000, toHz: 5_000, bearing },
  speed: "pump-1/speed",
};

function load(t: TestContext, of: unknown, unit = "/min", more = ""): Settings {
  const folder = mkdtempSync(join(tmpdir(), "millwright-features-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const capture = {
    ...{ id: "pump-1/bearing", name: "Bearing", asset: "Pump 1", unit: "[g]" },
    ...{ array: "ns=2;s=Pump1.Capture", rate: 25_600, everyMin: 5, features: of },
  };
  const file = join(folder, "gateway.yaml");
  writeFileSync(
    file,
    `
gateway: { id: gw-1, name: One }
journal: { folder: journal }
devices:
  - id: pump-1
    protocol: opcua
    connection: { url: "opc.tcp://127.0.0.1:4840" }
    tags:
      - { id: pump-1/speed, name: Speed, address: "ns=2;s=Pump1.Speed", type: float64, unit: ${unit} }
    captures: [${JSON.stringify(capture)}]
${more}`,
  );
  return loadSettings(file);
}

test("each feature of a capture is a tag of the gateway's own, with unit and rhythm, that settings may name", (t) => {
  const assets = `
assets:
  - { id: Pump 1, type: pump, tags: { bearing: pump-1/bearing.rms } }
`;
  const device = load(t, features, "/min", assets).devices.find(({ id }) => id === "captures");
  assert.deepEqual(
    device?.tags.map(({ tag }) => [tag.id, tag.unit, tag.asset, tag.expectedMs]),
    [
      ["pump-1/bearing.rms", "[g]", "Pump 1", 300_000],
      ["pump-1/bearing.velocity", "mm/s", "Pump 1", 300_000],
      ["pump-1/bearing.kurtosis", "", "Pump 1", 300_000],
      ["pump-1/bearing.outer", "[g]", "Pump 1", 300_000],
    ],
  );
  // Rules that write may take them as they may take what the device says itself.
  assert.match(device.trust ?? "", /trusted devices/);
});

test("features that cannot be computed are refused with what they need", (t) => {
  const { envelope, ...without } = features;
  assert.ok(envelope.fromHz > 0);
  assert.throws(() => load(t, without), /features: a line needs `envelope`/);
  assert.throws(() => load(t, features, "m/s"), /comes in "m\/s"; give the tag one of \/min/);
  assert.throws(
    () => load(t, { ...features, speed: "pump-1/spede" }),
    /speed: "pump-1\/spede" is no tag/,
  );
  assert.throws(
    () => load(t, { list: [{ name: "a b", kind: "rms" }] }),
    /"pump-1\/bearing\.a b" is no id of a tag/,
  );
  const twice = { list: [features.list[0], features.list[0]] };
  assert.throws(() => load(t, twice), /two features have the same name/);
});
