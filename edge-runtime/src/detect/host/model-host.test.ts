import assert from "node:assert/strict";
import { test } from "node:test";

import {
  exampleOf,
  greedySample,
  openRig,
  poisonedFile,
  rootSample,
  sampleOf,
  slowSample,
} from "./test-models.ts";

function near(found: number, wanted: number): void {
  assert.ok(
    Math.abs(found - wanted) < 1e-4 * Math.max(1, Math.abs(wanted)),
    `${found}, not ${wanted}`,
  );
}

test("bundles of equal structure are scored as one stack, each with its own weights", async (t) => {
  const rig = openRig(t);
  const bundles = Array.from({ length: 40 }, (_each, slot) => rig.bundle(slot, sampleOf(slot)));
  assert.deepEqual(await rig.host.deploy(bundles, () => undefined), []);
  // In no order, and some twice: rows side by side, of one bundle, and scattered.
  const order = [...bundles, ...bundles.slice(0, 5).toReversed(), ...bundles.slice(3, 4)];
  for (const each of order) rig.host.score(each.slot, each.slot + 100, 7, exampleOf(each).input);
  await rig.until(() => rig.scores.length === order.length);
  for (const { slot, asker, endUs, score, contributions } of rig.scores) {
    const bundle = bundles[slot];
    assert.ok(bundle !== undefined);
    near(score, exampleOf(bundle).score);
    near(
      contributions.reduce((sum, each) => sum + each, 0),
      score,
    );
    assert.deepEqual([asker, endUs], [slot + 100, 7]);
  }
});

