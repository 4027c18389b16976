import assert from "node:assert/strict";
import { test } from "node:test";

import { savedViewsMax, type SavedView, type ViewWish } from "../saved-view.ts";
import { planRemove, planReplace, planSave } from "./view-change.ts";

const wish: ViewWish = {
  ...{ name: "Bearings of press 4", person: "Ada Novak", chart: "24h" },
  tags: [{ gateway: "gw-1", tag: "press-4/temp" }],
};
const saved: SavedView = { ...wish, id: 7, version: 3, savedUs: 1_000 };

test("a new view has its first version and the time at which it was saved", () => {
  const change = planSave([], wish, 5_000.4);
  assert.deepEqual(change, { kind: "add", view: { ...wish, version: 1, savedUs: 5_000 } });
});

test("a name that differs in case and blanks only is taken, and the refusal says by whom", () => {
  const refused = planSave([saved], { ...wish, name: "bearings  of PRESS 4 " }, 5_000);
  assert.ok(refused.kind === "refused" && refused.cause === "taken");
  assert.equal(refused.view, saved);
  assert.match(refused.reason, /"Bearings of press 4" is there already, saved by Ada Novak/);
});

test("the last place can be taken, and then none is left but over one that is there", () => {
  const full = Array.from({ length: savedViewsMax }, (_, id) => {
    return { ...saved, id, name: `view ${id}` };
  });
  assert.equal(planSave(full.slice(1), wish, 5_000).kind, "add");
  const refused = planSave(full, wish, 5_000);
  assert.ok(refused.kind === "refused" && refused.cause === "full");
  assert.match(refused.reason, /500 views are saved/);
  const seen = { id: 4, version: 3 };
  assert.equal(planReplace(full, seen, { ...wish, name: "view 4" }, 5_000).kind, "replace");
});

test("a view is saved over as it was seen, once: who saw the version before is refused with the newer one", () => {
  const seen = { id: 7, version: 3 };
  const change = planReplace([saved], seen, { ...wish, chart: "8h", person: "Tomáš" }, 5_000);
  assert.ok(change.kind === "replace");
  assert.equal(change.before, saved);
  const view = { ...saved, chart: "8h", person: "Tomáš", version: 4, savedUs: 5_000 };
  assert.deepEqual(change.view, view);
  for (const refused of [
    planReplace([change.view], seen, wish, 6_000),
    planRemove([change.view], seen, "Ada Novak", 6_000),
  ]) {
    assert.ok(refused.kind === "refused" && refused.cause === "changed");
    assert.equal(refused.view, change.view);
  }
});

test("a view may be called otherwise, in other letters too, and not as another one", () => {
  const other = { ...saved, id: 8, name: "Ovens" };
  const seen = { id: 7, version: 3 };
  const views = [saved, other];
  const renamed = planReplace(views, seen, { ...wish, name: "BEARINGS of press 4" }, 5_000);
  assert.ok(renamed.kind === "replace" && renamed.view.name === "BEARINGS of press 4");
  const refused = planReplace(views, seen, { ...wish, name: "ovens" }, 5_000);
  assert.ok(refused.kind === "refused" && refused.cause === "taken" && refused.view === other);
});

test("what was deleted is neither saved over nor deleted again", () => {
  const seen = { id: 7, version: 3 };
  const removal = planRemove([saved], seen, "Tomáš", 6_000);
  assert.deepEqual(removal, { kind: "remove", view: saved, person: "Tomáš", atUs: 6_000 });
  for (const refused of [
    planReplace([], seen, wish, 6_000),
    planRemove([], seen, "Tomáš", 6_000),
  ]) {
    assert.ok(refused.kind === "refused" && refused.cause === "gone");
  }
});
