import assert from "node:assert/strict";
import { test } from "node:test";

import { publishFile } from "../publish/settings.ts";
import { warningsOf } from "./plan-lines.ts";
import { publishProblems, publishSettings } from "./publish-check.ts";

const devices = [
  { id: "press-1", tags: [{ tag: { id: "press-1/force" } }, { tag: { id: "press-1/count" } }] },
  { id: "oven", tags: [{ tag: { id: "oven/temp.1" } }] },
  { id: "empty", tags: [] },
];

function problemsOf(sparkplug: object): readonly string[] {
  const publish = publishFile.parse({ sparkplug: { url: "mqtt://b", group: "G", ...sparkplug } });
  return publishProblems({ publish }, devices, "gateway.yaml").map(
    ({ where, what }) => `${where}: ${what}`,
  );
}

test("what is published must be there; each that is not is named", () => {
  assert.deepEqual(problemsOf({}), []);
  assert.deepEqual(problemsOf({ devices: ["oven"], tags: ["oven/*"] }), []);
  assert.deepEqual(
    problemsOf({ devices: ["oven", "ovn"], tags: ["press-1/force", "oven/temp*"] }),
    [
      'gateway.yaml: publish.sparkplug.devices: "ovn" is no device',
      'gateway.yaml: publish.sparkplug.tags: no tag of the published devices is called "press-1/force"',
    ],
  );
  assert.deepEqual(problemsOf({ devices: ["empty"] }), [
    "gateway.yaml: publish.sparkplug: there is no tag to publish",
  ]);
  assert.deepEqual(problemsOf({ passwordFile: "p" }), [
    "gateway.yaml: publish.sparkplug.user: is missing, and there is a passwordFile for it",
  ]);
  assert.deepEqual(publishProblems(undefined, devices, "gateway.yaml"), []);
});

test("names that would change a topic, and addresses with a password in them, are refused", () => {
  for (const wrong of [
    { group: "a/b" },
    { group: "+" },
    { group: "G", node: "#" },
    { group: "G", primaryHost: "" },
    { group: "G", url: "mqtt://user:secret@b" },
    { group: "G", url: "http://b" },
    { group: "G", alias: true },
    { group: "G", url: "mqtts://b", certificateFile: "c" },
    { group: "G", url: "mqtts://b", keyFile: "k" },
    { group: "G", certificateFile: "c", keyFile: "k" },
  ]) {
    assert.equal(
      publishFile.safeParse({ sparkplug: { url: "mqtt://b", ...wrong } }).success,
      false,
    );
  }
});

test("names are filled in, and files lie beside the settings", () => {
  const publish = publishFile.parse({
    sparkplug: {
      url: "mqtts://b",
      group: "G",
      user: "u",
      passwordFile: "p",
      caFile: "/etc/ca.pem",
      certificateFile: "c",
      keyFile: "/etc/key.pem",
    },
  });
  const { sparkplug } = publishSettings({ gateway: { id: "gw-1" }, publish }, "/etc/millwright");
  assert.deepEqual(
    [sparkplug?.node, sparkplug?.clientId, sparkplug?.passwordFile, sparkplug?.caFile],
    ["gw-1", "millwright-gw-1-sparkplug", "/etc/millwright/p", "/etc/ca.pem"],
  );
  assert.deepEqual(
    [sparkplug?.certificateFile, sparkplug?.keyFile],
    ["/etc/millwright/c", "/etc/key.pem"],
  );
  assert.deepEqual(publishSettings({ gateway: { id: "g" }, publish: {} }, "/"), {});
});

test("a password that others can read on its way is warned of before a start", () => {
  const warned = (sparkplug: object): readonly string[] => {
    const publish = publishFile.parse({ sparkplug: { group: "G", ...sparkplug } });
    const settings = publishSettings({ gateway: { id: "gw-1" }, publish }, "/etc/millwright");
    return warningsOf([], settings).map(({ where, what }) => `${where}: ${what}`);
  };
  const user = { user: "u", passwordFile: "p" };
  assert.deepEqual(warned({ url: "mqtt://10.0.0.5", ...user }), [
    "publish.sparkplug: mqtt://10.0.0.5 is not encrypted; use mqtts:// instead",
    "publish.sparkplug: user and password travel readable for everybody",
  ]);
  assert.equal(warned({ url: "mqtt://10.0.0.5" }).length, 1);
  for (const url of ["mqtts://10.0.0.5", "mqtt://127.0.0.1:1884", "mqtt://localhost"]) {
    assert.deepEqual(warned({ url, ...user }), [], url);
  }
});
