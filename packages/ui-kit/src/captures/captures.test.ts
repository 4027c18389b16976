import assert from "node:assert/strict";
import { test } from "node:test";

import { spectrumOf } from "./spectrum.ts";
import { envelopeOf, waveformOf } from "./waveform.ts";

test("a sine reads as its peak at its frequency, whatever the offset", () => {
  for (const count of [4_096, 25_600]) {
    const rateHz = 25_600;
    const values = Float64Array.from(
      { length: count },
      (_, at) => 3 + 0.5 * Math.sin((2 * Math.PI * 800 * at) / rateHz),
    );
    const { amplitudes, stepHz } = spectrumOf(values, rateHz);
    const top = amplitudes.reduce(
      (best, one, at) => (one > (amplitudes[best] ?? 0) ? at : best),
      0,
    );
    assert.ok(Math.abs(top * stepHz - 800) <= rateHz / count, `${top * stepHz} Hz`);
    assert.ok(Math.abs((amplitudes[top] ?? 0) - 0.5) < 0.02, String(amplitudes[top]));
    assert.ok((amplitudes[0] ?? 1) < 0.01, "the mean is no vibration");
  }
  assert.equal(spectrumOf(new Float64Array(1), 1).amplitudes.length, 0);
});

test("numbers are read as the record says, channel by channel, and scaled", () => {
  const bytes = new Int16Array([1, -2, 3, -4, 5]).buffer;
  const form = { sampleType: "int16", channels: 2, scale: 0.5 } as const;
  assert.deepEqual([...waveformOf(bytes, form)], [0.5, 1.5]);
  assert.deepEqual([...waveformOf(bytes, form, 1)], [-1, -2]);
  const floats = new Float64Array([0.25]).buffer;
  const one = { sampleType: "float64", channels: 1, scale: 1 } as const;
  assert.deepEqual([...waveformOf(floats, one)], [0.25]);
});

test("no peak is lost where many numbers share a column", () => {
  const values = Float64Array.from({ length: 1_000 }, (_, at) => (at === 777 ? 9 : 0));
  const columns = envelopeOf(values, 100);
  assert.equal(columns.length, 100);
  assert.deepEqual(columns[77], [0, 9]);
  assert.equal(envelopeOf(new Float64Array(3), 100).length, 3);
});
