import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { silentLog, systemClock } from "@millwright/kit";
import { laneNumbers } from "@millwright/wire-contract";

import { TestGateway } from "../ingest/test-gateway.ts";
import { openTestHistory, type TestHistory } from "../test-history.ts";
import { CaptureKeeper } from "./capture-keeper.ts";
import { sealCapture } from "./test-capture.ts";

let history: TestHistory;
before(async () => {
  history = await openTestHistory();
});
after(() => history[Symbol.asyncDispose]());

function keeperOf(folder: string, change: { trustUnread?: boolean; keepDays?: number } = {}) {
  return new CaptureKeeper({
    databaseUrl: history.url,
    folder: join(history.folder, folder),
    keepDays: 90,
    clock: systemClock,
    log: silentLog,
    ...change,
  });
}

const bytes = Uint8Array.from({ length: 250 }, (_, at) => (at * 7) % 256);
const all = { tag: "", asset: "", fromUs: 0, toUs: 4e15, max: 10 };

const safeOf = async (keeper: CaptureKeeper, gateway: TestGateway): Promise<number> => {
  const mark = (await history.store.marks(gateway.gateway)).find(({ lane }) => lane === "capture");
  assert(mark !== undefined);
  return keeper.lower(gateway.gateway, mark).safeSeq;
};

test("a capture is safe once all of it was read, and its bytes are those that were sent", async (t) => {
  const keeper = keeperOf("whole");
  t.after(() => keeper.stop());
  const gateway = new TestGateway("gw-whole");
  const frames = sealCapture(gateway, bytes);
  await history.take(gateway, ...frames.slice(0, 2));
  await keeper.assembleDue();
  assert.equal(await safeOf(keeper, gateway), 0, "pieces are stored, and nothing is safe");
  await history.take(gateway, ...frames.slice(2));
  assert.equal(await safeOf(keeper, gateway), 0);
  await keeper.assembleDue();
  assert.equal(await safeOf(keeper, gateway), 4);
  const [view] = await keeper.list("gw-whole", all);
  const path = await keeper.file("gw-whole", view?.sha256 ?? "");
  assert.deepEqual(new Uint8Array(readFileSync(path ?? "")), bytes);
  assert.equal(await keeper.file("gw-other", view?.sha256 ?? ""), undefined);
  const left = await history.pool.query(
    `select from frames f join epochs e on e.no = f.epoch_no where gateway = 'gw-whole' and lane = ${laneNumbers.capture}`,
  );
  assert.equal(left.rows.length, 0, "the pieces have done their work");
  await history.take(gateway, ...frames);
  await keeper.assembleDue();
  assert.equal((await keeper.list("gw-whole", all)).length, 1, "a repeat is no second capture");
});

for (const trustUnread of [false, true]) {
  const title = trustUnread
    ? "control: without reading them, changed bytes are listed as the capture"
    : "bytes that the database changed are asked for again, and then the capture is whole";
  test(title, async (t) => {
    const name = trustUnread ? "gw-trusting" : "gw-reading";
    const keeper = keeperOf(name, { trustUnread });
    t.after(() => keeper.stop());
    const gateway = new TestGateway(name);
    const frames = sealCapture(gateway, bytes);
    await history.take(gateway, ...frames);
    await history.pool.query(
      `update frames f set bytes = set_byte(bytes, length(bytes) - 5, 1) from epochs e
       where e.no = f.epoch_no and e.gateway = $1 and f.seq = 2`,
      [name],
    );
    await keeper.assembleDue();
    const listed = await keeper.list(name, all);
    if (trustUnread) {
      const path = await keeper.file(name, listed[0]?.sha256 ?? "");
      assert.notDeepEqual(new Uint8Array(readFileSync(path ?? "")), bytes);
      return;
    }
    assert.deepEqual(listed, []);
    const mark = (await history.store.marks(gateway.gateway)).find(
      ({ lane }) => lane === "capture",
    );
    assert.equal(mark?.storedSeq, 0, "the gateway goes back to it");
    await history.store.incarnation();
    await history.take(gateway, ...frames);
    await keeper.assembleDue();
    const [view] = await keeper.list(name, all);
    const path = await keeper.file(name, view?.sha256 ?? "");
    assert.deepEqual(new Uint8Array(readFileSync(path ?? "")), bytes);
    const known = await history.store.gateway(gateway.gateway);
    const balance = known?.balances.find((one) => one.mark.lane === "capture");
    assert.deepEqual([balance?.announced, balance?.stored, balance?.voided], [1, 1, 0]);
  });
}

test("captures go by age, file and all, and the audit log says so", async (t) => {
  const keeper = keeperOf("old", { keepDays: -10_000 });
  t.after(() => keeper.stop());
  const gateway = new TestGateway("gw-old");
  await history.take(gateway, ...sealCapture(gateway, bytes.subarray(0, 50)));
  await keeper.assembleDue();
  const [view] = await keeper.list("gw-old", all);
  assert(view !== undefined);
  await keeper.expire();
  assert.deepEqual(await keeper.list("gw-old", all), []);
  assert.throws(() => readFileSync(keeper.path(view.sha256)));
  const log = await history.pool.query("select from audit_log where act = 'captures expired'");
  assert.equal(log.rows.length, 1);
});
