import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { encodeDictionary, makeDictionary, type GatewayId } from "@millwright/wire-contract";

import { until } from "../children/test-children.ts";
import { TestGateway, testTag, type TestFrame } from "../ingest/test-gateway.ts";
import { openTestHistory, testDayUs, type TestHistory } from "../test-history.ts";
import { SeriesBook } from "./series-book.ts";
import { findDirty } from "./sort-series.ts";
import { keepSortersOut, tryToSort } from "./sorter-lock.ts";
import { allGateways, bucketsOf, isOfShare, type SorterShare } from "./sorter-share.ts";
import { chooseParts, readParts } from "./unsorted-frames.ts";

let history: TestHistory;
let gateways = 0;
const nextGateway = (): TestGateway => new TestGateway(`gw-sort-${++gateways}`);
const secondUs = 1_000_000;
const none = new AbortController().signal;

before(async () => {
  history = await openTestHistory();
});
after(() => history[Symbol.asyncDispose]());

/** Frames of one second each with both tags. */
function seconds(gateway: TestGateway, from: number, to: number): readonly TestFrame[] {
  return Array.from({ length: to - from }, (_, at) => second(gateway, from + at));
}

function second(gateway: TestGateway, at: number, change = {}): TestFrame {
  const us = testDayUs + at * secondUs;
  return gateway.samples(
    [
      [0, at / 10, us],
      [1, -at, us],
    ],
    change,
  );
}

test("samples of many frames become chunks of one tag, in order and each of them once", async () => {
  const gateway = nextGateway();
  await history.take(gateway, gateway.dictionaryFrame(), ...seconds(gateway, 0, 1_600));
  await history.sorter.sortAll(none);
  const rows = await history.samples(gateway, "pump/t0");
  assert.deepEqual(
    rows,
    Array.from({ length: 1_600 }, (_, at) => [testDayUs + at * secondUs, at / 10]),
  );
  const chunks = await history.pool.query(
    "select samples from chunks join series on no = series where gateway = $1",
    [gateway.gateway],
  );
  const of = chunks.rows.map(({ samples }) => samples as number);
  assert.deepEqual(
    of,
    [800, 800, 800, 800],
    "two tags, at most 1,536 samples a chunk, and no rest",
  );
});

test("a sample that comes by another lane or a repair is stored and counted once (N2)", async () => {
  const gateway = nextGateway();
  const live = seconds(gateway, 0, 100);
  await history.take(gateway, gateway.dictionaryFrame(), ...live);
  await history.sorter.sortAll(none);
  // The same acquisition, under new frame identities: half of it known, half of it new.
  const repair = Array.from({ length: 100 }, (_, at) =>
    second(gateway, 50 + at, { lane: "history", late: true }),
  );
  await history.take(gateway, ...repair);
  const passes = await history.sorter.sortAll(none);
  assert.equal(passes[0]?.repeats, 100, "fifty seconds of two tags");
  assert.equal(passes[0].stored, 100);
  const rows = await history.samples(gateway, "pump/t1");
  assert.deepEqual(
    rows.map(([us]) => (us - testDayUs) / secondUs),
    Array.from({ length: 150 }, (_, at) => at),
  );
  const counts = await history.pool.query<Record<string, bigint>>(
    "select * from sample_counts where gateway = $1",
    [gateway.gateway],
  );
  const row = counts.rows[0];
  assert.deepEqual([row?.["in_frames"], row?.["stored"], row?.["repeats"]], [400n, 300n, 100n]);
});

test("samples of a frame that another one keeps out of its lane are stored by their identity, once", async () => {
  const gateway = nextGateway();
  const told = seconds(gateway, 0, 3);
  // Another gateway has sealed other seconds under the same numbers.
  const other = new TestGateway(gateway.gateway);
  const others = [other.dictionaryFrame(), ...seconds(other, 100, 103)];
  await history.take(gateway, gateway.dictionaryFrame(), ...told);
  await history.take(gateway, ...others, ...others);
  await history.sorter.sortAll(none);
  await history.take(gateway, ...others);
  await history.sorter.sortAll(none);
  const rows = await history.samples(gateway, "pump/t0");
  assert.deepEqual(
    rows.map(([us]) => (us - testDayUs) / secondUs),
    [0, 1, 2, 100, 101, 102],
  );
});