test("the next version answers from the moment of the change, and no window is lost", async (t) => {
  const rig = openRig(t);
  const old = rig.bundle(1, sampleOf(1, "1.0.0"));
  const next = rig.bundle(2, sampleOf(1, "1.1.0"));
  await rig.host.deploy([old], () => undefined);
  const pid = rig.host.pid;
  let slot = 1;
  let given = 0;
  const give = (): void => rig.host.score(slot, given++, 0, [0.5, 0.5]);
  const changed = rig.host.deploy([next], () => {
    slot = 2;
  });
  // Goes on while the next host starts, is warmed, and takes over.
  while (slot === 1) {
    give();
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (let more = 0; more < 10; more++) give();
  await changed;
  await rig.until(() => rig.scores.length === given);
  assert.equal(rig.host.windowsLost, 0);
  assert.notEqual(rig.host.pid, pid);
  assert.deepEqual(rig.ends, []);
  assert.deepEqual(
    rig.scores.map(({ asker }) => asker).toSorted((a, b) => a - b),
    Array.from({ length: given }, (_each, at) => at),
  );
});

test("a bundle whose examples do not come out is refused, and the others run", async (t) => {
  const rig = openRig(t);
  const good = rig.bundle(1, sampleOf(1));
  const sample = sampleOf(2);
  const wrong = rig.bundle(2, { ...sample, examples: [{ input: [0.5, 0.5], score: 12 }] });
  const [refusal, ...more] = await rig.host.deploy([good, wrong], () => undefined);
  assert.deepEqual([refusal?.slot, more], [2, []]);
  assert.match(
    refusal?.reason ?? "",
    /examples\.json: windows\[0\]: tensor "score" gave .* and 12 is written/,
  );
  rig.host.score(1, 0, 0, exampleOf(good).input);
  rig.host.score(2, 0, 0, [0, 0]);
  await rig.until(() => rig.scores.length === 1);
});

test("a graph that onnxruntime does not open is refused with its words, and the others run", async (t) => {
  const rig = openRig(t);
  const good = rig.bundle(1, sampleOf(1));
  const sample = sampleOf(2);
  const [first, ...nodes] = sample.model.graph.nodes;
  assert.ok(first !== undefined);
  const graph = { ...sample.model.graph, nodes: [{ ...first, opType: "Subtrahend" }, ...nodes] };
  const strange = rig.bundle(2, { ...sample, model: { ...sample.model, graph } });
  const [refusal] = await rig.host.deploy([strange, good], () => undefined);
  assert.match(refusal?.reason ?? "", /onnxruntime cannot open it: .*Subtrahend/);
  rig.host.score(1, 0, 0, exampleOf(good).input);
  await rig.until(() => rig.scores.length === 1);
});

test("a bundle that is too slow, asks for 2 GB or gives no number is stopped by name; the others go on", async (t) => {
  const rig = openRig(t);
  const good = rig.bundle(1, sampleOf(1));
  const bad = [
    rig.bundle(2, slowSample()),
    rig.bundle(3, greedySample()),
    rig.bundle(4, rootSample()),
  ];
  assert.deepEqual(await rig.host.deploy([good, ...bad], () => undefined), []);
  for (let given = 0; given < 3; given++) {
    rig.host.score(2, 0, 0, [0, 0]);
    await rig.until(() => rig.scores.length > given);
  }
  // The last score does not wait for it.
  await rig.until(() => rig.stops.length === 1);
  const [slow] = rig.stops;
  assert.deepEqual([slow?.slot, slow?.what], [2, "stopped"]);
  assert.match(
    slow?.reason ?? "",
    /one window took .* ms of CPU time, 3 times in a row; 0\.1 ms are declared/,
  );

  for (let given = 0; given < 3; given++) rig.host.score(4, given, 0, [-1, 1]);
  await rig.until(() => rig.stops.length === 2);
  assert.equal(rig.stops[1]?.slot, 4);
  assert.match(rig.stops[1].reason, /its score was no number 3 times in a row/);

  rig.host.score(3, 0, 0, [600_000_000, 0]);
  // Whether the library hands the refused memory on as an error or ends is its choice; either way the bundle is named.
  await rig.until(() => rig.stops.length + rig.ends.length === 3);
  const [greedy] = [...rig.stops.slice(2), ...rig.ends];
  assert.deepEqual([greedy?.slot, greedy?.windowsLost], [3, 1]);

  const before = rig.scores.length;
  for (const slot of [2, 4, 1]) rig.host.score(slot, 0, 0, exampleOf(good).input);
  await rig.until(() => rig.scores.length > before);
  assert.deepEqual(
    rig.scores.slice(before).map(({ slot }) => slot),
    [1],
  );
});

test("after the end of the host every other window is answered by the next", async (t) => {
  const rig = openRig(t);
  const bundles = [1, 2, 3].map((slot) => rig.bundle(slot, sampleOf(slot)));
  await rig.host.deploy(bundles, () => undefined);
  const { pid } = rig.host;
  assert.ok(pid !== undefined);
  for (const each of bundles) rig.host.score(each.slot, 0, 0, exampleOf(each).input);
  process.kill(pid, "SIGKILL");
  for (const each of bundles) rig.host.score(each.slot, 1, 0, exampleOf(each).input);
  await rig.until(() => rig.scores.length === 6);
  assert.equal(rig.host.windowsLost, 0);
  assert.match(rig.ends[0]?.reason ?? "", /it was ended by SIGKILL/);
});

test("a bundle that takes the host with it is found among a stack, and quarantined after three times", async (t) => {
  const rig = openRig(t, poisonedFile);
  const bundles = [1, 2, 3, 4].map((slot) => rig.bundle(slot, sampleOf(slot)));
  await rig.host.deploy(bundles, () => undefined);
  let answered = 0;
  for (let round = 0; round < 3; round++) {
    for (const { slot } of bundles) {
      rig.host.score(slot, round, 0, slot === 3 ? [666, 0] : [0.5, 0.5]);
    }
    answered += 3;
    await rig.until(() => rig.scores.length === answered && rig.host.windowsLost === round + 1);
  }
  assert.equal(rig.scores.filter(({ slot }) => slot === 3).length, 0);
  assert.deepEqual(
    rig.stops.map(({ slot, what }) => [slot, what]),
    [[3, "crashed"]],
  );
  assert.match(rig.stops[0]?.reason ?? "", /ran 3 times when the detect host ended.*SIGKILL/);
});

test("a bundle that ends the host with its examples is refused, and the others run", async (t) => {
  const rig = openRig(t, poisonedFile);
  const sample = sampleOf(3);
  const examples = [{ input: [666, 0], score: 0 }];
  const bundles = [1, 2].map((slot) => rig.bundle(slot, sampleOf(slot)));
  const refusals = await rig.host.deploy(
    [...bundles, rig.bundle(3, { ...sample, examples })],
    () => undefined,
  );
  assert.deepEqual(
    refusals.map(({ slot }) => slot),
    [3],
  );
  assert.match(refusals[0]?.reason ?? "", /the detect host ended with it/);
  for (const each of bundles) rig.host.score(each.slot, 0, 0, exampleOf(each).input);
  await rig.until(() => rig.scores.length === 2);
});
