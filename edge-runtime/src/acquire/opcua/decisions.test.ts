import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import { chooseEndpoint, findDowngrade, type EndpointFacts } from "./endpoints.ts";
import { planItems, planPoint } from "./items.ts";
import { firstRung, ladder, type Rung } from "./ladder.ts";
import { SettledNumbers } from "./settled-numbers.ts";
import { opcuaSettings } from "./settings.ts";
import { missingBetween, nextSeq, planSubscription, queueSize } from "./subscription-plan.ts";
import { chooseTokenPolicy } from "./user-token.ts";

describe("opcua decisions", () => {
  test("the ladder ends at a subscription, whichever rungs are gone", () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        (subscription, session, itemsChanged) => {
          let at: Rung | "attached" = firstRung({ subscription, session, itemsChanged });
          for (let step = 0; at !== "attached"; step++) {
            assert.ok(step < 3);
            at = at === "create" ? ladder.create.held : ladder[at].gone;
          }
        },
      ),
    );
    assert.equal(
      firstRung({ subscription: true, session: true, itemsChanged: false }),
      "reactivate",
    );
    assert.equal(
      firstRung({ subscription: true, session: false, itemsChanged: false }),
      "transfer",
    );
    assert.equal(firstRung({ subscription: true, session: true, itemsChanged: true }), "create");
  });

  test("message numbers go round without ever being 0", () => {
    assert.equal(nextSeq(0xffff_ffff), 1);
    assert.equal(missingBetween(0xffff_fffe, 2), 3);
    assert.equal(missingBetween(5, 5), 0);
    assert.equal(missingBetween(5, 4), 0, "an old number is no gap");
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffff_ffff }), fc.nat({ max: 50 }), (first, count) => {
        let seq = first;
        for (let step = 0; step < count; step++) seq = nextSeq(seq);
        assert.equal(missingBetween(first, seq), count);
      }),
    );
  });

  test("a queue is never one, holds a publish and a half, and bridges the break", () => {
    assert.equal(queueSize(1_000, 500, 1), 2);
    assert.equal(queueSize(100, 1_000, 60), 600);
    assert.equal(queueSize(10, 10_000, 1), 1_500);
  });

  test("a subscription outlives a restart of ours by ten minutes at least", () => {
    const plan = planSubscription({ publishingMs: 500, keepAliveMs: 5_000, lifetimeMinutes: 10 });
    assert.deepEqual(plan, { publishingMs: 500, keepAliveCount: 10, lifetimeCount: 1_200 });
  });

  test("a number counts as settled when it and all before it are on disk", () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7]);
    fc.assert(
      fc.property(order, (settledFirst) => {
        const numbers = new SettledNumbers();
        const settle = [10, 11, 12, 13, 14, 15, 16, 17].map((seq) => numbers.arrived(seq));
        for (const index of settledFirst) settle[index]?.();
        let whole = 0;
        while (settledFirst.includes(whole)) whole++;
        assert.equal(numbers.last, whole === 0 ? undefined : 9 + whole);
        assert.deepEqual(
          numbers.takeAcknowledgements(),
          [10, 11, 12, 13, 14, 15, 16, 17].slice(0, whole),
        );
        assert.deepEqual(numbers.takeAcknowledgements(), [], "each is acknowledged once");
      }),
    );
  });

  test("what arrived and was not handed on is forgotten, so that it is asked for again", () => {
    const numbers = new SettledNumbers(4);
    numbers.arrived(5);
    numbers.arrived(6);
    numbers.forget(new Set([6]));
    assert.equal(numbers.lastArrived, 5);
    numbers.forget(new Set([5]));
    assert.equal(numbers.lastArrived, 4);
  });

  const endpoint = (securityMode: number, policy: string, tokenType = 0): EndpointFacts => ({
    securityMode,
    securityPolicyUri: `http://opcfoundation.org/UA/SecurityPolicy#${policy}`,
    serverCertificate: null,
    userIdentityTokens: [{ policyId: "x", tokenType, securityPolicyUri: null }],
  });

  test("a list of endpoints that hides a stronger one is a downgrade", () => {
    const real = [endpoint(1, "None"), endpoint(3, "Basic256Sha256")];
    assert.equal(findDowngrade(real, [...real].reverse()), undefined);
    assert.equal(findDowngrade(real, null), undefined);
    assert.match(
      findDowngrade([endpoint(1, "None")], real) ?? "",
      /hidden before: sign-and-encrypt/,
    );
    assert.match(
      findDowngrade([...real, endpoint(2, "Basic256Sha256")], real) ?? "",
      /not real: sign with/,
    );
    const otherTokens = [endpoint(1, "None"), endpoint(3, "Basic256Sha256", 1)];
    assert.notEqual(findDowngrade(otherTokens, real), undefined);
  });

  test("nothing weaker than what the settings say is ever chosen", () => {
    const settings = opcuaSettings.parse({ url: "opc.tcp://host:4840" });
    assert.equal(settings.security, "sign-and-encrypt");
    const chosen = chooseEndpoint(
      [endpoint(1, "None"), endpoint(2, "Basic256Sha256"), endpoint(3, "Basic256")],
      settings,
    );
    assert.ok("kind" in chosen);
    assert.match(chosen.reason, /it offers none with None; sign with Basic256Sha256/);
  });

  test("a password never travels where neither token nor channel encrypts it", () => {
    const none = "http://opcfoundation.org/UA/SecurityPolicy#None";
    const good = "http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256";
    const old = "http://opcfoundation.org/UA/SecurityPolicy#Basic128Rsa15";
    const policy = (securityPolicyUri: string | null) => ({
      policyId: "p",
      tokenType: 1,
      securityPolicyUri,
    });
    assert.equal(chooseTokenPolicy("password", [policy(null)], none, false), "plain text");
    assert.equal(chooseTokenPolicy("password", [policy(none)], good, false), "plain text");
    assert.equal(chooseTokenPolicy("password", [policy(old)], none, false), "not offered");
    assert.equal(chooseTokenPolicy("certificate", [policy(good)], good, true), "not offered");
    for (const [policies, channel, encrypts] of [
      [[policy(none)], good, true],
      [[policy(null)], good, false],
      [[policy(none), policy(good)], none, false],
    ] as const) {
      const chosen = chooseTokenPolicy("password", policies, channel, encrypts);
      assert.ok(typeof chosen === "object");
    }
  });

  test("points of one node share an item; other wishes make another", () => {
    const plans = [
      { address: "i=1", options: { path: "[0]" } },
      { address: "i=1", options: { path: "[1]" } },
      { address: "i=1", options: { trigger: "status" } },
      { address: "i=2", options: {} },
      { address: "i=1", options: { sampling: "on-change" } },
    ].map(({ address, options }) => {
      const plan = planPoint({
        tag: "t",
        address,
        type: "float64",
        everyMs: 100,
        options: { ...options },
      });
      assert.ok(!("kind" in plan));
      return plan;
    });
    assert.deepEqual(
      planItems(plans).map((item) => item.points),
      [[0, 1], [2], [3], [4]],
    );
  });

  test("a row of the tag table that cannot be understood is refused in words", () => {
    for (const options of [
      { trigger: "always" },
      { sampling: "always" },
      { deadband: "-1" },
      { deadband: "x" },
      { deadband_type: "percent" },
      { deadband: "101", deadband_type: "percent" },
      { path: "[x]" },
      { register_order: "CDAB" },
    ] as readonly Readonly<Record<string, string>>[]) {
      const plan = planPoint({ tag: "t", address: "i=1", type: "float64", everyMs: 100, options });
      assert.ok("kind" in plan && plan.reason.length > 0, JSON.stringify(options));
    }
  });
});
