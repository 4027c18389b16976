import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { createRedaction } from "./redact.ts";

/** With what a person, a URL and a library write around it. */
const ways: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => encodeURIComponent(secret),
  (secret) => encodeURIComponent(secret).replace(/%../g, (one) => one.toLowerCase()),
  (secret) => new URLSearchParams({ p: secret }).toString(),
  (secret) => Buffer.from(secret).toString("base64"),
  (secret) => Buffer.from(secret).toString("base64url"),
  (secret) => Buffer.from(`plant:${secret}`).toString("base64"),
  (secret) => Buffer.from(`u:${secret}@there`).toString("base64"),
  (secret) => Buffer.from(`us:${secret}, more`).toString("base64url"),
  (secret) => Buffer.from(secret).toString("hex"),
  (secret) => JSON.stringify(secret),
  (secret) => JSON.stringify({ nested: JSON.stringify(secret) }),
];

const secretText = fc.string({ minLength: 8, maxLength: 40, unit: "grapheme" }).filter(
  // What a file of one line gives.
  (text) => text.trim() === text && !/[\r\n]/.test(text) && Buffer.byteLength(text) >= 8,
);

test("a known secret is taken out in whatever form it stands there, and what stands around it stays", () => {
  fc.assert(
    fc.property(secretText, fc.constantFrom(...ways), (secret, write) => {
      const written = write(secret);
      const left = createRedaction([secret]).text(`before <<${written}>> behind`);
      assert.ok(!left.includes(written), left);
      assert.match(left, /^before <<[^]*\(removed\)[^]*>> behind$/);
    }),
    { numRuns: 500 },
  );
});

test("a short word is no secret whose value is looked for: to take it out everywhere would say it", () => {
  assert.equal(createRedaction(["live"]).text("the device is live"), "the device is live");
});

test("secrets that nobody knows here are taken out by their looks", () => {
  const { text } = createRedaction([]);
  const cases: readonly (readonly [string, string])[] = [
    [
      "connect mqtt://plant:tr0ub4dor@10.0.0.5:1883 failed",
      "connect mqtt://(removed)@10.0.0.5:1883 failed",
    ],
    ["at opc.tcp://a:p/a#s@s@plc:4840/x", "at opc.tcp://(removed)@plc:4840/x"],
    ["Authorization: Bearer abcdef123456", "Authorization: (removed) (removed)"],
    ["sent Basic cGxhbnQ6c2VjcmV0", "sent Basic (removed)"],
    ["password=tr0ub4dor; user=plant", "password=(removed); user=plant"],
    ['{"userPassword": "tr0ub4 dor"}', '{"userPassword": (removed)}'],
    ["?token=tr0ub4dor&x=1", "?token=(removed)&x=1"],
    ["PIN: 402917", "PIN: (removed)"],
    ["the code K7Q2M-9ZXB4 holds", "the code (removed) holds"],
    [`seed SUA${"A2B3".repeat(13)}CDE`, "seed (removed)"],
    ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "(removed)"],
    [
      "-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY-----\nnext",
      "(removed)\nnext",
    ],
    [`line ${"aB3/".repeat(16)}`, "line (removed)"],
  ];
  for (const [written, left] of cases) assert.equal(text(written), left);
});

test("what helps stays: addresses, paths, digests, times, numbers", () => {
  const { text } = createRedaction(["tr0ub4dor"]);
  for (const line of [
    "connect to nats://hub.plant.example:4222 timed out",
    "/var/lib/millwright/journal/devices/Press-4/own/gateway-key.pem cannot be read (EACCES)",
    "password file /etc/millwright/mqtt.password cannot be read: ENOENT",
    `chain ${"0a1b".repeat(16)}`,
    "AB:CD:EF:01:23 until 2027-03-01T14:02:11.123Z, spin 20 rpm",
  ]) {
    assert.equal(text(line), line);
  }
});

test("in data each text is gone through, and fields that are named as secrets say only whether they are set", () => {
  const { data } = createRedaction(["tr0ub4dor"]);
  assert.deepEqual(
    data({
      list: ["x tr0ub4dor", { "tr0ub4dor-key": 1 }],
      password: "x",
      mqttPassword: 5,
      token: "",
      pin: "(not set)",
      passwordFile: "(set)",
      big: 5n,
      none: null,
    }),
    {
      list: ["x (removed)", { "(removed)-key": 1 }],
      password: "(set)",
      mqttPassword: "(set)",
      token: "(not set)",
      pin: "(not set)",
      passwordFile: "(set)",
      big: "5",
      none: null,
    },
  );
});
