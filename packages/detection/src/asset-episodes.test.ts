import assert from "node:assert/strict";
import { test } from "node:test";

import { AssetEpisodes, type Voice } from "./asset-episodes.ts";
import type { EpisodeBody } from "./episode-track.ts";

const second = 1_000_000;
const hour = 3_600;

const voice = (tag: string, score: number, more: Partial<Voice> = {}): Voice => ({
  ...{ tag, score, persistent: score >= 1, level: "statistic", class: "drift", detector: "CUSUM" },
  ...{ actual: 2, expected: 1, within: 0.1 },
  ...more,
});
const missing = (tag: string): Voice =>
  voice(tag, 3, {
    ...{ level: "limit", class: "missing", detector: "missing data" },
    ...{ actual: null, expected: null, within: null },
  });

/** An asset, a second at a time. */
class Played {
  readonly told: EpisodeBody[] = [];
  episodes = new AssetEpisodes();
  atS = 0;

  /** What each second's voices say, for so long. */
  play(seconds: number, voices: (atS: number) => readonly Voice[], judged = true): void {
    for (let step = 0; step < seconds; step++) {
      const nowUs = ++this.atS * second;
      const now = { nowUs, dtS: 1, voices: voices(this.atS), gain: 1, judged };
      this.told.push(...this.episodes.step(now));
    }
  }

  /** What began and ended, with the first tag of each. */
  get story(): readonly string[] {
    return this.told
      .filter(({ what }) => what !== "grew")
      .map(({ what, contributions: [first] }) => `${what} ${first?.tag ?? ""}`);
  }

  get lasting(): readonly string[] {
    return this.episodes.lasting.map(({ contributions: [first] }) => first?.tag ?? "");
  }
}

const shift = voice("power", 2);

test("what spreads while it grows is one episode, however long it takes", () => {
  const asset = new Played();
  const wear = (atS: number): readonly Voice[] => {
    const grown = voice("vibration", 1.5 * 1.2 ** (atS / 1_800));
    return atS > 5 * hour ? [grown, voice("temperature", 1.2)] : [grown];
  };
  asset.play(8 * hour, wear);
  assert.deepEqual(asset.story, ["began vibration"]);
});

test("what comes beside one that has not grown for an hour is another episode, and each ends by itself", () => {
  const asset = new Played();
  asset.play(2 * hour, () => [shift]);
  asset.play(600, () => [shift, voice("flow", 2)]);
  assert.deepEqual(asset.lasting, ["power", "flow"]);
  asset.play(600, () => [shift]);
  assert.deepEqual(asset.story, ["began power", "began flow", "ended flow"]);
  asset.play(600, () => []);
  assert.deepEqual(asset.story.slice(3), ["ended power"]);
});

test("within the hour it belongs to the first", () => {
  const asset = new Played();
  asset.play(hour / 2, () => [shift]);
  asset.play(600, () => [shift, voice("flow", 2)]);
  assert.deepEqual(asset.story, ["began power"]);
  assert.ok(asset.episodes.isAbout("flow"));
});

test("the same tag that gets worse is the same episode, and what is only near its limit is none", () => {
  const asset = new Played();
  asset.play(2 * hour, () => [shift, voice("flow", 0.9)]);
  asset.play(hour, () => [voice("power", 6), voice("flow", 0.9)]);
  assert.deepEqual(asset.story, ["began power"]);
  assert.equal(asset.told.at(-1)?.score, 6);
});

test("a value that is not there is another thing than one that is off, and what cannot be seen has not ended", () => {
  const asset = new Played();
  asset.play(2 * hour, () => [shift]);
  asset.play(hour, () => [missing("power"), missing("flow")]);
  assert.deepEqual(asset.lasting, ["power", "power"]);
  asset.play(600, () => [shift]);
  assert.deepEqual(asset.story, ["began power", "began power", "ended power"]);
  assert.deepEqual(asset.told.at(-1)?.class, "missing");
  asset.play(600, () => [], false);
  assert.deepEqual(asset.lasting, ["power"], "off is not well");
});

test("a tag that was silent is not judged by where its value usually comes near the limit", () => {
  const asset = new Played();
  asset.play(600, () => [missing("force")]);
  asset.play(600, () => [voice("force", 0.75)]);
  assert.deepEqual(asset.story, ["began force", "ended force"]);
});

test("a tag that has been well for an hour has no more to do with one that goes on", () => {
  const asset = new Played();
  asset.play(60, () => [shift, voice("flow", 3)]);
  asset.play(hour + 60, () => [shift]);
  assert.ok(!asset.episodes.isAbout("flow"), "it is learnt again");
  asset.play(60, () => [shift, voice("flow", 3)]);
  assert.deepEqual(asset.story, ["began flow", "began flow"]);
});

test("what is judged against a tag that is off goes with it", () => {
  const asset = new Played();
  asset.play(2 * hour, () => [voice("hall", 2)]);
  asset.play(hour, () => [voice("hall", 2), voice("bearing", 2, { reference: "hall" })]);
  assert.deepEqual(asset.story, ["began hall"]);
});

test("a model goes with the tag that has most to do with what it sees", () => {
  const model = (first: string): readonly Voice[] =>
    [voice(first, 3), voice("speed", 2)].map((each) => ({
      ...each,
      ...{ level: "model", class: "pattern", detector: "health 1.0.0" },
    }));
  const asset = new Played();
  asset.play(2 * hour, () => [shift]);
  asset.play(600, () => [shift, ...model("power")]);
  assert.deepEqual(asset.lasting, ["power"]);
  assert.deepEqual(asset.told.at(-1)?.levels, ["statistic", "model"]);
  asset.play(2 * hour, () => [shift]);
  asset.play(600, () => [shift, ...model("flow")]);
  assert.deepEqual(asset.lasting, ["power", "flow"]);
});

test("four last at a time: past that the newest takes what comes", () => {
  const asset = new Played();
  const all: Voice[] = [];
  for (const tag of ["a", "b", "c", "d", "e", "f"]) {
    all.push(voice(tag, 2));
    asset.play(2 * hour, () => all);
  }
  assert.deepEqual(asset.lasting, ["a", "b", "c", "d"]);
  assert.ok(asset.episodes.isAbout("f"));
});

test("a verdict closes what is about its tags, and a repair all", () => {
  const asset = new Played();
  asset.play(2 * hour, () => [shift]);
  asset.play(60, () => [shift, voice("flow", 2)]);
  const closed = asset.episodes.close(asset.atS * second, new Set(["flow"]));
  assert.deepEqual(
    closed.map(({ what, contributions: [first] }) => `${what} ${first?.tag ?? ""}`),
    ["ended flow"],
  );
  assert.deepEqual(asset.lasting, ["power"]);
  assert.equal(asset.episodes.close(asset.atS * second).length, 1);
  assert.ok(!asset.episodes.any);
});

test("a restart finds those that stood standing, and the newest about what it was about", () => {
  const asset = new Played();
  asset.play(2 * hour, () => [shift]);
  asset.play(60, () => [shift, voice("flow", 2)]);
  const before = asset.episodes;
  asset.episodes = new AssetEpisodes();
  asset.episodes.resume(before.lasting, before.endedUs);
  asset.play(60, () => [shift, voice("flow", 2), voice("level", 2)]);
  assert.deepEqual(asset.story, ["began power", "began flow"]);
  assert.ok(asset.episodes.isAbout("level"), "the newest had not grown for a minute only");
});
