import assert from "node:assert/strict";
import { test } from "node:test";

import type {
  DeviceId,
  SampleColumns,
  Scalar,
  TagDefinition,
  TagId,
  Telling,
} from "@millwright/wire-contract";
import fc from "fast-check";

import { reconstruct } from "./reconstruct.ts";
import { Teller } from "./teller.ts";
import { ToldRows } from "./told-rows.ts";

interface Row {
  readonly us: number;
  readonly value: Scalar;
  readonly status: number;
}
interface NumberRow extends Row {
  readonly value: number;
}

const second = 1_000_000;
const bad = 0x8000_0000;

function tagTold(index: number, telling?: Telling): TagDefinition {
  return {
    index,
    id: `line/tag-${index}` as TagId,
    name: "",
    device: "press-1" as DeviceId,
    type: "float64",
    kind: "measurement",
    unit: "",
    decimals: 1,
    scale: 1,
    offset: 0,
    revision: 1,
    clock: "gateway",
    expectedMs: 1_000,
    low: NaN,
    high: NaN,
    asset: "",
    texts: new Map(),
    filteredAtSource: "",
    ...(telling === undefined ? {} : { telling }),
  };
}

function toColumns(tag: number, rows: readonly Row[]): SampleColumns {
  const wide = new Map<number, Scalar>();
  for (const [at, { value }] of rows.entries()) if (typeof value !== "number") wide.set(at, value);
  return {
    count: rows.length,
    tag: new Int32Array(rows.length).fill(tag),
    measuredUs: Float64Array.from(rows, ({ us }) => us),
    value: Float64Array.from(rows, ({ value }) => (typeof value === "number" ? value : NaN)),
    status: Uint32Array.from(rows, ({ status }) => status),
    wide,
  };
}

function rowsOf(columns: SampleColumns): Row[] {
  return Array.from({ length: columns.count }, (_row, at) => ({
    us: columns.measuredUs[at] ?? NaN,
    value: columns.wide?.get(at) ?? columns.value[at] ?? NaN,
    status: columns.status[at] ?? 0,
  }));
}

/** Tells the rows in batches of these sizes, and the open line at the end. */
function told(telling: Telling | undefined, rows: readonly Row[], batch = rows.length): Row[] {
  const teller = new Teller([tagTold(3, telling)]);
  const out = new ToldRows();
  for (let at = 0; at < rows.length; at += batch) {
    teller.tell(toColumns(3, rows.slice(at, at + batch)), out);
  }
  teller.flush(out);
  return rowsOf(out.columns());
}

const anyError = fc.constantFrom(0, 0.1, 1, 25);
const anyHeartbeat = fc.constantFrom(1_000, 10_000, 3_600_000);
const anyValue = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: -100, max: 100, noNaN: true }) },
  { weight: 2, arbitrary: fc.constantFrom(0, -0, 1, 50, 1e12) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity) },
);
const anyStep = fc.record({
  ms: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1, max: 3_000 }) },
    { weight: 1, arbitrary: fc.constantFrom(0, -5_000, 86_400_000) },
  ),
  value: anyValue,
  status: fc.oneof(
    { weight: 12, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(bad, 0x4090_0000) },
  ),
});
/** Values that wander, so that doors stay open for a while; now and then anything at all. */
const anyRows = fc
  .array(fc.record({ step: anyStep, drift: fc.double({ min: -0.5, max: 0.5, noNaN: true }) }), {
    maxLength: 120,
  })
  .map((steps) => {
    let us = 1_767_225_600 * second;
    let wandering = 20;
    return steps.map(({ step, drift }, at): NumberRow => {
      us += step.ms * 1_000;
      wandering += drift;
      return { us, value: at % 9 === 8 ? step.value : wandering, status: step.status };
    });
  });

test("what is told is acquired, in order, and has every other sample back within the error", () => {
  const rules = fc.constantFrom("change", "dead-band", "swinging-door");
  fc.assert(
    fc.property(rules, anyError, anyHeartbeat, anyRows, (rule, error, heartbeatMs, rows) => {
      const telling = { rule, error: rule === "change" ? 0 : error, heartbeatMs } as const;
      const heard = told(telling, rows) as NumberRow[];
      assert.deepEqual(violations(telling, rows, heard), []);
    }),
    { numRuns: 500 },
  );
});

test("control: the swinging door as it was published breaks its word, and the check above sees it", () => {
  const telling = { rule: "swinging-door", error: 1, heartbeatMs: 3_600_000 } as const;
  // A peak that no line reaches: the doors have closed, and the sample before is outside of them.
  const values = [0, 1.9, 0.95, 1.9, 3.9, 2];
  const rows = values.map((value, at) => ({ us: at * second, value, status: 0 }));
  const published = publishedDoor(rows, telling.error);
  assert.ok(published.length < rows.length);
  assert.notDeepEqual(violations(telling, rows, published), []);
  assert.deepEqual(violations(telling, rows, told(telling, rows) as NumberRow[]), []);
});

