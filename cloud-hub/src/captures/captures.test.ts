import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { silentLog, systemClock } from "@millwright/kit";
import { laneNumbers, type Epoch } from "@millwright/wire-contract";

import { until } from "../children/test-children.ts";
import type { SecondPlace } from "../hand-over.ts";
import { TestGateway } from "../ingest/test-gateway.ts";
import { openTestHistory, type TestHistory } from "../test-history.ts";
import { CaptureKeeper, type CaptureKeeperOptions } from "./capture-keeper.ts";
import { sealCapture } from "./test-capture.ts";

let history: TestHistory;
before(async () => {
  history = await openTestHistory();
});
after(() => history[Symbol.asyncDispose]());

function keeperOf(folder: string, change: Partial<CaptureKeeperOptions> = {}) {
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

const safeOf = async (
  keeper: CaptureKeeper,
  gateway: TestGateway,
  of: Epoch = gateway.epoch,
): Promise<number> => {
  const mark = (await history.store.marks(gateway.gateway)).find(
    ({ epoch, lane }) => epoch === of && lane === "capture",
  );
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
    assert.deepEqual(known?.balance, { announced: 1, stored: 1, voided: 0, unexplained: 0 });
  });
}

test("what is safe of one gateway says nothing of another with the same epochs", async (t) => {
  const keeper = keeperOf("cloned");
  t.after(() => keeper.stop());
  const [one, copy] = [new TestGateway("gw-one"), new TestGateway("gw-cloned")];
  assert.equal(one.epoch, copy.epoch);
  const frames = sealCapture(one, bytes);
  await history.take(one, ...frames);
  await history.take(copy, ...sealCapture(copy, bytes).slice(0, -1));
  await keeper.assembleDue();
  assert.equal(await safeOf(keeper, one), frames.length);
  assert.equal(await safeOf(keeper, copy), 0);
});

test("of an epoch that had ended it is known what is safe once its gateway names it again", async (t) => {
  const gateway = new TestGateway("gw-put-back");
  const first = gateway.epoch;
  const frames = sealCapture(gateway, bytes);
  await history.take(gateway, ...frames);
  const before = keeperOf("put-back");
  await before.assembleDue();
  await before.stop();
  gateway.newEpoch();
  await history.store.hello(gateway.hello(), 1);
  const { epochs } = gateway.hello();
  await history.store.hello(gateway.hello({ epochs: epochs.slice(1) }), 2);

  const keeper = keeperOf("put-back");
  t.after(() => keeper.stop());
  await keeper.start();
  await history.store.hello(gateway.hello(), 3);
  assert.equal(await safeOf(keeper, gateway, first), 0);
  await until("it was read", async () => (await safeOf(keeper, gateway, first)) === frames.length);
});

test("captures go by age, file and all, and the audit log says so", async (t) => {
  const keeper = keeperOf("old", { keepDays: -10_000 });
  t.after(() => keeper.stop());
  const gateway = new TestGateway("gw-old");
  await history.take(gateway, ...sealCapture(gateway, bytes.subarray(0, 50)));
  await keeper.assembleDue();
  const [view] = await keeper.list("gw-old", all);
  assert(view !== undefined);
  const path = await keeper.file("gw-old", view.sha256);
  await keeper.retain();
  assert.deepEqual(await keeper.list("gw-old", all), []);
  assert.throws(() => readFileSync(path ?? ""));
  const log = await history.pool.query("select from audit_log where act = 'captures expired'");
  assert.equal(log.rows.length, 1);
});

/** A bucket in a folder of its own. */
class FolderPlace implements SecondPlace {
  readonly #folder = mkdtempSync(join(history.folder, "bucket-"));
  away = false;

  path(key: string): string {
    return join(this.#folder, key.replaceAll("/", "-"));
  }

  put(key: string, path: string): Promise<void> {
    if (this.away) return Promise.reject(new Error("the bucket is away"));
    copyFileSync(path, this.path(key));
    return Promise.resolve();
  }

  get(key: string, path: string): Promise<boolean> {
    const isThere = existsSync(this.path(key));
    if (isThere) copyFileSync(this.path(key), path);
    return Promise.resolve(isThere);
  }

  remove(key: string): Promise<void> {
    if (this.away) return Promise.reject(new Error("the bucket is away"));
    rmSync(this.path(key), { force: true });
    return Promise.resolve();
  }
}

test("a capture goes to the bucket, comes back from there, and goes from both by age", async (t) => {
  const second = new FolderPlace();
  const keeper = keeperOf("copied", { second });
  t.after(() => keeper.stop());
  const gateway = new TestGateway("gw-copied");
  await history.take(gateway, ...sealCapture(gateway, bytes.subarray(0, 120)));
  await keeper.assembleDue();
  const [view] = await keeper.list("gw-copied", all);
  assert(view !== undefined);
  second.away = true;
  await keeper.retain();
  second.away = false;
  await keeper.retain();
  const copy = second.path(`captures/${view.sha256.slice(0, 2)}/${view.sha256}`);
  assert.deepEqual(readFileSync(copy), Buffer.from(bytes.subarray(0, 120)));

  const path = (await keeper.file("gw-copied", view.sha256)) ?? "";
  for (const harm of [() => rmSync(path), () => writeFileSync(path, "changed by a disk")]) {
    harm();
    await history.pool.query("update captures set verified_us = 0");
    await keeper.retain();
    assert.deepEqual(readFileSync(path), readFileSync(copy));
  }
  rmSync(path);
  assert.equal(await keeper.file("gw-copied", view.sha256), path, "fetched for who asks");

  const short = keeperOf("copied", { second, keepDays: -10_000 });
  t.after(() => short.stop());
  second.away = true;
  await short.retain();
  assert.ok(existsSync(copy), "the bucket was away");
  assert.deepEqual(await keeper.list("gw-copied", all), [], "nobody is shown it");
  second.away = false;
  await short.retain();
  assert.ok(!existsSync(copy) && !existsSync(path));
  const left = await history.pool.query("select from captures where gateway = 'gw-copied'");
  assert.equal(left.rows.length, 0);
});

test("bytes that have changed where there is no copy are shown to nobody, and the audit log says so", async (t) => {
  const keeper = keeperOf("lost");
  t.after(() => keeper.stop());
  const gateway = new TestGateway("gw-lost");
  await history.take(gateway, ...sealCapture(gateway, bytes.subarray(0, 70)));
  await keeper.assembleDue();
  const [view] = await keeper.list("gw-lost", all);
  const path = (await keeper.file("gw-lost", view?.sha256 ?? "")) ?? "";
  writeFileSync(path, "changed by a disk");
  await keeper.retain();
  assert.deepEqual(await keeper.list("gw-lost", all), []);
  assert.equal(await keeper.file("gw-lost", view?.sha256 ?? ""), undefined);
  const log = await history.pool.query("select from audit_log where act = 'capture damaged'");
  assert.ok(log.rows.length > 0);
});