test("forks that wait, and those of other sorters' gateways, keep no fork behind them from being sorted", async () => {
  const all = Array.from({ length: 12 }, nextGateway);
  const share = { index: 0, of: 2 };
  const [gateway] = all.filter((one) => isOfShare(share, one.gateway));
  const [foreign] = all.filter((one) => !isOfShare(share, one.gateway));
  assert.ok(gateway !== undefined && foreign !== undefined);
  // Nobody has told the dictionary of this frame, and nobody will.
  const unknown = new TestGateway(gateway.gateway, [testTag(0), testTag(1, { name: "Other" })]);
  const [waits] = seconds(unknown, 0, 1);
  assert.ok(waits !== undefined);
  for (const [one, count] of [
    [foreign, 5_000],
    [gateway, 1_000],
  ] as const) {
    await history.pool.query(
      `insert into quarantine (gateway, epoch, lane, seq, chain, kind, reason, received_us, byte_count, bytes, sorted)
       select $1, 'played', 1, n, n, 'fork', 'played', 0, length($2::bytea), $2, false from generate_series(1, $3::int) n`,
      [one.gateway, Buffer.from(waits.bytes), count],
    );
  }
  const told = seconds(gateway, 0, 1);
  const other = new TestGateway(gateway.gateway);
  await history.take(gateway, gateway.dictionaryFrame(), ...told);
  await history.take(gateway, other.dictionaryFrame(), ...seconds(other, 100, 101));
  const sorter = history.sorterWith(new SeriesBook(), share);
  const rounds = [await sorter.sortAll(none), await sorter.sortAll(none)];
  const rows = await history.samples(gateway, "pump/t0");
  assert.deepEqual(
    rows.map(([us]) => (us - testDayUs) / secondUs),
    [0, 100],
    JSON.stringify(rounds),
  );
  await history.pool.query("delete from quarantine where epoch = 'played'");
});

test("late samples go where they belong, and another value under one identity is kept beside it", async () => {
  const gateway = nextGateway();
  const even = Array.from({ length: 50 }, (_, at) => second(gateway, at * 2));
  await history.take(gateway, gateway.dictionaryFrame(), ...even);
  await history.sorter.sortAll(none);
  const odd = Array.from({ length: 50 }, (_, at) =>
    second(gateway, at * 2 + 1, { lane: "history", late: true }),
  );
  const conflict = gateway.samples([[0, 777, testDayUs]], { lane: "history", late: true });
  await history.take(gateway, ...odd, conflict);
  const [pass] = await history.sorter.sortAll(none);
  assert.equal(pass?.conflicts, 1);
  const rows = await history.samples(gateway, "pump/t0");
  assert.deepEqual(rows.slice(0, 3), [
    [testDayUs, 0],
    [testDayUs, 777],
    [testDayUs + secondUs, 0.1],
  ]);
  assert.equal(rows.length, 101);
});

test("a chunk ends at midnight", async () => {
  const gateway = nextGateway();
  await history.take(gateway, gateway.dictionaryFrame(), ...seconds(gateway, 86_395, 86_405));
  await history.sorter.sortAll(none);
  const chunks = await history.pool.query<{ day: number; samples: number }>(
    `select c.day, c.samples from chunks c join series s on s.no = c.series
     where s.gateway = $1 and s.tag = 'pump/t0' order by c.day`,
    [gateway.gateway],
  );
  assert.deepEqual(
    chunks.rows.map(({ samples }) => samples),
    [5, 5],
  );
});

test("short chunks are filled up pass by pass", async () => {
  const gateway = nextGateway();
  await history.take(gateway, gateway.dictionaryFrame());
  for (let pass = 0; pass < 6; pass++) {
    await history.take(gateway, ...seconds(gateway, pass * 100, pass * 100 + 100));
    await history.sorter.sortAll(none);
  }
  const chunks = await history.pool.query(
    "select c.samples from chunks c join series s on s.no = c.series where s.gateway = $1 and s.tag = 'pump/t0'",
    [gateway.gateway],
  );
  assert.deepEqual(chunks.rows, [{ samples: 600 }]);
});

