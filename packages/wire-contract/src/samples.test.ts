import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BatchScratch } from "./columns/target.ts";
import { makeDictionary } from "./dictionary.ts";
import { decodeSamples, encodeSamples, encodeSeries } from "./samples.ts";
import type { Scalar, ValueType } from "./scalar.ts";
import { makeTag, type Row, sortedByTag, toColumns, toRows, valueTypes } from "./test-tags.ts";

const startUs = 1_767_225_600_000_000;

// One tag of each type, plain and scaled, at indices with holes between them.
const tags = valueTypes.flatMap((type, at) => [
  makeTag(at * 3, { type }),
  makeTag(at * 3 + 1, { type, scale: 0.1, offset: -40, decimals: at % 5 }),
]);
const dictionary = makeDictionary(tags);

function encode(
  rows: readonly Row[],
  care: "none" | "quick" | "least",
  of = dictionary,
): Uint8Array {
  return encodeSamples(
    toColumns(rows, (tag) => of.byIndex(tag)?.type ?? "float64"),
    of,
    care,
  );
}

function roundTrip(rows: readonly Row[], care: "none" | "quick" | "least", of = dictionary): Row[] {
  const decoded = decodeSamples(encode(rows, care, of), of);
  assert(!("kind" in decoded), JSON.stringify(decoded));
  return toRows(decoded);
}

function assertKept(rows: readonly Row[], of = dictionary): void {
  // deepStrictEqual compares as Object.is does: -0 is not 0, NaN is NaN.
  for (const care of ["none", "quick", "least"] as const) {
    assert.deepEqual(roundTrip(rows, care, of), sortedByTag(rows));
  }
}

const anyDouble = fc.oneof(
  fc.double(),
  fc.integer().map((whole) => whole / 100),
  fc.integer({ min: -1_000, max: 1_000 }).map((whole) => whole * 0.1 - 40),
  fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, 5e-324, Number.MAX_VALUE, 2 ** 53, -(2 ** 53)),
);
const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n, 2n ** 53n + 1n),
);
const uint64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(2n ** 64n - 1n, 2n ** 63n, 2n ** 63n - 1n),
);
// "binary" makes lone surrogates; devices with broken firmware make them too.
const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "",
    "\ud800",
    "a\udc00b",
    "Kühlwasser",
    "温度",
    "درجة",
    "\u0000",
    "🌡️",
    "\ufeffbom",
  ),
);

const ofType: Readonly<Record<ValueType, fc.Arbitrary<Scalar>>> = {
  bool: fc.oneof(fc.constantFrom(0, 1), fc.boolean()),
  int8: fc.integer({ min: -128, max: 127 }),
  uint8: fc.integer({ min: 0, max: 255 }),
  int16: fc.integer({ min: -32_768, max: 32_767 }),
  uint16: fc.integer({ min: 0, max: 65_535 }),
  int32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  int64,
  uint64,
  float32: fc.oneof(fc.float(), anyDouble),
  float64: anyDouble,
  string: text,
  bytes: fc.uint8Array({ maxLength: 40 }),
  time: fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 }),
  enum: fc.integer({ min: -5, max: 300 }),
};

const anyTime = fc.oneof(
  fc.integer({ min: 0, max: 5_000_000 }).map((us) => startUs + us),
  fc.integer({ min: 0, max: 100 }).map((tick) => startUs + tick * 1_000),
  fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 }),
);
const anyStatus = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  fc.constantFrom(0x480, 0x8000_0000, 0xffff_ffff, 0x4090_0000),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);
const anyRow: fc.Arbitrary<Row> = fc.constantFrom(...tags).chain((tag) =>
  fc.record({
    tag: fc.constant(tag.index),
    us: anyTime,
    // A bad sample may come without a value whatever its type.
    value: fc.oneof({ weight: 9, arbitrary: ofType[tag.type] }, fc.constant(NaN)),
    status: anyStatus,
  }),
);

test("rows of every type come back exactly and in the order of their tag", () => {
  fc.assert(
    fc.property(fc.array(anyRow, { maxLength: 120 }), (rows) => {
      assertKept(rows);
    }),
    { numRuns: 300 },
  );
});

test("a long run of one tag comes back exactly, whatever its values", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...tags).chain((tag) =>
        fc.array(
          fc.record({
            tag: fc.constant(tag.index),
            us: anyTime,
            value: ofType[tag.type],
            status: anyStatus,
          }),
          { minLength: 10, maxLength: 400, size: "max" },
        ),
      ),
      (rows) => {
        assertKept(rows);
      },
    ),
    { numRuns: 120 },
  );
});

