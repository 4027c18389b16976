import assert from "node:assert/strict";
import { test } from "node:test";

import { parseSettings, SettingsFaulty, settingsJsonSchema } from "./load-settings.ts";

test("two lines are enough, everything else has a default, and paths start from the file", () => {
  const settings = parseSettings("dataFolder: data\nreleaseBelow: stored\n", "/etc/mw/hub.yaml");
  assert.equal(settings.dataFolder, "/etc/mw/data");
  assert.deepEqual(settings.http, { host: "127.0.0.1", port: 8_080 });
  assert.equal(settings.writers, 2);
  assert.equal(settings.broker.url, undefined);
});

test("all problems are in one report, with their paths", () => {
  const text = `
dataFolder: ""
http: { host: 0.0.0.0, port: 70000, colour: red }
broker: { url: "http://wrong" }
database: { port: 0 }
wirters: 1
`;
  assert.throws(
    () => parseSettings(text, "hub.yaml"),
    (failure: unknown) => {
      assert.ok(failure instanceof SettingsFaulty);
      for (const path of [
        "dataFolder",
        "releaseBelow",
        "http.host",
        "http.port",
        "http",
        "broker.url",
        "database.port",
        "the file",
      ]) {
        assert.match(failure.message, new RegExp(`hub\\.yaml: ${path.replace(".", "\\.")}: `));
      }
      assert.match(failure.message, /"wirters"/);
      assert.match(failure.message, /"colour"/);
      return true;
    },
  );
});

test("text that is no YAML is refused with its line", () => {
  assert.throws(() => parseSettings("dataFolder: [\n", "hub.yaml"), /hub\.yaml:\d+:\d+: /);
});

test("the pages do not leave loopback before there is access control", () => {
  const text = "dataFolder: d\nreleaseBelow: stored\nhttp: { host: 192.168.0.1 }\n";
  assert.throws(() => parseSettings(text, "hub.yaml"), /only loopback/);
});

test("editors get a schema that names every setting", () => {
  const schema = JSON.stringify(settingsJsonSchema());
  for (const name of ["dataFolder", "releaseBelow", "http", "broker", "database", "writers"]) {
    assert.ok(schema.includes(`"${name}"`), name);
  }
});

test("who lets gateways delete below backups says where backups lie and how often", () => {
  const text = "dataFolder: d\nreleaseBelow: backup\n";
  assert.throws(
    () => parseSettings(text, "/etc/hub.yaml"),
    /hub\.yaml: backup: .*needs a schedule/,
  );
  const { backup } = parseSettings(`${text}backup: { folder: ../backups }\n`, "/etc/mw/hub.yaml");
  assert.deepEqual(backup, { folder: "/etc/backups", everyHours: 24, keep: 7 });
});