test("frames wait for their dictionary, and frames that fill a void behind the sorter are sorted too", async () => {
  const gateway = nextGateway();
  const [one, two, three, four] = seconds(gateway, 0, 4);
  assert.ok(one !== undefined && two !== undefined && three !== undefined && four !== undefined);
  await history.take(gateway, one, four, gateway.void(two, three));
  await history.sorter.sortAll(none);
  assert.equal((await history.samples(gateway, "pump/t0")).length, 0);
  await history.take(gateway, gateway.dictionaryFrame());
  await history.sorter.sortAll(none);
  assert.equal((await history.samples(gateway, "pump/t0")).length, 2);
  await history.take(gateway, three);
  await history.sorter.sortAll(none);
  assert.equal((await history.samples(gateway, "pump/t0")).length, 3);
  assert.deepEqual(await history.sorter.sortAll(none), []);
});

test("a frame that fills a void behind the sorter waits for its dictionary, and holds nothing up meanwhile", async () => {
  const gateway = nextGateway();
  const [one, two, three] = seconds(gateway, 0, 3);
  assert.ok(one !== undefined && two !== undefined && three !== undefined);
  await history.take(gateway, gateway.void(one, three));
  await history.sorter.sortAll(none);
  await history.take(gateway, two);
  assert.deepEqual(await history.sorter.sortAll(none), []);
  const other = nextGateway();
  await history.take(other, other.dictionaryFrame(), ...seconds(other, 0, 3));
  await history.sorter.sortAll(none);
  assert.equal((await history.samples(other, "pump/t0")).length, 3);

  await history.take(gateway, gateway.dictionaryFrame());
  await history.sorter.sortAll(none);
  assert.equal((await history.samples(gateway, "pump/t0")).length, 1);
  await history.take(gateway, one, three);
  await history.sorter.sortAll(none);
  assert.equal((await history.samples(gateway, "pump/t0")).length, 3);
  assert.deepEqual(await history.sorter.sortAll(none), []);
});

test("a sorter that is killed leaves what was there, and the next pass does it whole", async () => {
  const gateway = nextGateway();
  await history.take(gateway, gateway.dictionaryFrame(), ...seconds(gateway, 0, 400));
  await history.sorter.sortAll(none);
  await history.take(gateway, ...seconds(gateway, 400, 800));
  const before = await history.samples(gateway, "pump/t0");
  // Its connection is cut in the middle: the statement that writes minutes finds no connection any more.
  const cut = await history.pool.query<{ pid: number }>("select pg_backend_pid() as pid");
  assert.ok(cut.rows.length === 1);
  await history.pool.query(`create function cut_off() returns trigger language plpgsql as $$
    begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$`);
  await history.pool.query(
    "create trigger cut before insert on rollup_minutes for each statement execute function cut_off()",
  );
  await assert.rejects(history.sorter.sortSome());
  await history.pool.query("drop trigger cut on rollup_minutes");
  assert.deepEqual(await history.samples(gateway, "pump/t0"), before);
  await history.sorter.sortAll(none);
  assert.equal((await history.samples(gateway, "pump/t0")).length, 800);
  const counts = await history.pool.query<{ stored: bigint; repeats: bigint }>(
    "select stored, repeats from sample_counts where gateway = $1",
    [gateway.gateway],
  );
  assert.deepEqual(counts.rows, [{ stored: 1_600n, repeats: 0n }]);
});

test("frames that come while a round is under way wait for the next: a round of a fleet that never rests has an end", async () => {
  const gateway = nextGateway();
  await history.take(gateway, gateway.dictionaryFrame(), ...seconds(gateway, 0, 2));
  let next = 2;
  /** Asked in each pass. */
  class Busy extends SeriesBook {
    override async fetch(...asked: Parameters<SeriesBook["fetch"]>): Promise<void> {
      if (next < 40) await history.take(gateway, second(gateway, next++));
      await super.fetch(...asked);
    }
  }
  const sorter = history.sorterWith(new Busy());
  const passes = await sorter.sortAll(none);
  assert.deepEqual(
    passes.map(({ stored }) => stored),
    [4],
  );
  assert.ok(next > 2);
  next = 40;
  await sorter.sortAll(none);
  assert.ok((await history.samples(gateway, "pump/t0")).length > 2);
});

