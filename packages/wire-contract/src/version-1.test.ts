/** Frames that were stored by version 1. They are never made anew: what was written once is read for ever. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeDictionary, type Dictionary } from "./dictionary.ts";
import { parseFrame } from "./frame-codec.ts";
import { frameJson } from "./frame-json.ts";

const folder = new URL("../cases/version-1/", import.meta.url);
const names = readdirSync(folder)
  .filter((name) => name.endsWith(".frame"))
  .map((name) => name.slice(0, -".frame".length));

function read(name: string): Uint8Array {
  return readFileSync(new URL(name, folder));
}

function storedDictionary(): Dictionary {
  const frame = parseFrame(read("dictionary.frame"));
  assert(frame.kind === "frame");
  const dictionary = decodeDictionary(frame.body);
  assert(!("kind" in dictionary));
  return dictionary;
}

for (const name of names) {
  test(`the stored frame "${name}" of version 1 says what it said when it was stored`, () => {
    const expected: unknown = JSON.parse(read(`${name}.json`).toString());
    const said: unknown = JSON.parse(
      JSON.stringify(frameJson(read(`${name}.frame`), storedDictionary())),
    );
    assert.deepEqual(said, expected);
  });
}

test("there is a stored frame of every content", () => {
  const contents = [
    "dictionary",
    "ledger",
    "void",
    "start",
    "clock",
    "capture",
    "piece",
    "aggregates",
    "events",
  ];
  for (const name of ["by-tag", "wide", "by-time", ...contents]) {
    assert(names.includes(name), name);
  }
});