test("sensors as they are, with flags, gaps and clocks that step back, come back exactly", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 200, maxLength: 600, size: "max" }),
      fc.integer({ min: 0, max: 4 }),
      fc.constantFrom(1, 10, 1_000, 1_000_000, -1_000_000),
      fc.constantFrom("float32" as const, "float64" as const),
      (steps, decimals, everyUs, type) => {
        const of = makeDictionary([makeTag(7, { type, decimals })]);
        let level = 2_000;
        let us = startUs;
        const rows = steps.map((step, at) => {
          level += step;
          us += at % 97 === 96 ? -everyUs * 50 : everyUs + (step > 7 ? step * 1_000 : 0);
          const exact = level / 10 ** decimals;
          const value = at % 41 === 40 ? NaN : type === "float32" ? Math.fround(exact) : exact;
          return { tag: 7, us, value, status: at % 41 === 40 ? 0x808c_0000 : 0 };
        });
        assertKept(rows, of);
      },
    ),
    { numRuns: 100 },
  );
});

test("steps at the bounds of each number of bytes, and times at the bound of the grid, come back exactly", () => {
  const bounds = [0, 1, 63, 64, 65, 8_191, 8_192, 8_193, 2 ** 29, 2 ** 30, 2 ** 31, 2 ** 40];
  const step = fc
    .constantFrom(...bounds)
    .chain((size) => fc.constantFrom(size, -size, size - 1, 1 - size));
  const away = fc.constantFrom(0, 1, -1, 62, -62, 63, -63, 64, -64, 65, 500);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(step, away), { minLength: 6, maxLength: 60 }),
      fc.constantFrom(1, 10, 100),
      fc.constantFrom(1, 1_000),
      fc.option(fc.tuple(fc.nat(59), fc.constantFrom(NaN, -0, 0, Infinity, 0.1 + 0.2))),
      (steps, power, tickUs, odd) => {
        let whole = 0;
        const rows = steps.map(([step, away], at) => {
          whole += step;
          const value = odd?.[0] === at ? odd[1] : whole / power;
          return { tag: 30, us: startUs + (at * 1_000 + away) * tickUs, value, status: 0 };
        });
        assertKept(rows);
      },
    ),
  );
});

test("samples of one tag have the same bytes whether a column says so or not", () => {
  const series = fc.constantFrom(...tags).chain(({ index, type }) =>
    fc.array(
      fc.record({
        tag: fc.constant(index),
        us: anyTime,
        value: ofType[type],
        status: anyStatus,
      }),
      { maxLength: 60 },
    ),
  );
  fc.assert(
    fc.property(series, fc.constantFrom("none" as const, "quick" as const), (rows, care) => {
      const columns = toColumns(rows, (tag) => dictionary.byIndex(tag)?.type ?? "float64");
      const index = rows[0]?.tag ?? 0;
      assert.deepEqual(
        encodeSeries(columns, index, dictionary, care),
        encodeSamples(columns, dictionary, care),
      );
    }),
  );
});

test("a body that was read stays as it is when the next one is read", () => {
  const rowsOf = (add: number): readonly Row[] =>
    Array.from({ length: 400 }, (_, at) => ({
      tag: at % 2 === 0 ? 30 : (tags.find(({ type }) => type === "bytes")?.index ?? 0),
      us: startUs + at * 1_000_000 + ((at * 7) % 5) * 1_000,
      value: at % 2 === 0 ? ((at * 13) % 17) + add : Uint8Array.of(at % 5, add, 7),
      status: 0,
    }));
  const first = decodeSamples(encode(rowsOf(1), "quick"), dictionary);
  assert(!("kind" in first));
  const before = toRows(first);
  decodeSamples(encode(rowsOf(2), "quick"), dictionary);
  assert.deepEqual(toRows(first), before);
  assert.deepEqual(before, sortedByTag(rowsOf(1)));
});

test("a frame without samples and one with a single sample are frames", () => {
  assertKept([]);
  for (const tag of tags) {
    assertKept([
      { tag: tag.index, us: startUs + 1, value: tag.type === "string" ? "x" : -0, status: 0 },
    ]);
  }
});

test("indices far apart come back", () => {
  const of = makeDictionary([makeTag(0), makeTag(5), makeTag(2 ** 31 - 1)]);
  const rows = [2 ** 31 - 1, 0, 5, 0, 2 ** 31 - 1].map((tag, at) => ({
    tag,
    us: startUs + at,
    value: at,
    status: 0,
  }));
  assertKept(rows, of);
});

test("NaN, infinities and negative zero among decimals do not make the others larger", () => {
  const rows = Array.from({ length: 512 }, (_, at) => ({
    tag: 30,
    us: startUs + at * 1_000_000,
    value:
      at % 100 === 50
        ? ([NaN, Infinity, -0, -Infinity, NaN][(at - 50) / 100] ?? 0)
        : (2_000 + at) / 100,
    status: 0,
  }));
  assertKept(rows);
  const columns = toColumns(rows, () => "float64");
  assert(encodeSamples(columns, dictionary).length < 150);
});

test("values made by a scale of 0.1 are written as the device's whole numbers", () => {
  const of = makeDictionary([makeTag(0, { scale: 0.1, offset: 0, decimals: 1 })]);
  const rows = Array.from({ length: 512 }, (_, at) => ({
    tag: 0,
    us: startUs + at * 1_000_000,
    value: 0.1 * ((at * 7) % 60),
    status: 0,
  }));
  assertKept(rows, of);
  assert(
    encodeSamples(
      toColumns(rows, () => "float64"),
      of,
    ).length < 512,
  );
});