test("gateways that were set up alike share a dictionary, and each has its own samples", async () => {
  const alike = [nextGateway(), nextGateway()];
  for (const [at, gateway] of alike.entries()) {
    await history.take(gateway, gateway.dictionaryFrame(), ...seconds(gateway, at * 5, at * 6 + 3));
  }
  assert.equal((await history.sorter.sortAll(none)).length, 1);
  const counts = [];
  for (const gateway of alike) counts.push((await history.samples(gateway, "pump/t0")).length);
  assert.deepEqual(counts, [3, 4]);
});

test("what is computed again begins with the sample before the new ones, also where others begin among them", async () => {
  const gateway = nextGateway();
  const hourUs = 3_600 * secondUs;
  // Of two days, so that they are two chunks: half an hour before midnight, and at five.
  const [before, among] = [testDayUs - hourUs / 2, testDayUs + 5 * hourUs];
  await history.take(
    gateway,
    gateway.dictionaryFrame(),
    gateway.samples([[0, 1, before]]),
    gateway.samples([[0, 2, among]]),
  );
  await history.sorter.sortAll(none);
  const found = await history.pool.query<{ no: number }>(
    "select no from series where gateway = $1 and tag = 'pump/t0'",
    [gateway.gateway],
  );
  const series = found.rows[0]?.no ?? -1;
  const dirtyOf = async (fromHour: number, toHour: number): Promise<readonly number[]> => {
    const range = { firstUs: testDayUs + fromHour * hourUs, lastUs: testDayUs + toHour * hourUs };
    const [dirty] = await findDirty(history.pool, [{ series, ...range }]);
    assert.ok(dirty?.hasChunks === true);
    return [dirty.fromUs, dirty.toUs].map((us) => (us - testDayUs) / hourUs);
  };
  assert.deepEqual(await dirtyOf(2, 6), [-1, 7], "over the begin of the second");
  assert.deepEqual(await dirtyOf(2, 3), [-1, 6], "between them");
  assert.deepEqual(await dirtyOf(8, 9), [5, 10], "behind both");
  assert.deepEqual(await dirtyOf(-3, 6), [-3, 7], "from before both");
});

test("each lane has one turn in a round, in which a long one is sorted to its mark", async () => {
  const [long, short] = [nextGateway(), nextGateway()];
  for (const [gateway, frames] of [
    [long, 25],
    [short, 3],
  ] as const) {
    await history.take(gateway, gateway.dictionaryFrame(), ...seconds(gateway, 0, frames));
  }
  const first = await chooseParts(history.pool, 20, undefined);
  const own = first.filter(({ gateway }) => gateway === long.gateway);
  assert.deepEqual(
    own.map(({ afterSeq, toSeq, markSeq }) => [afterSeq, toSeq, markSeq]),
    [
      [0, 1, 1],
      [0, 10, 25],
    ],
  );
  const after = await chooseParts(history.pool, 20, own.at(-1));
  assert.deepEqual([...new Set(after.map(({ gateway }) => gateway))], [short.gateway]);
  assert.deepEqual(await chooseParts(history.pool, 20, after.at(-1)), []);
  await history.sorter.sortAll(none);
});

test("two sorters at once share nothing and lose nothing", async () => {
  const gateway = nextGateway();
  await history.take(gateway, gateway.dictionaryFrame(), ...seconds(gateway, 0, 300));
  const passes = await Promise.all([history.sorter.sortSome(), history.sorter.sortSome()]);
  assert.equal(passes.filter((pass) => pass !== undefined).length, 1);
  assert.equal((await history.samples(gateway, "pump/t0")).length, 300);
});

