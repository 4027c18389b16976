/**
 * What the hub was told within a bound is had back as it was acquired: a real gateway, a real hub, and a device whose
 * every value names its reading. Without the repair most readings are not at the hub: that is the control.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Rig, gatewayId } from "./rig.ts";
import { readFrames } from "./stored-samples.ts";
import { waitFor } from "./wait-for.ts";

interface Order {
  readonly id: number;
  readonly state: string;
  readonly samples: number;
  readonly healed: number;
  readonly note: string;
  readonly comparison?: {
    readonly agrees: boolean;
    readonly tags: readonly {
      readonly tag: string;
      readonly gateway: { readonly samples: number; readonly digest: string };
      readonly hub: { readonly samples: number; readonly digest: string };
    }[];
  };
}

interface Entry {
  readonly reason: string;
  readonly count: { readonly samples?: number };
  readonly repaired: number;
  readonly repair: string;
}

const everyMs = 50;
const base = `/api/gateways/${gatewayId}`;
/** Bounds for when something never comes; nothing waits for them when all is well. */
const soonMs = 180_000;

async function openRig(t: Parameters<typeof Rig.open>[0]): Promise<Rig> {
  const telling = { counter: "swinging-door 100000" };
  const rig = await Rig.open(t, { tags: 2, everyMs, commitEveryMs: 100, telling });
  await rig.startHub();
  await rig.startGateway();
  await waitFor("the gateway at the hub", soonMs, () => rig.row());
  return rig;
}

/** Waits for so many more readings of each tag; answers the range in which they were made, by the clock of this machine. */
async function readingsOf(rig: Rig, count: number): Promise<{ fromUs: number; toUs: number }> {
  const before = rig.device.produced.length;
  const fromUs = Date.now() * 1_000;
  await waitFor("readings", soonMs, () => rig.device.produced.length >= before + count * 2);
  return { fromUs, toUs: Date.now() * 1_000 };
}

/** The values of each tag that the hub holds of a range, whatever brought them. */
async function valuesAtHub(
  rig: Rig,
  { fromUs, toUs }: { readonly fromUs: number; readonly toUs: number },
): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
  const values = new Map<string, Set<number>>();
  await readFrames(rig.hubData, gatewayId, ({ tag, measuredUs, value }) => {
    if (measuredUs < fromUs || measuredUs >= toUs) return;
    const own = values.get(tag.id) ?? new Set();
    values.set(tag.id, own.add(Number(value)));
  });
  return values;
}

async function order(rig: Rig, kind: "repairs" | "recordings", wish: object): Promise<number> {
  const answer = await rig.hubAsk("POST", `${base}/${kind}`, wish);
  const body = await answer.text();
  assert.equal(answer.status, 201, body);
  return (JSON.parse(body) as Order).id;
}

async function whenOver(rig: Rig, kind: "repairs" | "recordings", id: number): Promise<Order> {
  return await waitFor(`the end of order ${id}`, soonMs, async () => {
    const orders = (await rig.hubAnswer(`${base}/${kind}`)) as readonly Order[];
    return orders.find((one) => one.id === id && one.comparison !== undefined);
  });
}

/** Each reading between the first and the last: counters rise by one. */
function assertWithoutHole(values: ReadonlySet<number>, what: string): void {
  const least = Math.min(...values);
  const missing = Array.from({ length: Math.max(...values) - least }, (_, at) => least + at).filter(
    (value) => !values.has(value),
  );
  assert.deepEqual(missing, [], `${what}: readings that are not at the hub`);
}

function assertAgrees({ comparison, note }: Order): void {
  assert.ok(comparison !== undefined);
  for (const { tag, gateway, hub } of comparison.tags) {
    assert.deepEqual(hub, gateway, `${tag}: ${note}`);
    assert.ok(gateway.samples > 0, `${tag} has samples`);
  }
  assert.ok(comparison.agrees);
}

