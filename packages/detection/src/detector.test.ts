import assert from "node:assert/strict";
import { test } from "node:test";

import { status } from "@millwright/wire-contract";

import { Detector } from "./detector.ts";
import { parseSaved } from "./saved.ts";
import { MadePump, planWith, second, states, tag, type tags } from "./test-plant.ts";

const hour = 3_600;

/** One that has learnt and judges. */
function learnt(): MadePump {
  const pump = new MadePump();
  pump.play(hour);
  assert.equal(pump.detector.status("Pump 1")?.learnt, 1);
  return pump;
}

test("a machine that does what it always does gives no episode", () => {
  const pump = new MadePump();
  pump.play(4 * hour);
  assert.deepEqual(pump.told, []);
  const health = pump.detector.status("Pump 1");
  assert.equal(health?.state, "running");
  assert.ok(health.score > 0 && health.score < 1, `${health.score}`);
});

test("a slow rise of one tag is one episode, which names it with what was expected of it", () => {
  const pump = learnt();
  pump.play(2 * hour, (name, value, atS) =>
    name === "vibration" ? value + (atS - hour) / hour : value,
  );
  assert.equal(pump.told.filter((each) => each === "began drift").length, 1, pump.told.join());
  const body = pump.detector.status("Pump 1")?.lasting.at(-1);
  const [first] = body?.contributions ?? [];
  assert.equal(first?.tag, "pump-1/vibration");
  assert.ok(first.share > 0.9);
  assert.ok(Math.abs((first.expected ?? NaN) - 1) < 0.1, `${first.expected}`);
  assert.ok((first.actual ?? 0) > (first.expected ?? 0) + (first.within ?? Infinity));
  assert.deepEqual(body?.levels, ["statistic"]);
});

test("what is normal is not learnt anew while an episode lasts, however long", () => {
  const pump = learnt();
  pump.play(6 * hour, (name, value) => (name === "temperature" ? value + 15 : value));
  assert.notEqual(pump.detector.status("Pump 1")?.lasting.at(-1), undefined);
  pump.play(1_800);
  assert.equal(pump.told.at(-1), "ended drift");
});

test("a sensor that stands still among its cycles is a flat line", () => {
  const pump = learnt();
  pump.play(900, (name, value) => (name === "flow" ? 48 : value));
  assert.equal(pump.told[0], "began flat-line");
});

test("a sensor that begins to shake is an oscillation, though its mean stays", () => {
  const pump = learnt();
  pump.play(1_800, (name, value, atS) =>
    name === "temperature" ? value + (atS % 2 === 0 ? 1.5 : -1.5) : value,
  );
  assert.ok(pump.told.includes("grew oscillation"), pump.told.join());
});

test("a tag that is bad, or says nothing, is missing from three expected periods on; one odd sample is nothing", () => {
  const pump = learnt();
  pump.play(2, (name, value) =>
    name === "flow" ? { value, status: status.badSensorFailure } : value,
  );
  pump.play(600);
  assert.deepEqual(pump.told, []);
  pump.play(30, (name, value) =>
    name === "flow" ? { value, status: status.badSensorFailure } : value,
  );
  pump.play(600);
  const told = pump.episodes.map(({ body: { what, class: kind } }) => `${what} ${kind}`);
  assert.deepEqual([told[0], told.at(-1)], ["began missing", "ended missing"]);
  const { body } = pump.episodes[0] ?? {};
  assert.deepEqual(
    body?.contributions.map(({ tag: id, actual }) => [id, actual]),
    [["pump-1/flow", null]],
  );
});

test("a proof without a value holds for one that is good, and not for one that is bad", () => {
  const pump = new MadePump(planWith({ tags: [tag("flow", 40)] }));
  pump.play(60);
  const silent = (atS: number): void => {
    pump.detector.advance(atS * second, () => atS * second);
  };
  for (let atS = 61; atS < 200; atS++) silent(atS);
  assert.deepEqual(pump.told, [], "it comes by exception, and its subscription lives");
  pump.atS = 200;
  pump.play(1, (name, value) => (name === "flow" ? { value, status: status.bad } : value));
  for (let atS = 202; atS < 260; atS++) silent(atS);
  assert.equal(pump.told[0], "began missing");
});

test("a clock that was set, or a program that slept, makes nothing missing", () => {
  const pump = learnt();
  for (const byS of [3_600, -7_200]) {
    pump.atS += byS;
    // What comes slowly has not come yet by the new clock.
    pump.play(4, (name, value) => (name === "flow" ? undefined : value));
    pump.play(60);
  }
  assert.deepEqual(pump.told, []);
});

