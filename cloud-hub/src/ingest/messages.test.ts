import assert from "node:assert/strict";
import { test } from "node:test";

import { helloOverviewMax } from "@millwright/wire-contract";

import { parseHello } from "./messages.ts";
import { TestGateway } from "./test-gateway.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** As a gateway of software 0.1.0 sent it. It is never made anew: what was said once is understood for ever. */
const storedHello =
  '{"version":1,"gateway":"line-1","name":"Line 1","site":"Brno / Machining / Line 1",' +
  '"software":"0.1.0","hmi":"http://127.0.0.1:8081","epochs":[{"epoch":"3f0c9a1b5d7e4820a6b1c2d3e4f50617",' +
  '"startedUs":1763713408000000,"lanes":[{"lane":"live","baseSeq":0,"baseChain":"0000000000000000",' +
  '"storedSeq":0,"headSeq":12,"headChain":"00f1e2d3c4b5a697"}]}]}';

test("a hello of before the commit interval and the overview is understood, and claims neither", () => {
  const hello = parseHello(bytesOf(storedHello));
  assert.ok(!("kind" in hello), "kind" in hello ? hello.reason : "");
  assert.equal(hello.epochs[0]?.lanes[0]?.headSeq, 12);
  assert.ok(!("commitEveryMs" in hello) && !("overview" in hello));
});

test("a hello says the commit interval and the overview of its own page", () => {
  const said = new TestGateway("gw-says").hello({ commitEveryMs: 250, overview: ["pump/t1"] });
  assert.deepEqual(parseHello(bytesOf(JSON.stringify(said))), said);
});

test("a hello of a later version with more to say is understood without it", () => {
  const said = new TestGateway("gw-later").hello();
  assert.deepEqual(parseHello(bytesOf(JSON.stringify({ ...said, later: true }))), said);
});

test("a hello with an overview beyond its bound or a commit interval that cannot be is refused", () => {
  const gateway = new TestGateway("gw-wrong");
  for (const change of [
    { overview: Array.from({ length: helloOverviewMax + 1 }, (_, index) => `t${index}`) },
    { commitEveryMs: -1 },
  ]) {
    const refused = parseHello(bytesOf(JSON.stringify(gateway.hello(change))));
    assert.ok("kind" in refused && /overview|commitEveryMs/.test(refused.reason));
  }
});
