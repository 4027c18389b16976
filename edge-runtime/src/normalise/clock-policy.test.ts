import assert from "node:assert/strict";
import test from "node:test";

import { PlayedClock } from "@millwright/kit";
import { status, type DeviceId } from "@millwright/wire-contract";

import { createBatchBuilder } from "../acquire/batch-builder.ts";
import type { ClockFinding, ClockPolicy } from "./clock-policy.ts";
import { createNormaliser } from "./normaliser.ts";

const second = 1_000_000;
const hour = 3_600 * second;

/** A device that sends one sample a second of each of two points, with a clock that the test sets. */
function playDevice(policy: ClockPolicy): {
  readonly findings: ClockFinding[];
  readonly quarantined: () => number;
  run(
    samples: number,
    offsetUs: number,
    options?: { delayUs?: number; late?: boolean; code?: number },
  ): Promise<number[]>;
  stepGateway(byUs: number): void;
} {
  const clock = new PlayedClock();
  const findings: ClockFinding[] = [];
  let quarantined = 0;
  const normaliser = createNormaliser({
    device: "press" as DeviceId,
    tags: [0, 1].map((point) => ({
      index: point,
      point,
      type: "float64",
      scale: 1,
      offset: 0,
      clock: "device",
    })),
    clockPolicy: policy,
    clock,
    onLoss: ({ count }) => (quarantined += count.kind === "exact" ? count.samples : NaN),
    onClock: (finding) => findings.push(finding),
  });
  return {
    findings,
    quarantined: () => quarantined,
    stepGateway(byUs) {
      clock.stepWall(byUs);
    },
    /** Answers how far each stored stamp lies from the true time of measurement, µs. */
    async run(samples, offsetUs, { delayUs = 50_000, late = false, code = status.good } = {}) {
      const errors: number[] = [];
      for (let sample = 0; sample < samples; sample++) {
        await clock.advance(1_000);
        const nowUs = clock.nowUs();
        const builder = createBatchBuilder(2);
        for (const point of [0, 1]) builder.push(point, nowUs - delayUs + offsetUs, sample, code);
        const taken = builder.take(nowUs);
        const batch = normaliser.normalise(late ? { ...taken, late } : taken);
        for (const stamp of batch.measuredUs) errors.push(stamp - (nowUs - delayUs));
      }
      return errors;
    },
  };
}

test("a clock that is right to within 2 s is left alone, and nothing is said", async () => {
  const played = playDevice("auto");
  assert.ok((await played.run(60, 1.5 * second)).every((error) => error === 1.5 * second));
  assert.deepEqual(played.findings, []);
});

test("a clock that is ahead is corrected from the first sample, by what was measured, and it is said", async () => {
  const played = playDevice("auto");
  const errors = await played.run(20, 60 * second);
  assert.ok(
    errors.every((error) => Math.abs(error) <= 100_000),
    String(errors),
  );
  assert.equal(played.quarantined(), 0);
  assert.equal(played.findings.length, 1);
  assert.equal(played.findings.at(0)?.applied, "correct");
  assert.match(played.findings.at(0)?.text ?? "", /60.0 s ahead; its stamps are corrected/);
});

test("a clock that is behind is corrected once old values cannot explain it", async () => {
  const played = playDevice("auto");
  const errors = await played.run(20, -300 * second);
  assert.ok(
    errors.slice(-10).every((error) => Math.abs(error) <= 100_000),
    String(errors),
  );
  assert.match(played.findings.at(0)?.text ?? "", /5 min behind|300.0 s behind/);
});

test("a clock at 1970 is ignored from its first sample on", async () => {
  const played = playDevice("auto");
  const errors = await played.run(20, -56 * 365 * 24 * hour);
  assert.ok(
    errors.every((error) => error === 50_000),
    String(errors),
  );
  assert.equal(played.findings.at(-1)?.applied, "ignore");
  assert.match(played.findings.at(-1)?.text ?? "", /56 years behind/);
});

test("local time taken for UTC is beyond an hour, and is ignored", async () => {
  const played = playDevice("auto");
  const errors = await played.run(20, 3 * hour);
  assert.ok(errors.every((error) => error === 50_000));
  assert.equal(played.quarantined(), 0);
  assert.match(played.findings.at(0)?.text ?? "", /3 h ahead.*ignored/);
});