test("a machine that is off is not judged and not learnt from, and may be silent", () => {
  const pump = learnt();
  pump.play(2 * hour, (name) => {
    if (name === "state") return states.off;
    return name === "flow" ? undefined : 0;
  });
  assert.deepEqual(pump.told, []);
  pump.play(2 * hour);
  assert.deepEqual(pump.told, [], "what it was before still holds");
  assert.deepEqual(pump.changes, ["unknown > running", "running > off", "off > running"]);
});

test("after a start nothing is judged until it has settled: the control, without settling, sees an episode", () => {
  const starting = (settleS: number): readonly string[] => {
    const plan = planWith();
    const [asset] = plan.assets;
    assert.ok(asset?.state !== undefined);
    const pump = new MadePump({
      ...plan,
      assets: [{ ...asset, state: { ...asset.state, settleS } }],
    });
    pump.play(2 * hour);
    pump.play(600, (name, value) => (name === "state" ? states.off : value));
    const from = pump.atS;
    pump.play(hour, (name, value, atS) =>
      name === "vibration" ? value + 4 * Math.exp(-(atS - from) / 60) : value,
    );
    return pump.told;
  };
  assert.deepEqual(starting(600), []);
  assert.match(starting(0)[0] ?? "", /^began/);
});

test("a limit that a person has set is judged from the first settled second, before anything is learnt", () => {
  const pump = new MadePump(planWith({ tags: [{ ...tag("vibration", 5), high: 2 }] }));
  pump.play(60);
  pump.play(10, (name, value) => (name === "vibration" ? 2.2 : value));
  const [first] = pump.episodes;
  assert.deepEqual(first?.body.levels, ["limit"]);
  assert.deepEqual(first.body.detectors, ["limit"]);
});

test("a change that is steeper than a person allows is seen", () => {
  const pump = new MadePump(planWith({ tags: [{ ...tag("flow", 40), perSecondMax: 2 }] }));
  pump.play(60);
  pump.play(20, (name, value, atS) => (name === "flow" ? 48 + 5 * (atS % 2) : value));
  assert.deepEqual(pump.episodes[0]?.body.detectors, ["rate of change"]);
});

test("a setpoint that was moved makes what was learnt worthless", () => {
  const pump = learnt();
  const moved = (name: keyof typeof tags, value: number): number => {
    if (name === "setpoint") return 2_000;
    return name === "flow" ? value - 15 : value;
  };
  pump.play(hour, moved);
  assert.deepEqual(pump.told, []);
  assert.equal(pump.detector.status("Pump 1")?.learnt, 1);
  pump.play(600, (name, value) => (name === "flow" ? 60 : moved(name, value)));
  assert.match(pump.told.join(), /^began/, "and it is judged by what it does now");
});

test("a repair ends what lasts, and holds judgement until enough normal time has passed", () => {
  const pump = learnt();
  pump.play(hour, (name, value) => (name === "vibration" ? value + 2 : value));
  pump.detector.forget("Pump 1", pump.atS * second);
  assert.match(pump.told.at(-1) ?? "", /^ended/);
  assert.equal(pump.detector.status("Pump 1")?.learnt, 0);
  const after = pump.told.length;
  pump.play(3 * hour, (name, value) => (name === "vibration" ? value + 0.5 : value));
  assert.equal(pump.told.length, after, "the new bearing hums a little more than the old one");
});

test("what a person calls nothing is normal from then on", () => {
  const pump = learnt();
  const warm = (name: string, value: number): number =>
    name === "temperature" ? value + 4 : value;
  pump.play(hour, warm);
  assert.match(pump.told[0] ?? "", /^began/);
  pump.detector.accept("Pump 1", ["pump-1/temperature"], pump.atS * second);
  const after = pump.told.length;
  pump.play(3 * hour, warm);
  assert.equal(pump.told.length, after);
});

