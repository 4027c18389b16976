import assert from "node:assert/strict";
import { test } from "node:test";

import { tagsMax, tooManyTags } from "./tag-limit.ts";
import { parseTagTable } from "./tag-table.ts";

test("settings with more tags than a gateway takes are refused with their count, their largest device and what to do", () => {
  const devices = [
    { id: "press", tags: { length: tagsMax - 5 } },
    { id: "kiln", tags: { length: 6 } },
  ];
  const problem = tooManyTags("gateway.yaml", devices);
  assert.equal(problem?.where, "gateway.yaml");
  assert.match(problem.what, /100001 tags.*takes 100000; divide.*device press has 99995/);
  assert.equal(tooManyTags("gateway.yaml", devices.slice(0, 1)), undefined);
  assert.equal(tooManyTags("gateway.yaml", []), undefined);
});

test("a table with more rows than a gateway takes is refused before its rows become tags", () => {
  const { rows, problems } = parseTagTable("big.csv", `id\n${"a\n".repeat(tagsMax + 1)}`);
  assert.equal(rows.length, 0);
  assert.deepEqual(
    problems.map(({ where }) => where),
    ["big.csv"],
  );
  assert.match(problems[0]?.what ?? "", /more than 100000 rows.*divide/);
});
