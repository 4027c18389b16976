import assert from "node:assert/strict";
import { test } from "node:test";

import { parseTagTable } from "./tag-table.ts";

test("a table reads the same with commas and with semicolons, with and without a byte mark", () => {
  const comma = parseTagTable("t.csv", "id,name,unit\na,Oil pressure,bar\nb,,\n");
  const semicolon = parseTagTable("t.csv", "\uFEFFID;Name;Unit\r\na;Oil pressure;bar\r\nb;;\r\n");
  assert.deepEqual(comma.problems, []);
  assert.deepEqual(comma.rows, semicolon.rows);
  assert.deepEqual(comma.rows[0]?.cells, { id: "a", name: "Oil pressure", unit: "bar" });
  assert.deepEqual(comma.rows[1]?.cells, { id: "b" });
});

test("a row is named as a spreadsheet counts it", () => {
  const { rows } = parseTagTable("t.csv", "id\na\nb\n");
  assert.deepEqual(
    rows.map((row) => row.where),
    ["t.csv: row 2", "t.csv: row 3"],
  );
});

test("a row with too many cells and a column named twice are reported, the rest is read", () => {
  const { rows, problems } = parseTagTable("t.csv", "id,unit,unit\na,bar,bar\nb,1,2,3,4\n");
  assert.equal(rows.length, 1);
  assert.deepEqual(
    problems.map((problem) => problem.where),
    ["t.csv: row 1", "t.csv: row 3"],
  );
});

test("a quote that never ends is reported and not guessed at", () => {
  const { rows, problems } = parseTagTable("t.csv", 'id,name\na,"open\nb,x\n');
  assert.equal(rows.length, 0);
  assert.equal(problems.length, 1);
});

test("an empty file says what its first row must be", () => {
  const { problems } = parseTagTable("t.csv", "");
  assert.match(problems[0]?.what ?? "", /first row must name the columns/);
});