test("a range that was told within a bound is repaired, and both sides say the same digest", async (t) => {
  const rig = await openRig(t);
  const range = await readingsOf(rig, 100);
  const { tags } = rig.device;

  // The control: nothing but the order brings the readings.
  const before = await valuesAtHub(rig, range);
  for (const tag of tags) {
    const held = before.get(tag)?.size ?? 0;
    assert.ok(held < 50, `${tag}: ${held} of some 100 readings were told`);
  }

  const id = await order(rig, "repairs", { tags, ...range });
  const done = await whenOver(rig, "repairs", id);
  assert.equal(done.state, "done");
  assertAgrees(done);
  const after = await valuesAtHub(rig, range);
  for (const tag of tags) {
    const values = after.get(tag) ?? new Set();
    assert.ok(values.size >= 90, `${tag}: ${values.size} readings`);
    assertWithoutHole(values, tag);
  }

  // Charged is what is claimed and not stored.
  const query = `tag=${encodeURIComponent(tags[0] ?? "")}&from=${range.fromUs}&to=${range.toUs}`;
  const entries = (await rig.hubAnswer(`${base}/ledger?${query}`)) as readonly Entry[];
  const told = entries.filter(({ reason }) => reason === "told within bound");
  assert.ok(told.length > 0, "the ledger claims what was not told");
  for (const { repair } of told) assert.equal(repair, "raw");
  const repaired = told.reduce((sum, entry) => sum + entry.repaired, 0);
  assert.equal(repaired, done.healed);
  assert.ok(done.healed >= 100, `${done.healed} readings were healed`);
  for (const { count, repaired: of } of told) assert.ok(of <= (count.samples ?? 0));
});

test("a repair goes on after its gateway was killed", async (t) => {
  const rig = await openRig(t);
  const range = await readingsOf(rig, 60);
  const { tags } = rig.device;
  const id = await order(rig, "repairs", { tags, ...range });
  await rig.kill("runtime");
  assertAgrees(await whenOver(rig, "repairs", id));
  for (const values of (await valuesAtHub(rig, range)).values()) assertWithoutHole(values, "after");
});

test("a recording brings every reading of its time", async (t) => {
  const rig = await openRig(t);
  const [tag = ""] = rig.device.tags;
  const fromUs = Date.now() * 1_000;
  const id = await order(rig, "recordings", { tags: [tag], fromUs, toUs: fromUs + 4_000_000 });
  const done = await whenOver(rig, "recordings", id);
  assertAgrees(done);
  const values = await valuesAtHub(rig, { fromUs: fromUs + 500_000, toUs: fromUs + 4_000_000 });
  const held = values.get(tag) ?? new Set();
  assert.ok(held.size >= 40, `${held.size} readings were recorded`);
  assertWithoutHole(held, tag);
});

test("an order that is cancelled is dropped, and one that cannot be is refused in words", async (t) => {
  const rig = await openRig(t);
  const { tags } = rig.device;
  const toUs = Date.now() * 1_000 + 3_600_000_000;
  const id = await order(rig, "recordings", { tags, fromUs: toUs - 1_000_000, toUs });
  const cancelled = await rig.hubAsk("DELETE", `${base}/recordings/${id}`);
  assert.equal(cancelled.status, 204);
  assert.equal((await rig.hubAsk("DELETE", `${base}/recordings/${id}`)).status, 404);
  const listed = (await rig.hubAnswer(`${base}/recordings`)) as readonly Order[];
  assert.equal(listed[0]?.state, "cancelled");
  const future = await rig.hubAsk("POST", `${base}/repairs`, { tags, fromUs: 0, toUs });
  assert.equal(future.status, 409);
  assert.match(await future.text(), /of the past/);
  const none = await rig.hubAsk("POST", `${base}/repairs`, { tags: [], fromUs: 0, toUs: 1 });
  assert.equal(none.status, 400);
});