test("a 64-bit counter on a line comes back whole and within the error, wherever its doubles end", () => {
  const steps = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 100 });
  const anyStart = fc.constantFrom(0n, 2n ** 53n - 7n, 2n ** 60n, 2n ** 64n - 1_000n);
  fc.assert(
    fc.property(steps, anyStart, anyError, (counts, start, error) => {
      const telling = { rule: "swinging-door", error, heartbeatMs: 3_600_000 } as const;
      let value = start;
      const rows = counts.map((count, at) => {
        value += BigInt(count);
        return { us: at * second, value, status: 0 };
      });
      const heard = told(telling, rows) as (Row & { value: bigint })[];
      for (const row of rows) {
        const at = heard.findLastIndex(({ us }) => us <= row.us);
        const [before, after] = [heard[at], heard[at + 1]];
        assert(before !== undefined);
        const back = reconstruct(telling, toldSample(before), after && toldSample(after), row.us);
        assert(back !== undefined && typeof back.value === "bigint");
        const off = back.value - row.value;
        assert.ok(
          off <= back.error && -off <= back.error,
          `${row.value} came back as ${back.value}`,
        );
        assert.ok(back.error <= Math.floor(error + 0.5) || back.error === error);
      }
    }),
  );
});

test("the size of the batches changes nothing", () => {
  fc.assert(
    fc.property(anyRows, fc.integer({ min: 1, max: 20 }), (rows, batch) => {
      const telling = { rule: "swinging-door", error: 1, heartbeatMs: 60_000 } as const;
      assert.deepEqual(told(telling, rows, batch), told(telling, rows));
    }),
  );
});

test("without a rule, and with the rule full, all is told", () => {
  const rows = [1, 1, 1].map((value, at) => ({ us: at * second, value, status: 0 }));
  assert.deepEqual(told(undefined, rows), rows);
  assert.deepEqual(told({ rule: "full", error: 0, heartbeatMs: 1_000 }, rows), rows);
});

test("a swinging door tells the corners of a line and nothing between them", () => {
  const rows = Array.from({ length: 100 }, (_row, at) => ({
    us: at * second,
    value: at < 50 ? at : 100 - at,
    status: 0,
  }));
  const telling = { rule: "swinging-door", error: 0.1, heartbeatMs: 3_600_000 } as const;
  assert.deepEqual(
    told(telling, rows).map(({ us }) => us / second),
    [0, 50, 99],
  );
});

test("a constant value is told once in a heartbeat", () => {
  const rows = Array.from({ length: 61 }, (_row, at) => ({ us: at * second, value: 7, status: 0 }));
  for (const rule of ["change", "dead-band", "swinging-door"] as const) {
    const heard = told({ rule, error: 0, heartbeatMs: 20_000 }, rows);
    assert.deepEqual(
      heard.map(({ us }) => us / second),
      [0, 20, 40, 60],
    );
  }
});

test("each change of status is told, with the last sample before it where a line was open", () => {
  const rows = [0, 0, 0, bad, bad, 0].map((status, at) => ({ us: at * second, value: 5, status }));
  assert.deepEqual(
    told({ rule: "swinging-door", error: 1, heartbeatMs: 3_600_000 }, rows).map(
      ({ us }) => us / second,
    ),
    [0, 2, 3, 5],
  );
});

test("after a step back, what is held back is had back from the samples of its time", () => {
  const rows = [
    { ms: 1_000, value: 20 },
    { ms: 900, value: 0 },
    { ms: 1_100, value: 0.2 },
    { ms: 1_200, value: 0.4 },
    { ms: 1_300, value: 0.6 },
  ].map(({ ms, value }): NumberRow => ({ us: ms * 1_000, value, status: 0 }));
  const byTime = (all: readonly NumberRow[]): NumberRow[] => all.toSorted((a, b) => a.us - b.us);
  for (const rule of ["dead-band", "swinging-door"] as const) {
    const telling = { rule, error: 1, heartbeatMs: 3_600_000 } as const;
    const heard = told(telling, rows) as NumberRow[];
    assert.ok(heard.length < rows.length, "something is held back");
    assert.deepEqual(violations(telling, byTime(rows), byTime(heard)), [], rule);
  }
});

test("text, bytes, and 64-bit integers beyond the error are told when they change", () => {
  const bytes = [1, 1, 2].map((byte) => Uint8Array.of(byte));
  const large = [2n ** 63n, 2n ** 63n, 0n];
  for (const values of [["a", "a", "b"], bytes, large]) {
    const rows = values.map((value, at) => ({ us: at * second, value, status: 0 }));
    for (const rule of ["change", "dead-band", "swinging-door"] as const) {
      // A door makes a line of integers.
      if (rule === "swinging-door" && values === large) continue;
      const heard = told({ rule, error: 10, heartbeatMs: 3_600_000 }, rows);
      assert.deepEqual(heard, [rows[0], rows[2]]);
    }
  }
});