test("results of models join the episode of the statistics, or make one, two of three windows", () => {
  const pump = learnt();
  const contributions = [
    { tag: "pump-1/flow", share: 0.7, actual: 50, expected: 48, within: 1 },
    { tag: "pump-1/vibration", share: 0.3, actual: 1.2, expected: 1, within: 0.1 },
  ];
  const score = (value: number): boolean =>
    pump.detector.scored("Pump 1", "pump-health 1.0.0", pump.atS * second, value, contributions);
  assert.ok(score(3));
  assert.deepEqual(pump.told, [], "one window is chance");
  assert.ok(score(3));
  assert.deepEqual(pump.told, ["began pattern"]);
  const { body } = pump.episodes[0] ?? {};
  assert.deepEqual(body?.levels, ["model"]);
  assert.deepEqual(body.detectors, ["pump-health 1.0.0"]);
  assert.equal(body.contributions[0]?.tag, "pump-1/flow");
  assert.ok(score(NaN), "one that could not be judged ends nothing");
  assert.notEqual(pump.detector.status("Pump 1")?.lasting.at(-1), undefined);
  pump.play(60);
  assert.ok(score(0.1));
  pump.play(300);
  assert.match(pump.told.join(), /,ended pattern$/);
  assert.equal(pump.detector.scored("Pump 2", "x", 0, 1, []), false);
});

test("a burst of guesses is held down by the budget, and what is far beyond its limit is not", () => {
  const plan = planWith();
  const pump = new MadePump(plan);
  pump.play(hour);
  let begun = 0;
  for (let turn = 0; turn < 12; turn++) {
    for (let window = 0; window < 3; window++) {
      pump.detector.scored("Pump 1", "guess 1.0.0", pump.atS * second, 1.6, [
        { tag: "pump-1/flow", share: 1, actual: 1, expected: 1, within: 1 },
      ]);
    }
    pump.detector.scored("Pump 1", "guess 1.0.0", pump.atS * second, 0, []);
    pump.play(900);
  }
  begun = pump.told.filter((each) => each.startsWith("began")).length;
  assert.ok(begun >= 2 && begun <= 4, `${begun} of 12`);
  pump.play(900, (name, value) => (name === "vibration" ? value + 3 : value));
  assert.ok(pump.told.filter((each) => each.startsWith("began")).length > begun);
});

test("a press whose strokes come near the limit each time is well once they are as they were", () => {
  // Bearing so many episodes makes the limit come down to what was seen within the hour, as it does else in days.
  const pump = new MadePump({ ...planWith(), episodesPerDayMax: 1_000 });
  const strokes = (name: string, value: number, atS: number): number =>
    name === "flow" ? (atS % 5 === 0 ? 100 : 10) + 0.1 * Math.sin(atS) : value;
  pump.play(2 * hour, strokes);
  const score = pump.detector.status("Pump 1")?.score ?? 0;
  assert.equal(pump.told.length, 0);
  pump.play(60, (name, value, atS) => strokes(name, value, atS) * (name === "flow" ? 3 : 1));
  assert.equal(pump.told.filter((each) => each.startsWith("began")).length, 1);
  let most = 0;
  for (let turn = 0; turn < 30; turn++) {
    pump.play(60, strokes);
    most = pump.detector.status("Pump 1")?.score ?? 0;
  }
  assert.ok(score > 0.7 && most > 0.7, `${score} and ${most}: else nothing is shown`);
  assert.match(pump.told.at(-1) ?? "", /^ended/);
});

test("what comes beside an episode that stands is told, and what was learnt of other tags goes on", () => {
  const pump = learnt();
  const worn = (name: string, value: number): number => (name === "vibration" ? value + 2 : value);
  pump.play(2 * hour, worn);
  pump.play(900, (name, value) => (name === "flow" ? 48 : worn(name, value)));
  const { lasting = [] } = pump.detector.status("Pump 1") ?? {};
  assert.deepEqual(
    lasting.map(({ contributions: [first] }) => first?.tag),
    ["pump-1/vibration", "pump-1/flow"],
  );
  const saved = parseSaved(JSON.parse(JSON.stringify(pump.detector.save())));
  assert.ok(saved !== undefined);
  pump.detector = new Detector(planWith(), pump.listener, pump.atS * second);
  pump.detector.restore(saved);
  assert.deepEqual(
    pump.detector.status("Pump 1")?.lasting.map(({ beginUs }) => beginUs),
    lasting.map(({ beginUs }) => beginUs),
  );
  pump.play(1_800, worn);
  assert.equal(pump.detector.status("Pump 1")?.lasting.length, 1, "each ends by itself");
});

