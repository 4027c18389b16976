import assert from "node:assert/strict";
import { test } from "node:test";

import type { SavedView } from "../../saved-view.ts";
import { foundViews, openedView } from "./saved-view-match.ts";

const tags = [
  { gateway: "gw-1", tag: "a" },
  { gateway: "gw-2", tag: "b" },
];
const view = (id: number, name: string, chart: string): SavedView => {
  return { ...{ id, name, chart, tags, version: 1 }, person: "Ada Novak", savedUs: 1_000 };
};
const day = view(1, "Day", "24h");
const same = view(2, "Also a day", "24h");
const shift = view(3, "Shift", "8h~machines");

test("a chart that shows what is saved is that view, whoever brought it there; of two alike the one that was opened", () => {
  const shown = { chart: "24h", tags };
  assert.deepEqual(openedView([day, same], shown, undefined), { view: day, state: "same" });
  assert.deepEqual(openedView([day, same], shown, same), { view: same, state: "same" });
  assert.deepEqual(openedView([day, shift], shown, shift), { view: day, state: "same" });
  assert.equal(openedView([shift], shown, undefined), undefined);
});

test("the order of the values counts: the first one leads", () => {
  const shown = { chart: "24h", tags: tags.toReversed() };
  assert.deepEqual(openedView([day], shown, day), { view: day, state: "changed" });
});

test("what was opened stays open while it is changed, and what others did to it since is said", () => {
  const shown = { chart: "1h", tags };
  assert.deepEqual(openedView([day], shown, day), { view: day, state: "changed" });
  assert.deepEqual(openedView([], shown, day), { view: day, state: "deleted" });
  const newest = { ...day, version: 2, chart: "7d" };
  assert.deepEqual(openedView([newest], shown, day), { view: day, state: "newer", newest });
});

test("views are found by each word of their name or of who saved them", () => {
  const views = [day, { ...same, person: "Tomáš Dvořák" }, shift];
  const names = (text: string): string[] => foundViews(views, text).map(({ name }) => name);
  assert.deepEqual(names(""), ["Day", "Also a day", "Shift"]);
  assert.deepEqual(names(" DAY  novak "), ["Day"]);
  assert.deepEqual(names("dvoř"), ["Also a day"]);
  assert.deepEqual(names("oven"), []);
});
