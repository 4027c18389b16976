import { seededRandom } from "@millwright/kit";
import { parse } from "csv-parse/sync";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { newFleet } from "../machines/fleet.ts";
import { shippedTables, templatesFolder } from "./shipped-tables.ts";
import { tagName } from "./tag-table.ts";

test("the tables beside the package are those of the machines", async () => {
  for (const [file, text] of shippedTables()) {
    const shipped = await readFile(new URL(`${templatesFolder.href}/${file}`), "utf8");
    assert.equal(shipped, text, `${file}: run node src/tables/write-tables.ts`);
  }
});

test("the four machines have about 120 points, each of them with an id of its own", () => {
  const fleet = newFleet(4, seededRandom(1));
  const count = fleet.reduce((sum, { points }) => sum + points.length, 0);
  assert.ok(count >= 110 && count <= 130, `${count} points`);
  for (const [file, text] of shippedTables()) {
    const ids = rows(text).map((row) => row["id"]);
    assert.equal(new Set(ids).size, ids.length, file);
  }
});

test("each table marks 3 to 12 places of an overview, each place once", () => {
  for (const [file, text] of shippedTables()) {
    const places = rows(text)
      .map((row) => row["overview"])
      .filter((place) => place !== "");
    assert.ok(places.length >= 3 && places.length <= 12, `${file}: ${places.length}`);
    assert.equal(new Set(places).size, places.length, file);
  }
});

test("ids are words with dashes", () => {
  assert.equal(tagName("Motor.PowerFactor"), "motor-power-factor");
  assert.equal(tagName("VolumeFlowRateRMS"), "volume-flow-rate-rms");
});

function rows(text: string): Record<string, string>[] {
  return parse(text, { columns: true });
}