test("the body of another dictionary is refused where it names a tag that is not there", () => {
  const body = encodeSamples(
    toColumns([{ tag: 3, us: startUs, value: 1, status: 0 }], () => "int8"),
    dictionary,
  );
  const answer = decodeSamples(body, makeDictionary([makeTag(4)]));
  assert.deepEqual(answer, {
    kind: "refused",
    reason: "samples cannot be read: tag 3 is not in its dictionary",
  });
});

/** Told within a bound: at times of their own, some tags often and most not at all. */
const toldRows = fc
  .array(
    fc.record({
      tag: fc.constantFrom(...tags).filter(({ type }) => type === "float64" || type === "float32"),
      afterMs: fc.integer({ min: 0, max: 300 }),
      value: fc.integer({ min: -2_000, max: 2_000 }),
    }),
    { minLength: 1, maxLength: 200, size: "max" },
  )
  .map((steps) => {
    let us = startUs;
    return steps.map(({ tag, afterMs, value }): Row => {
      us += afterMs * 1_000;
      const number = value / 10;
      return {
        tag: tag.index,
        us,
        value: tag.type === "float32" ? Math.fround(number) : number,
        status: 0,
      };
    });
  });

test("samples at times of their own come back exactly, whatever the layout", () => {
  fc.assert(
    fc.property(toldRows, (rows) => {
      assertKept(rows);
      assert.ok(encode(rows, "least").length <= encode(rows, "quick").length);
    }),
  );
});

test("what is told within a bound takes a quarter fewer bytes in the order of time", () => {
  const many = makeDictionary(
    Array.from({ length: 60 }, (_tag, index) => makeTag(index, { type: "float64", decimals: 1 })),
  );
  const rows = Array.from({ length: 200 }, (_row, at): Row => {
    const tag = (at * at * 7 + (at >> 3)) % 60;
    const value = Math.round(400 + 90 * Math.sin(at / 9 + tag)) / 10;
    const us = startUs + Math.floor(at / 3) * 141_000 + ((at * 31) % 7) * 1_000;
    return { tag, us, value, status: 0 };
  });
  const [quick, least] = (["quick", "least"] as const).map(
    (care) => encode(rows, care, many).length,
  );
  assert.ok(quick !== undefined && least !== undefined);
  assert.ok(least < 0.75 * quick, `${least} of ${quick} bytes`);
});

test("a body by time that is cut short or claims more rows is refused or says other values, and ends", () => {
  const rows = Array.from({ length: 50 }, (_row, at) => ({
    tag: tags[(at * 7) % tags.length]?.index ?? 0,
    us: startUs + at * 12_000,
    value: NaN,
    status: 0,
  }));
  const body = encode(rows, "least");
  for (let length = 0; length < body.length; length++) {
    const decoded = decodeSamples(body.subarray(0, length), dictionary);
    assert("kind" in decoded || decoded.count <= 50);
  }
  // Field 1 is the count: key, then a varint of one byte.
  const many = Uint8Array.from([8, 0xc0, 0x84, 0x3d, ...body.subarray(2)]);
  const refused = decodeSamples(many, dictionary);
  assert("kind" in refused && refused.reason.includes("4096 rows"), JSON.stringify(refused));
});

test("frames of a batch lie beside each other until the next batch begins, in the same memory", () => {
  const scratch = new BatchScratch();
  const double = tags.find(({ type, scale }) => type === "float64" && scale === 1)?.index ?? -1;
  // Of 30,000 rows two fit into a block, and a frame of 100,000 has memory of its own.
  const sizes = [3, 30_000, 30_000, 30_000, 100_000, 1];
  const decodeAll = (add: number): ReturnType<typeof decodeSamples>[] => {
    scratch.begin();
    return sizes.map((size, frame) =>
      decodeSamples(
        encode(
          Array.from({ length: size }, (_, row) => ({
            tag: double,
            us: startUs + row * 1_000,
            value: frame + add + (row % 7),
            status: row === 0 ? add : 0,
          })),
          "none",
        ),
        dictionary,
        scratch,
      ),
    );
  };
  const first = decodeAll(100);
  const buffers = first.map((samples) => ("kind" in samples ? undefined : samples.value.buffer));
  assert.equal(new Set(buffers).size, 3);
  for (const [frame, samples] of first.entries()) {
    assert(!("kind" in samples));
    assert.equal(samples.count, sizes[frame]);
    for (const row of [0, samples.count - 1]) {
      assert.equal(samples.value[row], frame + 100 + (row % 7));
      assert.equal(samples.status[row], row === 0 ? 100 : 0);
    }
  }
  const second = decodeAll(0);
  for (const [frame, samples] of second.entries()) {
    assert(!("kind" in samples));
    if (frame !== 4) assert.equal(samples.value.buffer, buffers[frame]);
    assert(samples.status.every((status) => status === 0));
    assert.equal(samples.value[samples.count - 1], frame + ((samples.count - 1) % 7));
  }
});
