import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import type { ModbusPoint, Table } from "./addresses.ts";
import { isBitTable } from "./addresses.ts";
import { BlameCase, canBlame } from "./blame.ts";
import { checkTogether, groupRequests, type ReadRequest } from "./requests.ts";

const limits = { registersMax: 125, coilsMax: 2_000, gapMax: 0 };

function at(
  index: number,
  table: Table,
  address: number,
  count: 1 | 2 | 4 = 1,
  more: Partial<ModbusPoint> = {},
): ModbusPoint {
  return {
    index,
    tag: `t${index}`,
    unit: 1,
    table,
    address,
    count,
    decoding: isBitTable(table)
      ? { kind: "coil" }
      : {
          kind: "number",
          type: count === 1 ? "uint16" : count === 2 ? "uint32" : "uint64",
          order: "ABCD",
          registerCount: count,
          encoding: "plain",
          asBool: false,
          sentinels: [],
        },
    everyMs: 1_000,
    ...more,
  };
}

const points = fc
  .array(
    fc.record({
      table: fc.constantFrom<Table>("coil", "discrete", "holding", "input"),
      address: fc.nat(300),
      count: fc.constantFrom<1 | 2 | 4>(1, 2, 4),
      unit: fc.integer({ min: 1, max: 3 }),
      together: fc.option(fc.constantFrom("a", "b"), { nil: undefined }),
    }),
    { maxLength: 60 },
  )
  .map((records) =>
    records.map(({ table, address, count, unit, together }, index) =>
      at(index, table, address, isBitTable(table) ? 1 : count, {
        unit,
        ...(together === undefined ? {} : { together: `${together} ${unit} ${table}` }),
      }),
    ),
  );
const someLimits = fc.record({
  registersMax: fc.integer({ min: 4, max: 125 }),
  coilsMax: fc.integer({ min: 1, max: 200 }),
  gapMax: fc.nat(20),
});

function holds(request: ReadRequest, point: ModbusPoint): boolean {
  return (
    request.unit === point.unit &&
    request.table === point.table &&
    request.address <= point.address &&
    point.address + point.count <= request.address + request.count
  );
}

describe("grouping", () => {
  test("covers every point once, within the limits, and never splits a value or a set", () => {
    fc.assert(
      fc.property(points, someLimits, (all, within) => {
        fc.pre(checkTogether(all, within) === undefined);
        const requests = groupRequests(all, within);
        const covered = requests.flatMap((request) => request.atoms.flatMap((atom) => atom.points));
        assert.deepEqual(
          covered.map((point) => point.index).sort((a, b) => a - b),
          all.map((point) => point.index),
        );
        const sets = new Map<string, ReadRequest>();
        for (const request of requests) {
          const max = isBitTable(request.table) ? within.coilsMax : within.registersMax;
          assert.ok(request.count <= max);
          for (const point of request.atoms.flatMap((atom) => atom.points)) {
            assert.ok(holds(request, point), "a value is split");
            if (point.together === undefined) continue;
            assert.equal(sets.get(point.together) ?? request, request, "a set is split");
            sets.set(point.together, request);
          }
        }
      }),
    );
  });

  test("reads nothing that nobody asked for, unless a gap is allowed", () => {
    const all = [at(0, "holding", 1), at(1, "holding", 2), at(2, "holding", 4)];
    const plain = groupRequests(all, limits).map(({ address, count }) => [address, count]);
    assert.deepEqual(plain, [
      [1, 2],
      [4, 1],
    ]);
    const [joined] = groupRequests(all, { ...limits, gapMax: 1 });
    assert.deepEqual([joined?.address, joined?.count], [1, 4]);
  });

  test("does not read over an address that was refused", () => {
    const all = [at(0, "holding", 1), at(1, "holding", 3)];
    const requests = groupRequests(all, { ...limits, gapMax: 5 }, () => ({
      refused: new Set([2]),
    }));
    assert.equal(requests.length, 2);
  });

  test("reads a scale factor with the values it belongs to", () => {
    const [request] = groupRequests(
      [
        at(0, "holding", 10, 1, { scaleRegister: 11 }),
        at(1, "holding", 12, 1, { scaleRegister: 11 }),
      ],
      limits,
    );
    assert.deepEqual([request?.address, request?.count], [10, 3]);
  });

  test("a set that no request can hold is refused in words", () => {
    const far = { together: "pose" };
    assert.match(
      checkTogether([at(0, "holding", 1, 1, far), at(1, "holding", 200, 1, far)], limits) ?? "",
      /spans 200/,
    );
    assert.match(
      checkTogether([at(0, "holding", 1, 1, far), at(1, "input", 2, 1, far)], limits) ?? "",
      /one request reads one/,
    );
  });
});

