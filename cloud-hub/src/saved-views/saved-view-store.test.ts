import assert from "node:assert/strict";
import { after, test } from "node:test";

import { silentLog, systemClock } from "@millwright/kit";

import { brokenAudit } from "../database/audit.ts";
import type { SavedView, ViewRefused, ViewTag, ViewWish } from "../saved-view.ts";
import { testTables } from "../test-tables.ts";
import { openSavedViews, type SavedViewDesk } from "./saved-view-desk.ts";

/** Of two hubs of one database. */
const desks: (SavedViewDesk & AsyncDisposable)[] = [];
let nowUs = 1_800_000_000_000_000;
const gone = new Map<string, "gateway" | "tag">();

// Before the database goes.
after(async () => {
  for (const desk of desks) await desk[Symbol.asyncDispose]();
});
const tables = testTables();

const wish = (name: string, change: Partial<ViewWish> = {}): ViewWish => ({
  ...{ name, person: "Ada Novak", chart: "24h~machines" },
  tags: [
    { gateway: "gw-1", tag: "press-4/temp" },
    { gateway: "gw-2", tag: "press-4/temp" },
  ],
  ...change,
});

function desk(at = 0): SavedViewDesk {
  desks[at] ??= openSavedViews(tables.url, {
    missing: ({ gateway, tag }: ViewTag) => gone.get(gateway) ?? gone.get(`${gateway} ${tag}`),
    clock: { ...systemClock, nowUs: () => nowUs },
    log: silentLog,
  });
  return desks[at];
}

function saved(result: SavedView | ViewRefused | undefined): SavedView {
  assert.ok(result !== undefined && !("cause" in result), JSON.stringify(result));
  return result;
}

test("a view comes back as it was saved, by name, with what is gone of it", async () => {
  const ten = saved(await desk().save(wish("Press 10")));
  const nine = saved(await desk().save(wish("press 9", { chart: "1760000000-1760003600" })));
  assert.deepEqual([ten.version, ten.savedUs], [1, nowUs]);
  assert.deepEqual(await desk(1).list(), {
    views: [
      { ...nine, gone: [] },
      { ...ten, gone: [] },
    ],
    most: 500,
  });
  gone.set("gw-1", "gateway").set("gw-2 press-4/temp", "tag");
  const { views } = await desk().list();
  assert.deepEqual(views[0]?.gone, [
    { gateway: "gw-1", tag: "press-4/temp", what: "gateway" },
    { gateway: "gw-2", tag: "press-4/temp", what: "tag" },
  ]);
  gone.clear();
});

test("of two who save under one name, or over one view, at the same moment one is refused with what the other saved", async () => {
  const both = await Promise.all([0, 1].map((at) => desk(at).save(wish("At once"))));
  const first = both.filter((one) => !("cause" in one));
  assert.equal(first.length, 1, JSON.stringify(both));
  const view = saved(first[0]);
  const refused = both.find((one) => "cause" in one);
  assert.ok(refused?.cause === "taken");
  assert.deepEqual(refused.view, view);

  const over = await Promise.all(
    ["8h", "1h"].map((chart, at) =>
      desk(at).replace(view, wish("At once", { chart, person: `person ${at}` })),
    ),
  );
  const kept = over.filter((one) => !("cause" in one));
  assert.equal(kept.length, 1, JSON.stringify(over));
  const other = over.find((one) => "cause" in one);
  assert.ok(other?.cause === "changed");
  assert.deepEqual(other.view, kept[0]);
  const { views } = await desk().list();
  assert.deepEqual(
    views.find(({ id }) => id === view.id),
    { ...kept[0], gone: [] },
  );
});

test("each change stands in the audit log with what was shown, and a refused one does not", async () => {
  await tables.pool.query("delete from audit_log");
  const view = saved(await desk().save(wish("Ovens")));
  nowUs += 1_000_000;
  const renamed = saved(await desk().replace(view, wish("All ovens", { person: "Tomáš Dvořák" })));
  assert.deepEqual(
    { ...renamed },
    { ...view, name: "All ovens", person: "Tomáš Dvořák", version: 2, savedUs: nowUs },
  );
  assert.ok("cause" in (await desk().remove(view, "Eva")));
  nowUs += 1_000_000;
  assert.deepEqual(await desk().remove(renamed, "Eva"), renamed);
  assert.ok("cause" in (await desk().remove(renamed, "Eva")));

  const log = await tables.pool.query<{
    at_us: bigint;
    actor: string;
    act: string;
    details: Record<string, unknown>;
  }>("select at_us, actor, act, details from audit_log order by no");
  const rest = {
    ...{ view: view.id, chart: "24h~machines", tags: "gw-1 press-4/temp, gw-2 press-4/temp" },
    actorProven: "no, as written on the page",
  };
  assert.deepEqual(
    log.rows.map(({ at_us, ...row }) => ({ ...row, atUs: Number(at_us) })),
    [
      {
        ...{ actor: "Ada Novak", act: "save a view", atUs: view.savedUs },
        details: { ...rest, name: "Ovens", version: 1 },
      },
      {
        ...{ actor: "Tomáš Dvořák", act: "save over a view", atUs: renamed.savedUs },
        details: { ...rest, name: "All ovens", was: "Ovens", version: 2 },
      },
      {
        ...{ actor: "Eva", act: "delete a view", atUs: nowUs },
        details: { ...rest, name: "All ovens", version: 2 },
      },
    ],
  );
  assert.equal(await brokenAudit(tables.pool), undefined);
});