test("a 64-bit counter that counts evenly is a line, also where no double is exact", () => {
  const telling = { rule: "swinging-door", error: 2, heartbeatMs: 3_600_000 } as const;
  const count = (from: bigint): Row[] =>
    Array.from({ length: 20 }, (_row, at) => ({
      us: at * second,
      value: from + BigInt(at),
      status: 0,
    }));
  assert.deepEqual(told(telling, count(5n)), [count(5n)[0], count(5n)[19]]);
  const large = count(2n ** 60n);
  assert.deepEqual(told(telling, large), [large[0], large[19]]);
});

test("a snapshot is the newest sample of each tag, told before or not", () => {
  const telling = { rule: "change", error: 0, heartbeatMs: 3_600_000 } as const;
  const teller = new Teller([tagTold(3, telling)]);
  const out = new ToldRows();
  const row = (at: number): SampleColumns =>
    toColumns(3, [{ us: at * second, value: 1, status: 0 }]);
  teller.tell(row(0), out);
  teller.tell(row(1), out);
  assert.equal(out.count, 1);
  assert.equal(teller.snapshot(out), 1);
  assert.equal(teller.snapshot(out), 0);
  assert.deepEqual(
    rowsOf(out.columns()).map(({ us }) => us / second),
    [0, 1, 1],
  );
});

test("a tag that is watched is told in full, for as long as it is", () => {
  const telling = { rule: "change", error: 0, heartbeatMs: 3_600_000 } as const;
  const teller = new Teller([tagTold(3, telling)]);
  const out = new ToldRows();
  for (let at = 0; at < 6; at++) {
    if (at === 2) teller.watch([3]);
    if (at === 4) teller.watch([]);
    teller.tell(toColumns(3, [{ us: at * second, value: 1, status: 0 }]), out);
  }
  assert.deepEqual(
    rowsOf(out.columns()).map(({ us }) => us / second),
    [0, 2, 3],
  );
});

test("the last value of a tag that has gone silent is not held back", () => {
  const telling = { rule: "swinging-door", error: 1, heartbeatMs: 3_600_000 } as const;
  const teller = new Teller([tagTold(3, telling)]);
  const out = new ToldRows();
  teller.tell(
    toColumns(
      3,
      [0, 1, 2].map((at) => ({ us: at * second, value: 1, status: 0 })),
    ),
    out,
  );
  teller.flush(out, 2 * second);
  assert.equal(out.count, 1, "it was heard from just now");
  teller.flush(out, 3 * second);
  assert.deepEqual(
    rowsOf(out.columns()).map(({ us }) => us / second),
    [0, 2],
  );
});

test("columns grow past their first size and keep what they hold", () => {
  const rows = Array.from({ length: 5_000 }, (_row, at) => ({
    us: at * second,
    value: at % 7 === 0 ? `text ${at}` : at,
    status: 0,
  }));
  assert.deepEqual(told(undefined, rows), rows);
});

/** What cannot be had back from `heard` as it was acquired, in words. */
function violations(
  telling: Telling,
  rows: readonly NumberRow[],
  heard: readonly NumberRow[],
): string[] {
  const found: string[] = [];
  let next = 0;
  for (const row of rows) {
    const after = heard[next];
    if (after !== undefined && same(row, after)) {
      next++;
      continue;
    }
    const before = heard[next - 1];
    if (before === undefined) return ["the first sample is not told"];
    const back = reconstruct(telling, toldSample(before), after && toldSample(after), row.us);
    if (back === undefined) {
      found.push(`nothing is known of ${row.us}`);
      continue;
    }
    if (back.status !== row.status) found.push(`the status at ${row.us} came back as another`);
    if (back.error > telling.error) found.push(`${back.error} is more than the rule says`);
    const value = Number(back.value);
    const rounding = 1e-12 * Math.max(1, Math.abs(row.value), Math.abs(before.value));
    const isNear = Math.abs(value - row.value) <= telling.error + rounding;
    if (!isNear && !Object.is(value, row.value)) found.push(`${row.value} came back as ${value}`);
  }
  if (next !== heard.length) found.push("something was told that was not acquired");
  return found;
}

/** Ends a line when the doors have crossed, at the sample before, without asking whether that lies between them. */
function publishedDoor(rows: readonly NumberRow[], error: number): NumberRow[] {
  const [first] = rows;
  if (first === undefined) return [];
  const heard = [first];
  let [from, before] = [first, first];
  let [slopeMin, slopeMax] = [-Infinity, Infinity];
  for (const row of rows.slice(1)) {
    slopeMin = Math.max(slopeMin, (row.value - error - from.value) / (row.us - from.us));
    slopeMax = Math.min(slopeMax, (row.value + error - from.value) / (row.us - from.us));
    if (slopeMin > slopeMax) {
      heard.push(before);
      from = before;
      slopeMin = (row.value - error - from.value) / (row.us - from.us);
      slopeMax = (row.value + error - from.value) / (row.us - from.us);
    }
    before = row;
  }
  return [...heard, before];
}

function same(a: NumberRow, b: NumberRow): boolean {
  return a.us === b.us && Object.is(a.value, b.value) && a.status === b.status;
}

function toldSample({
  us,
  value,
  status,
}: Omit<Row, "value"> & { readonly value: number | bigint }): Parameters<typeof reconstruct>[1] {
  return { measuredUs: us, value, status };
}