/** Plays a case against a device where some addresses refuse and long reads are too long. */
function play(
  root: ReadRequest,
  refuses: ReadonlySet<number>,
  countMax: number,
): { guilty: number[]; good: number[]; asked: number; verdict: ReturnType<BlameCase["verdict"]> } {
  const codeOf = (request: ReadRequest): number | undefined => {
    if (request.count > countMax) return 3;
    for (let address = request.address; address < request.address + request.count; address++) {
      if (refuses.has(address)) return 2;
    }
    return undefined;
  };
  const code = codeOf(root);
  assert.ok(code !== undefined);
  const blame = new BlameCase(root, code);
  const todo = [...blame.refused(root, code)];
  const good: number[] = [];
  let asked = 1;
  for (let piece = todo.shift(); piece !== undefined; piece = todo.shift()) {
    asked++;
    const answer = codeOf(piece);
    if (answer === undefined) {
      blame.answered(piece);
      good.push(...piece.atoms.flatMap((atom) => atom.points.map((point) => point.index)));
    } else todo.push(...blame.refused(piece, answer));
  }
  assert.ok(blame.over);
  const verdict = blame.verdict();
  const guilty = (verdict?.guilty ?? []).flatMap(({ atom }) =>
    atom.points.map((point) => point.index),
  );
  return { guilty, good, asked, verdict };
}

describe("blame", () => {
  test("falls exactly on the values whose registers refuse, and all others are read", () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 2, maxLength: 125 }),
        fc.constantFrom<1 | 2>(1, 2),
        (bad, count) => {
          const wanted = bad.slice(0, Math.floor(125 / count));
          fc.pre(wanted.length >= 2 && wanted.includes(true));
          const all = wanted.map((_, index) => at(index, "holding", index * count, count));
          const [root] = groupRequests(all, limits);
          assert.ok(root !== undefined);
          // The last register of a value refuses: the value is guilty as a whole.
          const refuses = new Set(
            wanted.flatMap((isBad, index) => (isBad ? [index * count + count - 1] : [])),
          );
          const { guilty, good, asked } = play(root, refuses, 125);
          const indices = all.map((point) => point.index);
          assert.deepEqual(
            guilty.sort((a, b) => a - b),
            indices.filter((index) => wanted[index] === true),
          );
          assert.deepEqual(
            good.sort((a, b) => a - b),
            indices.filter((index) => wanted[index] === false),
          );
          assert.ok(asked <= 2 * all.length - 1, `${asked} questions`);
        },
      ),
    );
  });

  test("one guilty register among 125 costs at most 15 questions", () => {
    const all = Array.from({ length: 125 }, (_, index) => at(index, "holding", index));
    const [root] = groupRequests(all, limits);
    assert.ok(root !== undefined);
    for (const index of [0, 62, 124]) {
      assert.ok(play(root, new Set([index]), 125).asked <= 15);
    }
  });

  test("when every part is readable, the size was the trouble, and is learned", () => {
    const all = Array.from({ length: 100 }, (_, index) => at(index, "holding", index));
    const [root] = groupRequests(all, limits);
    assert.ok(root !== undefined);
    const { guilty, good, verdict } = play(root, new Set(), 30);
    assert.deepEqual(guilty, []);
    assert.equal(good.length, 100);
    assert.equal(verdict?.countMax, 25);
  });

  test("a gap that refuses is learned, and nobody is blamed", () => {
    const all = [at(0, "holding", 0), at(1, "holding", 3)];
    const [root] = groupRequests(all, { ...limits, gapMax: 5 });
    assert.ok(root !== undefined);
    const { guilty, good, verdict } = play(root, new Set([2]), 125);
    assert.deepEqual([guilty, good, verdict?.gaps], [[], [0, 1], [1, 2]]);
  });

  test("a set declared together is guilty as a whole", () => {
    const set = { together: "pose" };
    const all = [at(0, "holding", 0, 1, set), at(1, "holding", 1, 1, set), at(2, "holding", 2)];
    const [root] = groupRequests(all, limits);
    assert.ok(root !== undefined);
    assert.deepEqual(play(root, new Set([1]), 125).guilty, [0, 1]);
  });

  test("without a word from the device for one part nothing is concluded", () => {
    const all = [at(0, "holding", 0), at(1, "holding", 1)];
    const [root] = groupRequests(all, limits);
    assert.ok(root !== undefined && canBlame(2, root));
    const blame = new BlameCase(root, 2);
    const [one, other] = blame.refused(root, 2);
    assert.ok(one !== undefined && other !== undefined);
    blame.refused(one, 2);
    blame.unclear();
    assert.ok(blame.over);
    assert.equal(blame.verdict(), undefined);
  });
});
