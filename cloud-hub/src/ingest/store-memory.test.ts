import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom } from "@millwright/kit";

import { describeFrameStore } from "./describe-frame-store.ts";
import { IncarnationChanged } from "./frame-store.ts";
import { MemoryStore } from "./store-memory.ts";
import { TestGateway } from "./test-gateway.ts";
import { intakeOf } from "./test-store-rig.ts";

const store = new MemoryStore(seededRandom(1));
describeFrameStore("the store in memory", () => store);

test("after a played restart the incarnation is another, and work in flight is dropped", async () => {
  const restarted = new MemoryStore(seededRandom(2));
  const gateway = new TestGateway("gw-restart");
  const intake = intakeOf(gateway, [gateway.samples([[0, 1, 1]])]);
  const before = await restarted.incarnation();
  assert.ok(await restarted.isTheSame());
  restarted.restart();
  await assert.rejects(restarted.takeIn(intake), IncarnationChanged);
  assert.ok(!(await restarted.isTheSame()));
  assert.notEqual(await restarted.incarnation(), before);
  assert.ok(await restarted.isTheSame());
  assert.equal((await restarted.takeIn(intake)).stored.length, 1);
});
