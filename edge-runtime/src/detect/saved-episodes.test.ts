import assert from "node:assert/strict";
import { test } from "node:test";

import type { EpisodeBody } from "@millwright/detection";

import { MemoryEventBook } from "../buffer/events/memory-book.ts";
import type { SavedState } from "../hand-over.ts";
import { SavedEpisodes, type SavedAssetEpisodes } from "./saved-episodes.ts";

/** Says which parts were written. */
class WatchedBook extends MemoryEventBook {
  written: string[] = [];

  override saveState(part: string, state: SavedState): void {
    this.written.push(part);
    super.saveState(part, state);
  }
}

function episodes(id: string, beginUs: number): SavedAssetEpisodes {
  const body: EpisodeBody = {
    ...{ what: "began", beginUs, peakUs: beginUs, class: "drift", severity: 2, score: 1.5 },
    ...{ levels: ["statistic"], detectors: ["CUSUM"], contributions: [] },
  };
  return {
    names: [{ id, verdict: "open", person: null, beginUs }],
    track: { lasting: [body], endedUs: 0 },
  };
}

test("an episode writes what is its own, however many others last", () => {
  const book = new WatchedBook();
  const saved = new SavedEpisodes(book);
  const all = new Map(
    Array.from({ length: 200 }, (_each, at) => [`A-${at}`, episodes(`E-${at}`, at)]),
  );
  saved.write({ next: 201, begunUs: [] }, all.keys(), (asset) => all.get(asset));
  book.written = [];
  saved.write({ next: 202, begunUs: [7] }, ["A-7"], () => episodes("E-201", 500));
  assert.deepEqual(book.written, ["episodes of A-7", "episodes"]);

  const found = new SavedEpisodes(book).read();
  assert.equal(found?.next, 202);
  assert.deepEqual(found.tracks.begunUs, [7]);
  assert.equal(found.names.size, 200);
  assert.deepEqual(found.names.get("A-7"), episodes("E-201", 500).names);
  assert.deepEqual(found.tracks.open["A-7"], episodes("E-201", 500).track.lasting[0]);
  assert.deepEqual(found.tracks.open["A-8"], episodes("E-8", 8).track.lasting[0]);
});

test("what is over is not found again, and neither is what the head does not name", () => {
  const book = new MemoryEventBook();
  const saved = new SavedEpisodes(book);
  saved.write({ next: 3, begunUs: [] }, ["A-1", "A-2"], (asset) => episodes(`of ${asset}`, 1));
  const left = book.state("episodes of A-2");
  saved.write({ next: 3, begunUs: [] }, ["A-2"], () => undefined);
  assert.deepEqual([...saved.assets], ["A-1"]);
  // As if it had been written by another program, or before.
  book.saveState("episodes of A-2", left ?? null);
  assert.deepEqual([...(new SavedEpisodes(book).read()?.names.keys() ?? [])], ["A-1"]);
});

test("where nothing was saved by asset there is nothing to be found", () => {
  const book = new MemoryEventBook();
  assert.equal(new SavedEpisodes(book).read(), undefined);
  book.saveState("episodes", { next: 4, open: {}, standing: {}, tracks: null });
  assert.equal(new SavedEpisodes(book).read(), undefined);
});