test("a clock that is an hour off is corrected, ahead or behind: the way of a value makes it a little less", async () => {
  for (const offsetUs of [hour - second, second - hour]) {
    const played = playDevice("auto");
    const errors = await played.run(20, offsetUs);
    assert.ok(
      errors.slice(-10).every((error) => Math.abs(error) <= 100_000),
      String(errors),
    );
    assert.equal(played.findings.at(-1)?.applied, "correct");
    assert.equal(played.quarantined(), 0);
  }
});

test("a controller that goes by local time jumps at daylight saving, and its stamps do not stay an hour off", async () => {
  const played = playDevice("auto");
  await played.run(20, 0);
  const forward = await played.run(20, hour - second);
  assert.ok(
    forward.every((error) => Math.abs(error) <= 100_000),
    String(forward),
  );
  const back = await played.run(20, 0);
  assert.ok(
    back.every((error) => Math.abs(error) <= 100_000),
    String(back),
  );
  // The other way round nothing refutes a stamp that is too old: it is believed until no younger one has come for 5 s.
  const behind = await played.run(20, second - hour);
  assert.ok(
    behind.slice(-20).every((error) => Math.abs(error) <= 100_000),
    String(behind),
  );
  assert.equal(played.findings.at(-1)?.applied, "correct");
  assert.equal(played.quarantined(), 0);
});

test("a clock that is set right again is trusted again", async () => {
  const played = playDevice("auto");
  await played.run(20, 60 * second);
  const errors = await played.run(20, 0);
  // While it is measured anew the receipt is used; never the old correction.
  assert.ok(
    errors.every((error) => Math.abs(error) <= 100_000),
    String(errors),
  );
  assert.equal(played.findings.at(-1)?.applied, "trust");
});

test("a clock that drifts is followed in small steps", async () => {
  const played = playDevice("correct");
  let worst = 0;
  for (let minute = 0; minute < 60; minute++) {
    const errors = await played.run(60, minute * 20_000);
    worst = Math.max(worst, ...errors.map(Math.abs));
  }
  // 20 ms a minute for ten minutes, and the delay that cannot be seen.
  assert.ok(worst <= 400_000, String(worst));
  for (let at = 1; at < played.findings.length; at++) {
    const step =
      (played.findings[at]?.offsetUs ?? NaN) - (played.findings[at - 1]?.offsetUs ?? NaN);
    assert.ok(step >= 100_000 && step < 400_000, String(step));
  }
});

test("old values after a connect do not make a right clock wrong", async () => {
  const played = playDevice("auto");
  await played.run(1, 0, { delayUs: 3 * hour });
  await played.run(60, 0);
  assert.deepEqual(played.findings, []);
});

test("a step of the gateway's own clock does not stay with the device", async () => {
  const played = playDevice("auto");
  await played.run(20, 0);
  played.stepGateway(-600 * second);
  // The device goes on by true time; the gateway thinks it is 10 min ahead and corrects towards itself.
  const errors = await played.run(20, 600 * second);
  assert.ok(errors.every((error) => Math.abs(error) <= 100_000));
  played.stepGateway(600 * second);
  const after = await played.run(20, 0);
  assert.ok(
    after.slice(-10).every((error) => Math.abs(error) <= 100_000),
    String(after),
  );
});

test("history of a device whose clock is ignored is corrected all the same", async () => {
  const played = playDevice("auto");
  await played.run(20, 5 * hour);
  const errors = await played.run(3, 5 * hour, { delayUs: hour, late: true });
  assert.ok(
    errors.every((error) => Math.abs(error) <= 100_000),
    String(errors),
  );
});

test("a bad reading that we made ourselves tells nothing about the clock of the device", async () => {
  const played = playDevice("auto");
  await played.run(20, -300 * second);
  await played.run(1, 0, { delayUs: 0, code: status.badNoCommunication });
  const errors = await played.run(20, -300 * second);
  assert.ok(errors.every((error) => Math.abs(error) <= 100_000));
  assert.equal(played.findings.length, 1);
});

test("trust takes every stamp as it is, and quarantine still holds", async () => {
  const played = playDevice("trust");
  assert.ok((await played.run(3, -5 * hour)).every((error) => error === -5 * hour));
  await played.run(3, 5 * hour);
  assert.equal(played.quarantined(), 6);
  assert.deepEqual(played.findings, []);
});

test("ignore uses the receipt from the first sample on", async () => {
  const played = playDevice("ignore");
  assert.ok((await played.run(10, 123 * second)).every((error) => error === 50_000));
});
