import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { seededRandom } from "@millwright/kit";
import { decodeDictionary } from "./dictionary.ts";
import { parseFrame } from "./frame-codec.ts";
import { fuzz, playFrame } from "./fuzz.ts";

const cases = new URL("../cases/", import.meta.url);

function framesIn(folder: string): { readonly name: string; readonly bytes: Uint8Array }[] {
  const at = new URL(`${folder}/`, cases);
  return readdirSync(at)
    .filter((name) => name.endsWith(".frame"))
    .map((name) => ({ name, bytes: readFileSync(new URL(name, at)) }));
}

test("thousands of mutated frames are answered, none by an exception", () => {
  const seed = "wire-contract";
  const counts = fuzz(
    framesIn("version-1").map(({ bytes }) => bytes),
    4_000,
    seededRandom(seed),
  );
  // Each answer was given often: mutations that all fail at the CRC would try nothing.
  for (const [answer, count] of Object.entries(counts)) {
    if (answer !== "undecodable") assert(count > 200, `${answer}: ${count} with seed ${seed}`);
  }
});

test("every mutated frame that is kept is still answered as it was", () => {
  const dictionaryFrame = parseFrame(readFileSync(new URL("version-1/dictionary.frame", cases)));
  assert(dictionaryFrame.kind === "frame");
  const dictionary = decodeDictionary(dictionaryFrame.body);
  assert(!("kind" in dictionary));
  const kept = framesIn("mutated");
  assert(kept.length >= 40);
  for (const { name, bytes } of kept) {
    // The name ends with the answer: 017-refused.frame.
    const expected = name.slice(name.indexOf("-") + 1, -".frame".length);
    assert.equal(playFrame(bytes, dictionary), expected, name);
  }
});