test("sorters side by side take each its own gateways, and all of them together take all", async () => {
  const sides = [0, 1].map((index) => ({ index, of: 2 }));
  const gateways = Array.from({ length: 12 }, nextGateway);
  for (const gateway of gateways) {
    await history.take(gateway, gateway.dictionaryFrame(), ...seconds(gateway, 0, 3));
    await history.take(gateway, ...seconds(gateway, 3, 5));
  }
  const storedBy = async (share: SorterShare): Promise<readonly string[]> => {
    await history.sorterWith(new SeriesBook(), share).sortAll(none);
    const found = await history.pool.query<{ gateway: GatewayId }>(
      "select gateway from sample_counts where stored = 10 and gateway = any($1)",
      [gateways.map(({ gateway }) => gateway)],
    );
    return found.rows.map(({ gateway }) => gateway).toSorted();
  };
  const names = gateways.map(({ gateway }) => gateway).toSorted();
  const first = names.filter((gateway) => isOfShare({ index: 0, of: 2 }, gateway));
  assert.ok(first.length > 0 && first.length < names.length);
  assert.deepEqual(await storedBy({ index: 0, of: 2 }), first);
  assert.deepEqual(await storedBy({ index: 1, of: 2 }), names);
  assert.deepEqual(
    sides.flatMap(bucketsOf).toSorted((a, b) => a - b),
    bucketsOf(allGateways),
  );
});

test("a sorter waits for none that has other gateways, and lets alone those that another one has", async (t) => {
  const gateways = Array.from({ length: 12 }, nextGateway);
  const mine = gateways.filter(({ gateway }) => isOfShare({ index: 1, of: 2 }, gateway));
  for (const gateway of gateways) {
    await history.take(gateway, gateway.dictionaryFrame(), ...seconds(gateway, 0, 3));
  }
  const client = await history.pool.connect();
  t.after(() => {
    client.release();
  });
  await client.query("begin");
  assert.ok(await tryToSort(client, { index: 0, of: 4 }));
  const frames = (passes: readonly { readonly frames: number }[]): number =>
    passes.reduce((sum, one) => sum + one.frames, 0);
  const beside = history.sorterWith(new SeriesBook(), { index: 1, of: 2 });
  assert.equal(frames(await beside.sortAll(none)), mine.length * 3);
  assert.equal(frames(await history.sorter.sortAll(none)), 0);
  await client.query("rollback");
  assert.equal(frames(await history.sorter.sortAll(none)), (gateways.length - mine.length) * 3);
});

test("a sorter waits for who keeps sorters out, and then sees what that one has changed", async (t) => {
  const gateway = nextGateway();
  await history.take(gateway, gateway.dictionaryFrame(), ...seconds(gateway, 0, 3));
  const client = await history.pool.connect();
  t.after(() => {
    client.release();
  });
  await client.query("begin");
  await keepSortersOut(client);
  const sorted = history.sorter.sortAll(none);
  await until("the sorter waits", async () => {
    const found = await history.pool.query<{ waiting: bigint }>(
      "select count(*) as waiting from pg_locks where relation = 'sorted_lanes'::regclass and not granted",
    );
    return found.rows[0]?.waiting === 1n;
  });
  await client.query(
    "delete from marks m using epochs e where e.no = m.epoch_no and e.gateway = $1",
    [gateway.gateway],
  );
  await client.query("commit");
  assert.deepEqual(await sorted, []);
});

