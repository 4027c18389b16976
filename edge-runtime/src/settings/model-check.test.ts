import assert from "node:assert/strict";
import { test } from "node:test";

import { modelsFile } from "../detect/models/settings.ts";
import type { AssetFile } from "../detect/settings.ts";
import { modelProblems } from "./model-check.ts";

const pump: AssetFile = {
  id: "Pump 1",
  type: "pump",
  tags: {},
  context: {},
  detection: { ignore: [], states: ["running"], limits: {} },
};

test("bundles that name assets which are not there, or stand there twice, are told with their place", () => {
  const models = modelsFile.parse({
    bundles: [
      { bundle: "pump-health", assets: ["Pump 7"] },
      { bundle: "pump-health", role: "shadow" },
    ],
  });
  const told = modelProblems(models, [pump], "gateway.yaml").map(
    ({ where, what }) => `${where}: ${what}`,
  );
  assert.deepEqual(told, [
    'gateway.yaml: models.bundles[0] (pump-health).assets: "Pump 7" is no asset',
    "gateway.yaml: models.bundles[1] (pump-health): stands there twice; name all its assets in one entry",
  ]);
  const [none] = modelProblems(models, [], "gateway.yaml").slice(-1);
  assert.match(none?.what ?? "", /a model watches assets, and there are none/);
});

test("a canary without assets, a path for a folder and a way back to itself are refused in words", () => {
  const refused = modelsFile.safeParse({
    bundles: [
      { bundle: "pump-health", role: "canary" },
      { bundle: "../pump" },
      { bundle: "pump-wear", previous: "pump-wear" },
    ],
  });
  const words = refused.error?.issues.map(({ message }) => message).join("; ") ?? "";
  assert.match(words, /a canary names the assets that it is tried on/);
  assert.match(words, /is a folder's name/);
  assert.match(words, /previous must be another folder than bundle/);
});
