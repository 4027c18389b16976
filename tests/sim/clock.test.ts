import assert from "node:assert/strict";
import { test } from "node:test";

import { silentLog } from "@millwright/kit";
import { clocks } from "@millwright/scenario";
import { decodeSamples } from "@millwright/wire-contract";

import { openPlant } from "./plant.ts";
import { playFault } from "./play-fault.ts";

/** Longer than all retries: everything that was sealed is at the hub. */
const restMs = 90_000;
const all = [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER] as const;

test("stamps of a clock that is unset at boot and set later are corrected to where they were made", async () => {
  const scenario = clocks.find(({ name }) => name.endsWith("unset at boot and set later"));
  const fault = scenario?.faults[0];
  assert(scenario !== undefined && fault !== undefined);
  await using plant = await openPlant(scenario, 1, () => silentLog);
  const beganUs = plant.clock.nowUs();
  await plant.clock.advance(fault.atMs);
  const playing = playFault(fault, plant);
  await plant.clock.advance(scenario.forMs);
  await playing;
  const [edge] = plant.edges;
  assert(edge !== undefined);
  edge.gateway.fallQuiet();
  await plant.clock.advance(restMs);

  const { store } = plant.database;
  const { gateway } = edge.gateway.options;
  const corrections = new Map<number, number>();
  for (const { segment, offsetUs, disciplined } of await store.clockRecords(gateway, ...all)) {
    if (disciplined) corrections.set(segment, offsetUs);
  }
  const read = new Map<string, { value: number; stampUs: number; readUs: number }[]>();
  for (const { head, body } of await store.samplesBetween(gateway, ...all)) {
    const dictionary = await store.dictionary(gateway, head.dictionary);
    assert(dictionary !== undefined);
    const columns = decodeSamples(body, dictionary);
    assert(!("kind" in columns));
    for (let row = 0; row < columns.count; row++) {
      const tag = dictionary.byIndex(columns.tag[row] ?? -1);
      // What the device has stamped needs no correction, and a bad reading has no value.
      if (tag?.clock !== "gateway" || (columns.status[row] ?? 0) !== 0) continue;
      const stampUs = columns.measuredUs[row] ?? NaN;
      const readUs = stampUs + (corrections.get(head.clock.segment) ?? 0);
      const samples = read.get(tag.id) ?? [];
      samples.push({ value: columns.value[row] ?? NaN, stampUs, readUs });
      read.set(tag.id, samples);
    }
  }
  assert.ok(read.size > 0);
  for (const samples of read.values()) {
    samples.sort((a, b) => a.value - b.value);
    // The control: as they were stamped they lie in 1970, before all others.
    assert.ok(samples.some(({ stampUs }) => stampUs < beganUs));
    let lastUs = beganUs;
    for (const { readUs } of samples) {
      assert.ok(readUs >= lastUs, "read in the order in which they were made");
      lastUs = readUs;
    }
    assert.ok(lastUs <= plant.clock.nowUs());
  }
});