test("tags of a fleet that is met at once get numbers of their own, whether its gateways are set up alike or not", async () => {
  const alike = [nextGateway(), nextGateway()];
  const other = new TestGateway("gw-sort-other", [testTag(1, { unit: "bar" }), testTag(5)]);
  const renamed = nextGateway();
  const newer = makeDictionary([testTag(0, { name: "Flow, corrected" }), testTag(7)]);
  await history.take(
    renamed,
    renamed.dictionaryFrame(),
    renamed.seal("critical", "dictionary", encodeDictionary(newer)),
  );
  for (const gateway of [...alike, other]) await history.take(gateway, gateway.dictionaryFrame());
  const all = [...alike, other, renamed].map(({ gateway, dictionary }) => ({
    gateway,
    dictionary,
  }));
  const wanted = [...all, { gateway: renamed.gateway, dictionary: newer }];
  const book = new SeriesBook();
  await book.fetch(
    history.pool,
    wanted.map(({ gateway, dictionary }) => ({ gateway, hash: dictionary.hash })),
  );
  const found = await history.pool.query<Record<"gateway" | "tag" | "unit", string>>(
    "select * from series where gateway = any($1)",
    [all.map(({ gateway }) => gateway)],
  );
  const places = wanted.flatMap(({ gateway, dictionary }) =>
    dictionary.tags.map(({ id }) => `${gateway}/${id}`),
  );
  assert.deepEqual(
    found.rows.map(({ gateway, tag }) => `${gateway}/${tag}`).toSorted(),
    [...new Set(places)].toSorted(),
  );
  const unitAt = (of: TestGateway): string | undefined =>
    found.rows.find(({ gateway, tag }) => gateway === of.gateway && tag === "pump/t1")?.unit;
  assert.deepEqual([other, ...alike].map(unitAt), ["bar", testTag(1).unit, testTag(1).unit]);
  const numbers = wanted.flatMap(({ gateway, dictionary }) => [
    ...(book.atHand(gateway, dictionary.hash)?.numbers ?? []),
  ]);
  assert.equal(new Set(numbers.filter((one) => one >= 0)).size, found.rows.length);
});

test("texts and tags that a device stamps are sorted like all others", async () => {
  const gateway = new TestGateway("gw-sort-kinds", [
    testTag(0, { clock: "device" }),
    testTag(1, { type: "int64", kind: "counter", decimals: 0 }),
  ]);
  const [first, again] = [1, 2].map(() => gateway.samples([[0, 5, testDayUs]]));
  assert.ok(first !== undefined && again !== undefined);
  await history.take(gateway, gateway.dictionaryFrame(), first, again);
  await history.sorter.sortAll(none);
  assert.deepEqual(await history.samples(gateway, "pump/t0"), [[testDayUs, 5]]);
});

test("a part of a lane may end in the middle of a row, and what is behind comes with the next", async (t) => {
  const gateway = nextGateway();
  const client = await history.pool.connect();
  t.after(() => {
    client.release();
  });
  await history.take(gateway, gateway.dictionaryFrame(), ...seconds(gateway, 0, 40));
  const found = await history.pool.query<{ no: number }>(
    "select no from epochs where gateway = $1",
    [gateway.gateway],
  );
  const part = { epochNo: found.rows[0]?.no ?? -1, lane: 2, gateway: gateway.gateway };
  const numbers = async (afterSeq: number, toSeq: number): Promise<readonly number[]> =>
    (
      await readParts(client, [{ ...part, afterSeq, toSeq }], () => {
        assert.fail("no row is damaged");
      })
    ).map(({ head }) => head.seq);
  assert.deepEqual(await numbers(3, 7), [4, 5, 6, 7]);
  assert.deepEqual(await numbers(37, 40), [38, 39, 40]);
  assert.equal((await numbers(0, 40)).length, 40);
});

test("a row that the disk has changed is noted and outlives its day, and the others are sorted", async () => {
  const gateway = nextGateway();
  await history.take(gateway, gateway.dictionaryFrame(), ...seconds(gateway, 0, 100));
  const changed = await history.pool.query<{ frames: bigint }>(
    `update frames f set bytes = set_byte(f.bytes, 40, 255 - get_byte(f.bytes, 40))
     from epochs e where e.no = f.epoch_no and e.gateway = $1 and f.run_from = 1
     returning f.seq - f.run_from + 1 as frames`,
    [gateway.gateway],
  );
  await history.sorter.sortAll(none);
  const lost = Number(changed.rows[0]?.frames);
  const left = (await history.samples(gateway, "pump/t0")).length;
  assert.ok(left >= 100 - lost && left < 100, `${left} of 100, ${lost} in the row`);
  const noted = await history.pool.query(
    `select from frames f join epochs e on e.no = f.epoch_no where e.gateway = $1 and f.content = 0`,
    [gateway.gateway],
  );
  assert.equal(noted.rows.length, 1);
});
