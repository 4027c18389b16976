import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom } from "@millwright/kit";

import { EpisodeTrack, type EpisodeBody } from "./episode-track.ts";
import { fuse, type Fused } from "./fusion.ts";

const second = 1_000_000;

function fusedAt(score: number): Fused | undefined {
  const said = { actual: 1, expected: 0, within: 0.1, detector: "CUSUM" } as const;
  return fuse([{ tag: "a", ...said, level: "statistic", class: "drift", score }]);
}

/** One score a second. */
function play(
  track: EpisodeTrack,
  scores: Iterable<number>,
  more: { readonly gain?: number; readonly blind?: boolean; readonly fromS?: number } = {},
): readonly EpisodeBody[] {
  const told: EpisodeBody[] = [];
  let nowUs = (more.fromS ?? 1_000) * second;
  for (const score of scores) {
    nowUs += second;
    const body = track.step({
      nowUs,
      fused: fusedAt(score),
      persistent: score >= 1,
      gain: more.gain ?? 1,
      blind: more.blind ?? false,
    });
    if (body !== undefined) told.push(body);
  }
  return told;
}

const many = (count: number, score: number): readonly number[] =>
  Array.from({ length: count }, () => score);

test("a score that dances between its limit and seven tenths of it is one episode", () => {
  const random = seededRandom("dance");
  const track = new EpisodeTrack();
  const dance = Array.from({ length: 3_600 }, () => 0.75 + 0.5 * random.next());
  const told = play(track, [...many(10, 0.2), 1.2, ...dance, ...many(300, 0.2)]);
  assert.equal(told.filter(({ what }) => what === "began").length, 1);
  assert.equal(told.filter(({ what }) => what === "ended").length, 1);
});

test("it ends where it went below, once it has stayed there", () => {
  const track = new EpisodeTrack();
  const told = play(track, [...many(60, 2), ...many(100, 0.1), ...many(20, 2), ...many(200, 0.1)]);
  const [began, ended] = [told[0], told.at(-1)];
  assert.equal(began?.what, "began");
  assert.equal(ended?.what, "ended");
  assert.equal(ended.beginUs, 1_001 * second);
  assert.equal(ended.endUs, 1_181 * second, "what came back within two minutes belongs to it");
  assert.equal(track.open, undefined);
});

test("its peak is its largest score, with who contributed then", () => {
  const track = new EpisodeTrack();
  const told = play(track, [...many(20, 1.1), ...many(20, 3), ...many(20, 1.5), ...many(200, 0)]);
  assert.deepEqual(
    told.map(({ what, score }) => [what, score]),
    [
      ["began", 1.1],
      ["grew", 3],
      ["ended", 3],
    ],
  );
  assert.equal(told.at(-1)?.peakUs, 1_021 * second);
});

test("growth is told at most every ten seconds, however it grows", () => {
  const track = new EpisodeTrack();
  const rising = Array.from({ length: 600 }, (_unused, at) => 1.02 ** at);
  const told = play(track, rising);
  assert.ok(told.length <= 61 && told.length > 10, `${told.length} times`);
});

test("for ten minutes after an end it takes half as much again to begin another", () => {
  const track = new EpisodeTrack();
  play(track, [...many(10, 2), ...many(200, 0)]);
  assert.equal(play(track, many(60, 1.3), { fromS: 1_300 }).length, 0);
  assert.equal(play(track, many(60, 1.6), { fromS: 1_400 })[0]?.what, "began");
});

test("what cannot be judged neither begins nor ends one", () => {
  const track = new EpisodeTrack();
  assert.equal(play(track, many(60, 5), { blind: true }).length, 0);
  play(track, many(10, 5), { fromS: 2_000 });
  assert.equal(play(track, many(600, 0), { blind: true, fromS: 2_100 }).length, 0);
  assert.equal(track.open?.score, 5);
});

test("one of a few seconds is a spike, whatever it looked like", () => {
  const track = new EpisodeTrack();
  assert.equal(play(track, [...many(5, 2), ...many(200, 0)]).at(-1)?.class, "spike");
});