test("a restart goes on with what was learnt and with the episode that lasts", () => {
  const pump = learnt();
  const worn = (name: string, value: number): number => (name === "vibration" ? value + 2 : value);
  pump.play(600, worn);
  const before = pump.detector.status("Pump 1")?.lasting.at(-1);
  assert.notEqual(before, undefined);
  const saved = parseSaved(JSON.parse(JSON.stringify(pump.detector.save())));
  assert.ok(saved !== undefined);
  pump.detector = new Detector(planWith(), pump.listener, pump.atS * second);
  pump.detector.restore(saved);
  assert.equal(pump.detector.status("Pump 1")?.lasting.at(-1)?.beginUs, before?.beginUs);
  const told = pump.told.length;
  pump.play(600, worn);
  assert.equal(pump.told.length, told, "no second one, and no end");
  pump.play(1_800);
  assert.match(pump.told.at(-1) ?? "", /^ended/);
});

test("what another program has saved, or nobody, is not used", () => {
  for (const value of [
    undefined,
    null,
    4,
    {},
    { version: 2, assets: {} },
    { version: 1, assets: {} },
  ]) {
    assert.equal(parseSaved(value), undefined);
  }
  const odd = { version: 1, begunUs: [], assets: { "Pump 1": { baselines: { a: [1, 2] } }, b: 3 } };
  const saved = parseSaved(odd);
  assert.ok(saved !== undefined);
  const pump = new MadePump();
  pump.detector.restore(saved);
  pump.play(10);
  assert.equal(pump.detector.status("Pump 1")?.state, "running");
});

test("a bearing that warms with its hall is as it was, and one that warms alone is not", () => {
  const plan = planWith({
    tags: [
      { ...tag("temperature", 60), relativeTo: 1 },
      { ...tag("flow", 40), learnt: false },
    ],
  });
  const pump = new MadePump(plan);
  const hall = (atS: number): number => 22 + Math.max(0, atS - hour) / 1_800;
  pump.play(3 * hour, (name, value, atS) => {
    if (name === "flow") return hall(atS);
    return name === "temperature" ? value + hall(atS) : value;
  });
  assert.deepEqual(pump.told, []);
  pump.play(hour, (name, value, atS) => {
    if (name === "flow") return hall(3 * hour);
    return name === "temperature" ? value + hall(atS) + 3 : value;
  });
  const [warmest] = pump.detector.status("Pump 1")?.lasting.at(-1)?.contributions ?? [];
  assert.equal(warmest?.tag, "pump-1/temperature");
  assert.ok((warmest.actual ?? 0) > 60, "told in degrees as they were read");
});

test("judged in parts, each machine is judged as in one go, and what comes between two parts is told at once", () => {
  const count = 300;
  const assets = Array.from({ length: count }, (_each, at) => ({
    ...{ id: `Pump ${at}`, states: ["running"] as const, setpoints: [] },
    tags: [{ ...tag("vibration", 5), tag: at, high: 2 }],
  }));
  const hall = () => {
    const told: string[] = [];
    const detector = new Detector(
      { ...planWith(), assets },
      {
        episode: (asset, { what, beginUs }) => told.push(`${asset} ${what} ${beginUs / second}`),
        state: () => undefined,
      },
      0,
    );
    return { told, detector };
  };
  const [whole, split] = [hall(), hall()];
  const rows = {
    count,
    tag: Int32Array.from({ length: count }, (_each, at) => at),
    status: new Uint32Array(count),
  };
  let parts = 0;
  for (let atS = 1; atS <= 60; atS++) {
    const measuredUs = new Float64Array(count).fill(atS * second);
    // One of seven is above its limit from some moment on.
    const value = rows.tag.map((at) => (at % 7 === 0 && atS > 20 ? 3 : 1));
    for (const { detector } of [whole, split]) {
      const batch = { ...rows, measuredUs, value: Float64Array.from(value) };
      detector.take(batch, atS * second);
    }
    whole.detector.advance(atS * second, () => 0);
    const going = split.detector.advanceInParts(atS * second, () => 0);
    while (going.next().done !== true) parts++;
  }
  assert.equal(parts, 120, "two pauses in each of sixty seconds");
  assert.deepEqual(split.told, whole.told);
  assert.equal(whole.told.length, 43);

  const going = split.detector.advanceInParts(61 * second, () => 0);
  going.next();
  const before = split.told.length;
  const flow = { tag: "flow", share: 1, actual: 50, expected: 48, within: 1 };
  for (let window = 0; window < 2; window++) {
    split.detector.scored("Pump 299", "health 1.0.0", 61 * second, 3, [flow]);
  }
  assert.deepEqual(split.told.slice(before), ["Pump 299 began 61"]);
  while (going.next().done !== true);
  assert.equal(split.told.length, before + 1);
});
