import assert from "node:assert/strict";
import { test } from "node:test";

import { gatewayShown } from "./settings/shown-gateway.ts";
import { showSettings, type Shown } from "./shown-settings.ts";

function show(written: unknown): unknown {
  return showSettings(written, gatewayShown, (words) => words.replace("hunter22", "(removed)"));
}

test("only what is named is shown; of the rest whether it is set, and of keys nobody knows how many there are", () => {
  const shown = show({
    gateway: { id: "line-1", name: "Line 1", site: "", hunter22: "hunter22" },
    hub: { url: "nats://u:hunter22@hub:4222", credentialsFile: "/etc/hunter22", pin: 402_917 },
    journal: "hunter22",
    rules: [{ then: "hunter22" }],
    devices: [{}, {}],
    newSecret: "hunter22",
  }) as Record<string, unknown>;
  assert.deepEqual(shown["gateway"], {
    ...{ id: "line-1", name: "Line 1", site: "(not set)" },
    "(other keys)": 1,
  });
  assert.deepEqual(shown["hub"], {
    ...{ url: "nats://u:(removed)@hub:4222", credentialsFile: "(set)" },
    ...{ caFile: "(not set)", kilobitsPerSecondMax: "(not set)", historyShare: "(not set)" },
    "(other keys)": 1,
  });
  assert.equal(shown["journal"], "(set)");
  assert.equal(shown["rules"], "(1 entries)");
  assert.equal(shown["devices"], "(2 entries)");
  assert.equal(shown["(other keys)"], 1);
  assert.doesNotMatch(JSON.stringify(shown), /hunter22|402917/);
});

test("a group in the place of a plain setting is not gone into", () => {
  assert.deepEqual(
    (show({ gateway: { id: { id: "hunter22" }, name: ["a", { b: "hunter22" }] } }) as never)[
      "gateway"
    ],
    { id: "(set)", name: "(set)", site: "(not set)" },
  );
});

test("whoever adds a setting has to say whether it is shown", () => {
  interface Settings {
    readonly url: string;
    readonly token?: string;
  }
  // @ts-expect-error the new setting is not decided
  const undecided: Shown<Settings> = { url: "plain" };
  const shown = showSettings({ url: "a", token: "hunter22" }, undecided, (words) => words);
  assert.deepEqual(shown, { url: "a", "(other keys)": 1 });
});
